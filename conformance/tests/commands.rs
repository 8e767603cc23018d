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

/// What a program has used of the processor shows in ticks of 10 ms: those of a busy core would be 150.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_waits_leaves_the_processor_alone() {
    let program = r#"
module Idle {
  used = function() {
    fields = String.split(File.read!("/proc/self/stat"), " ")
    String.to_int!(fields[14]) + String.to_int!(fields[15])
  }
  wait = function() { receive { :stop -> :ok } }
  wait_long = function() { receive { :stop -> :ok after 3_600_000 -> :late } }
}
Enum.each(1..1000, fn n -> Process.spawn(if n %% 2 == 0 { Idle.wait } else { Idle.wait_long }) end)
Process.sleep(500)
before = Idle.used()
Process.sleep(1500)
used = Idle.used() - before
IO.puts(if used <= 5 { "idle" } else { f"{used} ticks" })
"#;
    let folder = Folder::new("idle", &[("idle.rata", program)]);
    folder.says("ratavm run idle.rata", "idle\n");
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

impl Folder {
    /// Exit code 2, no output, and one line on standard error that holds `word`.
    fn refuses_in_a_line(&self, line: &str, word: &str) {
        self.refuses(line, word);
        let said = self.run(line).stderr;
        assert_eq!(said.lines().count(), 1, "{line}:\n{said}");
        assert!(said.starts_with("error: "), "{line}:\n{said}");
    }

    fn bytes(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.join(file)).expect("the file")
    }
}

#[test]
fn files_of_another_kind_are_refused_in_a_line() {
    let folder = Folder::new("kinds", &[("a.rata", "IO.puts(1)\n"), ("empty.ratab", "")]);
    std::fs::create_dir(folder.0.join("folder")).expect("a folder");
    folder.says("ratac compile a.rata -o a.ratab", "");
    let good = folder.bytes("a.ratab");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.0.join(name), bytes).expect("a file");
    };
    let noise: Vec<u8> =
        (0..3000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    write("noise.rata", &noise);
    write("noise.ratab", &noise);
    write("cut.ratab", &good[..good.len() / 2]);
    let with = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        bytes
    };
    write("damaged.ratab", &with(good.len() / 2));
    write("newer.ratab", &with(8));
    for command in ["ratac check", "ratavm run", "ratac compile -o out.ratab"] {
        folder.refuses_in_a_line(&format!("{command} missing.rata"), "there is no such file");
        folder.refuses_in_a_line(&format!("{command} folder"), "no .rata file");
        folder.refuses_in_a_line(&format!("{command} noise.rata"), "it is a binary file");
    }
    for command in ["ratac disasm", "ratavm run"] {
        folder.refuses_in_a_line(&format!("{command} missing.ratab"), "there is no such file");
        folder.refuses_in_a_line(&format!("{command} empty.ratab"), "not a .ratab file");
        folder.refuses_in_a_line(&format!("{command} noise.ratab"), "not a .ratab file");
        folder.refuses_in_a_line(&format!("{command} cut.ratab"), "truncated");
        folder.refuses_in_a_line(&format!("{command} damaged.ratab"), "checksum");
        folder.refuses_in_a_line(&format!("{command} newer.ratab"), "format version");
    }
    assert!(!folder.0.join("out.ratab").exists(), "a failed compilation left a file");
    // An empty source file is an empty program.
    write("empty.rata", b"");
    folder.says("ratavm run empty.rata", "");
}

/// A file system of 16 KiB, or nothing when this user may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(path: PathBuf) -> Option<SmallDisk> {
        std::fs::create_dir(&path).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"])
            .arg(&path)
            .output()
            .is_ok_and(|done| done.status.success());
        mounted.then_some(SmallDisk(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_written() {
    let lines: String = (0..2000).map(|n| format!("IO.puts(\"line {n}\")\n")).collect();
    let folder = Folder::new("full", &[("a.rata", &lines)]);
    let Some(disk) = SmallDisk::at(folder.0.join("disk")) else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    let left = || std::fs::read_dir(&disk.0).expect("the disk").count();
    folder.refuses_in_a_line("ratac compile a.rata -o disk/a.ratab", "the disk is full");
    assert_eq!(left(), 0, "a half-written file");
    // What is there already stays as it is.
    std::fs::write(disk.0.join("a.ratab"), "older").expect("room for five bytes");
    folder.refuses_in_a_line("ratac compile a.rata -o disk/a.ratab", "the disk is full");
    assert_eq!(folder.bytes("disk/a.ratab"), b"older");
    assert_eq!(left(), 1, "a half-written file");
}

#[test]
fn output_that_cannot_be_written_ends_the_program_with_exit_code_1() {
    let folder = Folder::new("no-room", &[("a.rata", "IO.puts(\"hi\")\n")]);
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let tools = Tools::find().unwrap_or_else(|e| panic!("{e}"));
    let done = Command::new(tools.ratavm)
        .args(["run", "a.rata"])
        .current_dir(&folder.0)
        .stdout(full)
        .output()
        .expect("ratavm starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
}
