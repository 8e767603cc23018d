//! What the two commands share: reading sources and packages, writing files whole or not at all,
//! messages of one line, and the command `ratac test`.

pub mod testing;

use rata_bytecode::decode;
use rata_bytecode::module::Package;
use rata_compiler::diagnostics::Style;
use rata_compiler::pipeline::{Compiled, Request, Stage, compile};
use rata_compiler::project::Sources;
use rata_runtime::JitSettings;
use rata_runtime::node::Options;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, process};

/// Reads source files from disk.
pub struct Disk;

impl Sources for Disk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn siblings(&self, path: &str) -> Vec<String> {
        let folder = Path::new(path).parent().filter(|p| !p.as_os_str().is_empty());
        let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
            return Vec::new();
        };
        entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    }
}

/// A failure that is told in one line, and the exit code that goes with it.
#[derive(Debug)]
pub struct Failure {
    /// The line, without `error: `.
    pub message: String,
    /// 1: the program failed; 2: it never ran.
    pub code: i32,
}

impl Failure {
    /// The program never ran.
    pub fn before_running(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 2 }
    }
}

/// Says what went wrong and gives the exit code.
pub fn report(failure: &Failure) -> i32 {
    if !failure.message.is_empty() {
        // If standard error is gone there is nobody left to tell.
        let _ = writeln!(io::stderr(), "error: {}", failure.message);
    }
    failure.code
}

/// `cannot read app.rata: there is no such file`
pub fn cannot_read(path: &str, error: &io::Error) -> Failure {
    Failure::before_running(format!("cannot read `{path}`: {}", reason(error)))
}

/// Seconds as an option gives them: any number above 0 that is no nonsense.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() && seconds < 1e9 => Ok(time),
        _ => Err("it must be above 0 and below 1e9".to_owned()),
    }
}

/// The cause of an I/O error in words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_string(),
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        io::ErrorKind::StorageFull => "the disk is full".to_string(),
        _ => error.to_string(),
    }
}

/// The files that `path` stands for: itself, or a folder's `.rata` files (the one named `main.rata`
/// last, so that it is the program).
pub fn source_files(path: &str) -> Result<Vec<String>, Failure> {
    let meta = fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
    if !meta.is_dir() {
        return Ok(vec![path.to_string()]);
    }
    let mut files = Vec::new();
    walk(Path::new(path), &mut files).map_err(|e| cannot_read(path, &e))?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::before_running(format!("there is no .rata file in `{path}`")));
    }
    if let Some(main) =
        files.iter().position(|f| Path::new(f).file_name() == Some("main.rata".as_ref()))
    {
        let main = files.remove(main);
        files.push(main);
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !hidden {
            walk(&path, files)?;
        } else if path.extension() == Some("rata".as_ref()) {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Compiles a file or folder; prints what the compiler has to say.
pub fn compile_path(path: &str, emit: Option<Stage>) -> Result<Compiled, Failure> {
    let request = Request {
        files: source_files(path)?,
        sources: &Disk,
        known: vec![&rata_stdlib::LIBRARY],
        is_stdlib: false,
        emit,
    };
    let compiled = compile(&request).map_err(|e| cannot_read(&e.path, &e.error))?;
    if !compiled.diagnostics.is_empty() {
        let _ = io::stderr().write_all(compiled.render(shown_style()).as_bytes());
    }
    if compiled.failed() {
        return Err(Failure { message: String::new(), code: 2 });
    }
    Ok(compiled)
}

/// How diagnostics are shown on standard error.
pub fn shown_style() -> Style {
    if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        Style::Colour
    } else {
        Style::Plain
    }
}

/// What the environment says about how a program is run: `RATA_JIT` and `RATA_STRESS`.
pub fn environment(options: &mut Options) -> Result<(), Failure> {
    read_jit(&std::env::var("RATA_JIT").unwrap_or_default(), options)?;
    // For testing the VM itself: collect, or end the turn, at every safepoint; keep no symbols made from data.
    let stress = std::env::var("RATA_STRESS").unwrap_or_default();
    for word in stress.split(',').filter(|w| !w.is_empty()) {
        match word {
            "gc" => options.collect_always = true,
            "preempt" => options.budget = 1,
            "symbols" => rata_runtime::keep_of_data(0),
            other => {
                let text = format!(
                    "RATA_STRESS is `{other}`: it can be gc, preempt, symbols, or several of them"
                );
                return Err(Failure::before_running(text));
            }
        }
    }
    Ok(())
}

/// `RATA_JIT`: `off`, `threshold=N`, and for those who look into it `sync` (compile at once, on the thread
/// that calls), `perf` (write a map for `perf`) and `gdb` (tell debuggers what is compiled); several with commas.
fn read_jit(text: &str, options: &mut Options) -> Result<(), Failure> {
    for word in text.split(',').filter(|word| !word.is_empty()) {
        let threshold = word.strip_prefix("threshold=").and_then(|n| n.parse().ok());
        match (word, threshold) {
            ("off", _) => options.jit = JitSettings::OFF,
            ("on", _) => options.jit = JitSettings::ON,
            ("sync", _) => options.jit.synchronous = true,
            ("perf", _) => options.perf_map = true,
            ("gdb", _) => options.debugged = true,
            (_, Some(1..)) => options.jit.threshold = threshold.unwrap_or(1),
            _ => {
                let can_be = "it can be on, off, threshold=N, sync, perf and gdb";
                let text = format!("RATA_JIT has `{word}`: {can_be}");
                return Err(Failure::before_running(text));
            }
        }
    }
    Ok(())
}

/// Reads a compiled package.
pub fn read_package(path: &str) -> Result<Package, Failure> {
    let bytes = fs::read(path).map_err(|e| cannot_read(path, &e))?;
    decode::decode(&bytes).map_err(|e| Failure::before_running(format!("`{path}`: {e}")))
}

/// Writes a file so that it is there whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary: PathBuf =
        folder.unwrap_or(Path::new(".")).join(format!(".{name}.{}.tmp", process::id()));
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|e| {
        // What was begun is of no use; that it may not be there is fine.
        let _ = fs::remove_file(&temporary);
        Failure::before_running(format!("cannot write `{}`: {}", path.display(), reason(&e)))
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
