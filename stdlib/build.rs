//! Compiles the rata sources of this folder into the modules that `src/lib.rs` includes, each a file of its own.

use rata_bytecode::encode;
use rata_bytecode::module::{ModuleKind, Package};
use rata_compiler::diagnostics::Style;
use rata_compiler::pipeline::{Request, compile};
use rata_compiler::project::Sources;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

struct Folder(PathBuf);

impl Sources for Folder {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.0.join(path))
    }
}

fn main() {
    if let Err(message) = build() {
        eprintln!("{message}");
        process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no manifest folder")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no output folder")?);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = sources(&folder).map_err(|e| format!("cannot list the sources: {e}"))?;
    files.sort();
    let folder = Folder(folder);
    let request =
        Request { files, sources: &folder, known: Vec::new(), is_stdlib: true, emit: None };
    let compiled = compile(&request).map_err(|e| format!("{}: {}", e.path, e.error))?;
    if !compiled.diagnostics.is_empty() {
        let text = compiled.render(Style::Plain);
        if compiled.failed() {
            return Err(text);
        }
        for line in text.lines() {
            println!("cargo::warning={line}");
        }
    }
    let package = compiled.package.ok_or("the compiler gave no package")?;
    rata_bytecode::verify(&package).map_err(|e| e.to_string())?;
    write(package, &out).map_err(|e| format!("cannot write the modules: {e}"))
}

/// Writes each module, and the Rust source that lists them.
fn write(package: Package, out: &Path) -> io::Result<()> {
    let mut list = "const VOLUMES: &[Volume] = &[\n".to_owned();
    for module in package.modules {
        if module.kind != ModuleKind::Named {
            return Err(io::Error::other(format!("{} is no module", module.name)));
        }
        let name = module.name.clone();
        let file = format!("{name}.ratab");
        let image = encode(&Package { modules: vec![module], entry: None });
        fs::write(out.join(&file), image)?;
        let image = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))");
        let volume = format!("name: Cow::Borrowed({name:?}), image: Cow::Borrowed({image})");
        list += &format!("    Volume {{ {volume} }},\n");
    }
    list += "];\n";
    fs::write(out.join("volumes.rs"), list)
}

fn sources(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rata") {
            files.push(name);
        }
    }
    Ok(files)
}
