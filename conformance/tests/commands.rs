//! The command lines of `ratac` and `ratavm`: exit codes and where words go, as far as the
//! chapters cannot tell (they only ever run well-formed commands).

use rata_conformance::process::{self, Finished};
use rata_conformance::tools::Tools;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let path = std::env::temp_dir().join(format!("rata-{name}-{}", std::process::id()));
        for (file, text) in files {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().unwrap_or(&path)).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        Folder(path)
    }

    fn run(&self, line: &str) -> Finished {
        let tools = Tools::find().unwrap_or_else(|e| panic!("{e}"));
        let mut words = line.split_whitespace();
        let tool = match words.next() {
            Some("ratac") => tools.ratac,
            Some("ratavm") => tools.ratavm,
            other => panic!("no tool {other:?}"),
        };
        let mut command = Command::new(tool);
        command.current_dir(&self.0).args(words).env("NO_COLOR", "1");
        process::run(command, "", Duration::from_secs(30)).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Exit code 0, this output, and not a word on standard error.
    fn says(&self, line: &str, output: &str) {
        let done = self.run(line);
        let got = (done.code, done.stdout.as_str(), done.stderr.as_str());
        assert_eq!(got, (Some(0), output, ""), "{line}");
    }

    /// Exit code 2, no output, and a message that names `word`.
    fn refuses(&self, line: &str, word: &str) {
        let done = self.run(line);
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{line}\n{}", done.stderr);
        assert!(done.stderr.contains(word), "{line}: no `{word}` in\n{}", done.stderr);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn wrong_command_lines_have_exit_code_2() {
    let folder = Folder::new("wrong", &[("a.rata", "IO.puts(1)\n"), ("notes.txt", "hello\n")]);
    folder.refuses("ratavm run missing.rata", "missing.rata");
    folder.refuses("ratavm run missing.ratab", "missing.ratab");
    folder.refuses("ratac check missing.rata", "missing.rata");
    folder.refuses("ratac compile missing.rata -o out.ratab", "missing.rata");
    folder.refuses("ratavm nonsense", "nonsense");
    folder.refuses("ratac nonsense", "nonsense");
    folder.refuses("ratavm run --nonsense a.rata", "--nonsense");
    folder.refuses("ratavm run notes.txt", "notes.txt");
    folder.refuses("ratac check", "");
    folder.refuses("ratavm run", "");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let folder = Folder::new("help", &[("a.rata", "")]);
    for tool in ["ratac", "ratavm"] {
        for option in ["--help", "--version"] {
            let done = folder.run(&format!("{tool} {option}"));
            assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{tool} {option}");
            assert!(done.stdout.contains(tool), "{}", done.stdout);
        }
    }
}

#[test]
fn a_good_file_is_checked_in_silence_and_not_run() {
    let folder = Folder::new("check", &[("a.rata", "IO.puts(\"run\")\n")]);
    folder.says("ratac check a.rata", "");
    folder.says("ratac compile a.rata -o a.ratab", "");
    folder.says("ratavm run a.ratab", "run\n");
    folder.says("ratavm run a.rata", "run\n");
}

#[test]
fn a_folder_is_compiled_as_a_project() {
    let files = [
        ("app/main.rata", "library ./lib/util as Util\nIO.puts(Util.name())\n"),
        ("app/lib/util.rata", "module Util {\n  name = function() { \"util\" }\n}\n"),
    ];
    let folder = Folder::new("project", &files);
    folder.says("ratac compile app -o app.ratab", "");
    std::fs::remove_dir_all(folder.0.join("app")).expect("the sources");
    folder.says("ratavm run app.ratab", "util\n");
}

#[test]
fn everything_after_the_file_belongs_to_the_program() {
    let source = "main = function(args) { IO.puts(args) }\n";
    let folder = Folder::new("arguments", &[("a.rata", source)]);
    folder.says("ratavm run a.rata --help -x y", "[\"--help\", \"-x\", \"y\"]\n");
    folder.says("ratavm run a.rata", "[]\n");
}
