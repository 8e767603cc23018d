//! Programs to start from: the examples of the language reference, the programs of the conformance
//! suite and the benchmarks, and the standard library's sources.

use std::fs;
use std::path::Path;

/// Sources, by kind.
pub struct Corpus {
    /// What users write.
    pub programs: Vec<String>,
    /// The standard library.
    pub library: Vec<String>,
}

impl Corpus {
    /// Reads what lies in the folders of the workspace at `root`.
    pub fn read(root: &Path) -> Corpus {
        let mut programs = Vec::new();
        for chapter in texts(&root.join("conformance"), "md") {
            examples(&chapter, &mut programs);
        }
        for folder in ["conformance/programs", "benches/programs", "examples"] {
            programs.extend(texts(&root.join(folder), "rata"));
        }
        programs.push(SMALLEST.to_owned());
        Corpus { programs, library: texts(&root.join("stdlib"), "rata") }
    }
}

/// So that there is one in any case.
const SMALLEST: &str = "f = function(x) { x + 1 }\nassert f(1) == 2\n";

/// The texts of the files in a folder, by name so that the order is always the same.
fn texts(folder: &Path, extension: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension() == Some(extension.as_ref()));
    paths.sort();
    paths.iter().filter_map(|p| fs::read_to_string(p).ok()).collect()
}

/// The ```` ```rata ```` blocks of a chapter.
fn examples(chapter: &str, found: &mut Vec<String>) {
    let mut open: Option<String> = None;
    for line in chapter.lines() {
        match &mut open {
            None if line.starts_with("```rata") => open = Some(String::new()),
            Some(_) if line.starts_with("```") => found.extend(open.take()),
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_chapters_are_found() {
        let mut found = Vec::new();
        examples(
            "text\n```rata x=1\na = 1\n\nb\n```\n```output\n1\n```\n```rata\nc\n```\n",
            &mut found,
        );
        assert_eq!(found, ["a = 1\n\nb\n", "c\n"]);
    }

    #[test]
    fn the_workspace_has_programs() {
        let corpus = Corpus::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        assert!(corpus.programs.len() > 100, "{}", corpus.programs.len());
    }
}
