//! What one example is: its files, how it is started and what must come of it. Chapters and
//! programs are both read into this form; the runner knows no other.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The ways in which every example is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `ratavm run main.rata` (and `ratac check` for compile errors).
    Source,
    /// `ratac compile`, sources deleted, `ratavm run out.ratab`.
    Compiled,
    /// From source with a collection at every safepoint.
    Gc,
    /// From source with one reduction per turn.
    Preempt,
    /// From source, every function compiled to machine code when it is first called.
    Jit,
    /// The same with a collection at every safepoint.
    JitGc,
    /// The same with one reduction per turn.
    JitPreempt,
    /// From source, twice, in the order that this seed brings: both runs must say the same.
    Seed(u64),
}

impl Mode {
    /// All modes but those with a seed.
    pub const ALL: [Mode; 7] = [
        Mode::Source,
        Mode::Compiled,
        Mode::Gc,
        Mode::Preempt,
        Mode::Jit,
        Mode::JitGc,
        Mode::JitPreempt,
    ];

    /// The value of `RATA_STRESS` in this mode.
    pub fn stress(self) -> Option<&'static str> {
        match self {
            Mode::Source | Mode::Compiled | Mode::Jit | Mode::Seed(_) => None,
            Mode::Gc | Mode::JitGc => Some("gc,symbols"),
            Mode::Preempt | Mode::JitPreempt => Some("preempt,symbols"),
        }
    }

    /// The value of `RATA_JIT` in this mode: the interpreter's own modes are without.
    pub fn jit(self) -> &'static str {
        match self {
            Mode::Source | Mode::Compiled => "on",
            Mode::Gc | Mode::Preempt | Mode::Seed(_) => "off",
            Mode::Jit | Mode::JitGc | Mode::JitPreempt => "threshold=1,sync",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Seed(seed) => return write!(f, "seed={seed}"),
            Mode::Source => "source",
            Mode::Compiled => "compiled",
            Mode::Gc => "stress=gc",
            Mode::Preempt => "stress=preempt",
            Mode::Jit => "jit",
            Mode::JitGc => "jit, stress=gc",
            Mode::JitPreempt => "jit, stress=preempt",
        })
    }
}

/// Where an example stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The chapter or program file.
    pub file: PathBuf,
    /// The line of its main block's fence, from 1.
    pub line: usize,
}

impl Place {
    /// The file's name without its folder.
    pub fn name(&self) -> String {
        self.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name(), self.line)
    }
}

/// A file that the example finds in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path inside the example's folder.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// The body of an expectation block and where it stands in the chapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its text; ends with a newline unless it is empty.
    pub text: String,
    /// The line of the opening fence, from 1.
    pub open_line: usize,
    /// The line of the closing fence, from 1.
    pub close_line: usize,
}

/// What must come of an example.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// The exact standard output; without it nothing may be printed.
    pub output: Option<Block>,
    /// Lines that standard error must hold in this order, of a run that fails.
    pub crash: Option<Block>,
    /// The same of a run that succeeds.
    pub stderr: Option<Block>,
    /// Texts that the compiler's standard error must hold although compilation succeeds.
    pub warning: Option<Block>,
    /// The exact standard error of a failed compilation.
    pub error: Option<Block>,
    /// Texts that the standard error of a failed compilation must hold, in any order.
    pub error_contains: Option<Block>,
}

impl Expect {
    /// Whether the example must not compile.
    pub fn is_compile_error(&self) -> bool {
        self.error.is_some() || self.error_contains.is_some()
    }
}

/// One example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Where it stands.
    pub place: Place,
    /// All its files; the last is the one that is run.
    pub files: Vec<SourceFile>,
    /// Arguments for the program.
    pub args: Vec<String>,
    /// Options for `ratavm run`, before the file.
    pub flags: Vec<String>,
    /// Environment variables for the run.
    pub env: Vec<(String, String)>,
    /// What the program finds on its standard input.
    pub stdin: String,
    /// The exit code, where it is not the usual one.
    pub exit: Option<i32>,
    /// Standard error is not looked at (reports whose text is nobody's contract).
    pub noisy: bool,
    /// Left out under stress.
    pub nostress: bool,
    /// `RATA_SIZE` for the run, and for the stressed run.
    pub size: Option<u64>,
    /// `RATA_SIZE` under stress where a hundredth of `size` is not right.
    pub stress_size: Option<u64>,
    /// How long an ordinary run may take; a stressed one may take four times as long.
    pub timeout: Duration,
    /// What must come of it.
    pub expect: Expect,
}

/// How long an example may take that does not say so itself.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Example {
    /// An example of nothing but its files, which must print nothing and succeed.
    pub fn new(place: Place, files: Vec<SourceFile>) -> Example {
        Example {
            place,
            files,
            args: Vec::new(),
            flags: Vec::new(),
            env: Vec::new(),
            stdin: String::new(),
            exit: None,
            noisy: false,
            nostress: false,
            size: None,
            stress_size: None,
            timeout: DEFAULT_TIMEOUT,
            expect: Expect::default(),
        }
    }

    /// The name of the file that is run.
    pub fn main(&self) -> &str {
        self.files.last().map_or("main.rata", |f| f.path.as_str())
    }

    /// The exit code that a run must give.
    pub fn exit_code(&self) -> i32 {
        let usual = if self.expect.is_compile_error() {
            2
        } else if self.expect.crash.is_some() {
            1
        } else {
            0
        };
        self.exit.unwrap_or(usual)
    }

    /// Whether the example is run in `mode` at all.
    pub fn runs_in(&self, mode: Mode) -> bool {
        match mode {
            Mode::Source | Mode::Compiled => true,
            Mode::Jit => !self.expect.is_compile_error(),
            _ => !(self.nostress || self.expect.is_compile_error()),
        }
    }

    /// `RATA_SIZE` in `mode`.
    pub fn size_in(&self, mode: Mode) -> Option<u64> {
        if mode.stress().is_none() && !matches!(mode, Mode::Seed(_)) {
            return self.size;
        }
        self.stress_size.or_else(|| self.size.map(|n| (n / 100).max(1)))
    }

    /// The longest that a run in `mode` may take.
    pub fn timeout_in(&self, mode: Mode) -> Duration {
        if mode.stress().is_some() { self.timeout * 4 } else { self.timeout }
    }
}
