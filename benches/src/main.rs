//! The comparing runner's entry: words in, exit code out.

fn main() -> std::process::ExitCode {
    rata_benches::cli::main()
}
