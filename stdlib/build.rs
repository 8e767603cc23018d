//! Compiles the rata sources of this folder into the image that `src/lib.rs` includes.

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
    let image = rata_bytecode::encode::encode(&package);
    fs::write(out.join("stdlib.ratab"), image).map_err(|e| format!("cannot write the image: {e}"))
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
