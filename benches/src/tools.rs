//! The languages installed on this machine, and the peers' programs built with them.
//!
//! What enters: the search path, the sources in `peers/`. What leaves: for a program, the command that runs it; or a
//! sentence that says what is missing.

use crate::workload::Peer;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// Where things are: sources, what is built from them, and rata itself.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder with `programs/` and `peers/`.
    pub sources: PathBuf,
    /// The folder for what is built.
    pub built: PathBuf,
    /// The rata virtual machine's command.
    pub ratavm: Option<PathBuf>,
    /// Words put between `run` and the program.
    pub rata_args: Vec<String>,
}

/// A program with its arguments, and what it needs of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables added to the environment.
    pub env: Vec<(String, String)>,
}

impl Invocation {
    fn new(program: impl Into<PathBuf>, args: &[&str]) -> Invocation {
        let args = args.iter().map(|a| (*a).to_owned()).collect();
        Invocation { program: program.into(), args, env: Vec::new() }
    }
}

/// Finds an executable: the variable named like it in capitals (`ERL=…`) decides if set, then the search path.
pub fn find(name: &str) -> Option<PathBuf> {
    if let Some(given) = named(name) {
        return Some(given).filter(|path| path.is_file());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|candidate| candidate.is_file())
}

/// The path in the variable that names a tool.
fn named(name: &str) -> Option<PathBuf> {
    env::var_os(name.to_uppercase()).filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// Finds `ratavm`, without looking whether what was named is there: the one named, then `RATAVM`, then the one built beside this runner, then the search path.
pub fn find_ratavm(given: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = given.map(Path::to_owned).or_else(|| named("ratavm")) {
        return Some(path);
    }
    let beside = env::current_exe().ok().map(|exe| exe.with_file_name("ratavm"));
    beside.filter(|path| path.is_file()).or_else(|| find("ratavm"))
}

/// The folder for built peers: beside this runner, in cargo's target folder.
pub fn default_built() -> PathBuf {
    let exe = env::current_exe().ok();
    let dir = exe.as_deref().and_then(Path::parent).map(Path::to_owned);
    dir.unwrap_or_else(env::temp_dir).join("bench-peers")
}

/// Why this peer cannot run here at all, in one sentence.
pub fn missing(peer: Peer) -> Option<String> {
    let needed: &[&str] = match peer {
        Peer::Erlang => &["erl", "erlc"],
        Peer::Elixir => &["elixir"],
        Peer::Go => &["go"],
        Peer::Node => &["node"],
        Peer::Lua => &["luajit"],
        Peer::Python => &["python3"],
        Peer::Rust => &["rustc"],
    };
    let absent: Vec<&str> = needed.iter().copied().filter(|tool| find(tool).is_none()).collect();
    if !absent.is_empty() {
        return Some(format!("{} left out: {} is not installed", peer.name(), absent.join(", ")));
    }
    if peer == Peer::Python && !python_has_numpy() {
        return Some("NumPy left out: python3 cannot import numpy".to_owned());
    }
    None
}

fn python_has_numpy() -> bool {
    let Some(python) = find("python3") else { return false };
    let mut check = Command::new(python);
    check.args(["-c", "import numpy"]).stdin(Stdio::null());
    check.stdout(Stdio::null()).stderr(Stdio::null());
    check.status().is_ok_and(|status| status.success())
}

/// What a tool says of its own version, on one line.
pub fn version(peer: Peer) -> Option<String> {
    let (tool, args): (&str, &[&str]) = match peer {
        Peer::Erlang => {
            let ask = "io:format(\"OTP ~s, ERTS ~s\", [erlang:system_info(otp_release), \
                       erlang:system_info(version)]), halt().";
            return first_line(&find("erl")?, &["-noshell", "-noinput", "-eval", ask]);
        }
        Peer::Elixir => ("elixir", &["--short-version"]),
        Peer::Go => ("go", &["version"]),
        Peer::Node => ("node", &["--version"]),
        Peer::Lua => ("luajit", &["-v"]),
        Peer::Python => ("python3", &["-c", "import numpy; print(numpy.__version__)"]),
        Peer::Rust => ("rustc", &["--version"]),
    };
    first_line(&find(tool)?, args)
}

/// The first line that a command prints.
pub fn first_line(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

impl Places {
    /// The command that runs a rata program.
    pub fn rata(&self, program: &str, size: &str) -> Option<Invocation> {
        let source = self.sources.join("programs").join(format!("{program}.rata"));
        let mut run = Invocation::new(self.ratavm.clone()?, &["run"]);
        run.args.extend(self.rata_args.iter().cloned());
        run.args.extend([display(&source), size.to_owned()]);
        Some(run)
    }

    /// Builds a peer's program where needed and gives the command that runs it; `one_core` when it is to be pinned.
    pub fn peer(
        &self,
        peer: Peer,
        program: &str,
        size: &str,
        one_core: bool,
    ) -> Result<Invocation, String> {
        let tool = |name: &str| find(name).ok_or_else(|| format!("{name} is not installed"));
        let source = |file: String| display(&self.sources.join("peers").join(file));
        match peer {
            Peer::Erlang => self.erlang(program, size, one_core),
            Peer::Elixir => {
                let script = source(format!("elixir/{program}.exs"));
                let cores: &[&str] = if one_core { &["--erl", "+S 1:1"] } else { &[] };
                let mut run = Invocation::new(tool("elixir")?, cores);
                run.args.extend([script, size.to_owned()]);
                Ok(run)
            }
            Peer::Go => Ok(Invocation::new(self.build_go(program)?, &[size])),
            Peer::Rust => Ok(Invocation::new(self.build_rust(program)?, &[size])),
            Peer::Node => {
                Ok(Invocation::new(tool("node")?, &[&source(format!("js/{program}.js")), size]))
            }
            Peer::Python => Ok(Invocation::new(
                tool("python3")?,
                &[&source(format!("python/{program}.py")), size],
            )),
            Peer::Lua => {
                let script = source(format!("lua/{program}.lua"));
                let mut run = Invocation::new(tool("luajit")?, &[&script, size]);
                run.env.push(("LUA_PATH".to_owned(), source("lua/?.lua".to_owned())));
                Ok(run)
            }
        }
    }

    fn erlang(&self, program: &str, size: &str, one_core: bool) -> Result<Invocation, String> {
        for module in ["bench", program] {
            self.build_erlang(module)?;
        }
        let erl = find("erl").ok_or("erl is not installed")?;
        let ebin = display(&self.built.join("ebin"));
        let mut run = Invocation::new(erl, &["-noshell", "-noinput"]);
        let mut add = |words: &[&str]| run.args.extend(words.iter().map(|w| (*w).to_owned()));
        if one_core {
            add(&["+S", "1:1"]);
        }
        if program == "hello" {
            // The machine alone: no timing helper, and no room for three million processes.
            add(&["-pa", &ebin, "-run", "hello", "main"]);
        } else {
            add(&["+P", "3000000", "-pa", &ebin, "-run", "bench", "start", program, size]);
        }
        Ok(run)
    }

    fn build_erlang(&self, module: &str) -> Result<(), String> {
        let source = self.sources.join(format!("peers/erlang/{module}.erl"));
        let ebin = self.built.join("ebin");
        if is_fresh(&ebin.join(format!("{module}.beam")), &[&source]) {
            return Ok(());
        }
        make_dir(&ebin)?;
        let erlc = find("erlc").ok_or("erlc is not installed")?;
        build(Command::new(erlc).arg("-o").arg(&ebin).arg(&source), &source)
    }

    fn build_go(&self, program: &str) -> Result<PathBuf, String> {
        let dir = self.sources.join("peers/go");
        let source = dir.join(program).join("main.go");
        let binary = self.built.join("go").join(program);
        if is_fresh(&binary, &[&source, &dir.join("bench/bench.go")]) {
            return Ok(binary);
        }
        make_dir(&self.built.join("go"))?;
        let go = find("go").ok_or("go is not installed")?;
        let mut command = Command::new(go);
        command.current_dir(&dir).env("GO111MODULE", "on").env("GOFLAGS", "-mod=mod");
        command.arg("build").arg("-o").arg(&binary).arg(format!("./{program}"));
        build(&mut command, &source)?;
        Ok(binary)
    }

    fn build_rust(&self, program: &str) -> Result<PathBuf, String> {
        let dir = self.sources.join("peers/rust");
        let source = dir.join(format!("{program}.rs"));
        let binary = self.built.join("rust").join(program);
        if is_fresh(&binary, &[&source, &dir.join("bench.rs")]) {
            return Ok(binary);
        }
        make_dir(&self.built.join("rust"))?;
        let rustc = find("rustc").ok_or("rustc is not installed")?;
        let mut command = Command::new(rustc);
        command.args(["-O", "--edition", "2021", "-o"]).arg(&binary).arg(&source);
        build(&mut command, &source)?;
        Ok(binary)
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

fn make_dir(dir: &Path) -> Result<(), String> {
    fs::create_dir_all(dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))
}

fn build(command: &mut Command, source: &Path) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("cannot build {}: {e}", source.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Err(format!("cannot build {}: {said}", source.display()))
}

/// Whether a built file is newer than all that it is built from.
fn is_fresh(built: &Path, sources: &[&Path]) -> bool {
    let time = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let Some(when) = time(built) else { return false };
    sources.iter().all(|source| time(source).is_some_and(|t| t <= when))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            sources: PathBuf::from("/src"),
            built: PathBuf::from("/built"),
            ratavm: Some(PathBuf::from("/bin/ratavm")),
            rata_args: vec!["--no-jit".to_owned()],
        }
    }

    #[test]
    fn a_rata_program_is_run_from_its_source() {
        let run = places().rata("fib", "32").unwrap();
        assert_eq!(run.program, PathBuf::from("/bin/ratavm"));
        assert_eq!(run.args, ["run", "--no-jit", "/src/programs/fib.rata", "32"]);
        assert_eq!(Places { ratavm: None, ..places() }.rata("fib", "32"), None);
    }

    #[test]
    fn what_is_older_than_its_source_is_stale() {
        let dir = env::temp_dir().join(format!("rata-benches-fresh-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let (source, built) = (dir.join("a"), dir.join("b"));
        fs::write(&source, "x").unwrap();
        assert!(!is_fresh(&built, &[&source]));
        fs::write(&built, "y").unwrap();
        assert!(is_fresh(&built, &[&source]));
        assert!(!is_fresh(&built, &[&source, &dir.join("absent")]));
        let old = SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&built).unwrap().set_modified(old).unwrap();
        assert!(!is_fresh(&built, &[&source]));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_tool_that_is_nowhere_is_not_found() {
        assert_eq!(find("no-such-tool-anywhere"), None);
        assert!(find("sh").is_some());
    }
}
