//! `ratac`: compiles, checks and lists rata programs.

use clap::{Parser, Subcommand, ValueEnum};
use rata_cli::testing::{self, TestArgs};
use rata_cli::{Failure, compile_path, read_package, report, write_whole};
use rata_compiler::pipeline::Stage;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::exit;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The compiler of the rata language.
#[derive(Parser)]
#[command(
    name = "ratac",
    version,
    about,
    after_help = "Examples:\n  ratac compile app.rata              writes app.ratab\n  \
                  ratac compile app/ -o app.ratab     all modules of a folder into one file\n  \
                  ratac check app.rata                only reports errors and warnings\n  \
                  ratac compile app.rata --emit=ir    shows the intermediate code\n  \
                  ratac test                          runs the tests below the current folder\n  \
                  ratac disasm app.ratab              lists the instructions\n\n\
                  Run a program with `ratavm run app.ratab` or `ratavm run app.rata`.\n\n\
                  Exit codes: 0 success, 1 a test failed, 2 errors in the program or the command line."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile a file or a folder into one .ratab file
    Compile {
        /// A .rata file, or a folder of them (main.rata is the program)
        path: String,
        /// Where to write [default: the source's name with .ratab]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Print what a stage of the compiler makes instead
        #[arg(long, value_enum, value_name = "STAGE")]
        emit: Option<Emit>,
    },
    /// Report errors and warnings without writing anything
    Check {
        /// A .rata file or a folder of them
        path: String,
    },
    Test(TestArgs),
    /// List the instructions of a .ratab file
    Disasm {
        /// A .ratab file
        path: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Emit {
    /// After the lexer
    Tokens,
    /// After the parser
    Tree,
    /// After name resolution
    Resolved,
    /// After lowering and optimisation
    Ir,
    /// The instructions
    Asm,
    /// The .ratab file (the default)
    Ratab,
}

impl Emit {
    fn stage(self) -> Option<Stage> {
        match self {
            Emit::Tokens => Some(Stage::Tokens),
            Emit::Tree => Some(Stage::Tree),
            Emit::Resolved => Some(Stage::Resolved),
            Emit::Ir => Some(Stage::Ir),
            Emit::Asm => Some(Stage::Asm),
            Emit::Ratab => None,
        }
    }
}

fn main() {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Compile { path, output, emit } => run_compile(&path, output, emit).map(|()| 0),
        Command::Check { path } => run_check(&path).map(|()| 0),
        Command::Test(args) => testing::run(&args),
        Command::Disasm { path } => run_disasm(&path).map(|()| 0),
    };
    exit(result.unwrap_or_else(|failure| report(&failure)));
}

fn run_compile(path: &str, output: Option<PathBuf>, emit: Option<Emit>) -> Result<(), Failure> {
    let stage = emit.and_then(Emit::stage);
    let compiled = compile_path(path, stage)?;
    if stage.is_some() {
        return print(&compiled.listing);
    }
    let Some(package) = compiled.package else {
        return Err(Failure::before_running("the compiler gave no package"));
    };
    let output = output.unwrap_or_else(|| default_output(path));
    write_whole(&output, &rata_bytecode::encode::encode(&package))
}

fn run_check(path: &str) -> Result<(), Failure> {
    compile_path(path, None).map(|_| ())
}

fn run_disasm(path: &str) -> Result<(), Failure> {
    let package = read_package(path)?;
    print(&rata_bytecode::disasm::disassemble(&package))
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::before_running(format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}

/// `dir/app.rata` → `dir/app.ratab`, `dir/` → `dir.ratab`.
fn default_output(path: &str) -> PathBuf {
    let path = Path::new(path);
    let name = path.canonicalize().ok().filter(|p| p.is_dir());
    match name.as_deref().and_then(Path::file_name) {
        Some(folder) => PathBuf::from(folder).with_extension("ratab"),
        None => path.with_extension("ratab"),
    }
}
