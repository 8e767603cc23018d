//! Finds the binaries under test: out come the paths of `ratac` and `ratavm`, or a message that
//! says how to build them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The two binaries.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The compiler.
    pub ratac: PathBuf,
    /// The virtual machine.
    pub ratavm: PathBuf,
}

impl Tools {
    /// The binaries in `folder`.
    pub fn in_folder(folder: &Path) -> Result<Tools, String> {
        let find = |name: &str| {
            let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if path.is_file() {
                return Ok(path);
            }
            Err(format!(
                "the conformance suite drives the built binaries, and there is no {}\n\
                 build them first: cargo build --workspace (same profile and target directory),\n\
                 or say where they are: RATA_BIN_DIR=/folder/with/both",
                path.display()
            ))
        };
        Ok(Tools { ratac: find("ratac")?, ratavm: find("ratavm")? })
    }

    /// The binaries built along with this test executable (`target/debug/deps/…` lies below
    /// them), or those in `RATA_BIN_DIR`.
    pub fn find() -> Result<Tools, String> {
        if let Some(folder) = std::env::var_os("RATA_BIN_DIR") {
            return Tools::in_folder(Path::new(&folder));
        }
        let exe = std::env::current_exe().map_err(|e| format!("no path of this test: {e}"))?;
        let folder = exe.parent().and_then(Path::parent).ok_or("this test lies in no folder")?;
        Tools::in_folder(folder)
    }

    /// A remark for the end of a failure report when a source file is newer than the binaries:
    /// `cargo test -p rata-conformance` alone does not rebuild them.
    pub fn staleness(&self, workspace: &Path) -> Option<String> {
        let modified = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
        let built = [&self.ratac, &self.ratavm].into_iter().filter_map(|p| modified(p)).min()?;
        let mut newest: Option<(SystemTime, PathBuf)> = None;
        let mut folders: Vec<PathBuf> =
            ["compiler", "vm", "runtime", "stdlib"].iter().map(|f| workspace.join(f)).collect();
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs" || e == "rata")
                    && let Some(time) = modified(&path)
                    && newest.as_ref().is_none_or(|(t, _)| time > *t)
                {
                    newest = Some((time, path));
                }
            }
        }
        let (_, path) = newest.filter(|(time, _)| *time > built)?;
        Some(format!(
            "note: {} is newer than the binaries; cargo build --workspace rebuilds them",
            path.strip_prefix(workspace).unwrap_or(&path).display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Tools;

    #[test]
    fn missing_binaries_are_told() {
        let message = Tools::in_folder(std::path::Path::new("/nowhere")).unwrap_err();
        assert!(message.contains("/nowhere/ratac") && message.contains("cargo build"), "{message}");
    }
}
