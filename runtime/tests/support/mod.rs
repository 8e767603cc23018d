//! Runs rata programs in tests: source in, exit code and output out. The programs see the natives and
//! the module `P` (prelude.rata); a program that hangs fails its test.
#![allow(dead_code, reason = "every test file uses a part of it")]

use rata_bytecode::library::{Library, Modules};
use rata_bytecode::module::Package;
use rata_compiler::diagnostics::Style;
use rata_compiler::pipeline::{Request, compile};
use rata_compiler::project::Sources;
use rata_runtime::node::Options;
use rata_runtime::output::Output;
use rata_runtime::program::Launch;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a program went.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

struct Text<'t>(&'t str);

impl Sources for Text<'_> {
    fn read(&self, _path: &str) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }
}

fn package(text: &str, known: Vec<&dyn Modules>) -> Package {
    let sources = Text(text);
    let files = vec!["test.rata".to_string()];
    let request = Request { files, sources: &sources, known, is_stdlib: true, emit: None };
    let compiled = compile(&request).expect("a text can be read");
    assert!(!compiled.failed(), "{}", compiled.render(Style::Plain));
    compiled.package.expect("a package")
}

fn prelude() -> &'static Library {
    static PRELUDE: OnceLock<Library> = OnceLock::new();
    PRELUDE.get_or_init(|| Library::from(&package(include_str!("prelude.rata"), Vec::new())))
}

#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn workers(workers: usize) -> Options {
    Options { workers, ..Options::default() }
}

/// Runs a program.
pub fn run(source: &str, options: Options) -> Ran {
    run_with(source, options, |_| {})
}

/// Runs a program with something changed about the launch.
pub fn run_with(source: &str, options: Options, change: impl FnOnce(&mut Launch)) -> Ran {
    let program = package(source, vec![prelude()]);
    let (out, err) = (Kept::default(), Kept::default());
    let mut launch = Launch::new(options);
    launch.output = Output::new(Box::new(out.clone()), Box::new(err.clone()));
    change(&mut launch);
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(launch.run(prelude(), &program).expect("it starts")));
    match ended.recv_timeout(PATIENCE) {
        Ok(code) => Ran { code, out: out.text(), err: err.text() },
        Err(_) => panic!("it hangs; so far: {}{}", out.text(), err.text()),
    }
}

/// Runs a program that checks itself, under every number of workers and every kind of stress.
pub fn check(source: &str) {
    for count in [1, 2, 4] {
        for (budget, collect_always) in [(4000, false), (1, false), (4000, true), (1, true)] {
            let options = Options { budget, collect_always, ..workers(count) };
            let shown = format!("{options:?}");
            let ran = run(source, options);
            assert!(ran.code == 0 && ran.err.is_empty(), "{shown}\n{ran:?}\n{}", ran.err);
        }
    }
}

/// Runs a program that checks itself, as users do.
pub fn check_plain(source: &str) {
    for count in [1, 2, 4] {
        let ran = run(source, workers(count));
        assert!(ran.code == 0 && ran.err.is_empty(), "{count} workers\n{ran:?}\n{}", ran.err);
    }
}
