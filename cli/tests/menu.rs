//! The break menu and `ratavm top`, in terminals made for the test.
#![cfg(target_os = "linux")]

mod support;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{Folder, Node, PATIENCE, heeding};

/// What has been shown.
type Shown = Arc<(Mutex<String>, Condvar)>;

/// A program in a terminal.
struct Terminal {
    child: Child,
    keys: File,
    shown: Shown,
    /// So much of what was shown has been dealt with.
    seen: usize,
    /// Removed in the end.
    _folder: Option<Folder>,
}

impl Terminal {
    /// Starts a program; nothing where there is no way to give it a terminal.
    fn start(program: &str, options: &[&str]) -> Option<Terminal> {
        let folder = Folder::new(program);
        let args: Vec<&str> = ["run"].iter().chain(options).copied().chain(["app.rata"]).collect();
        let ratavm = folder.ratavm(&args);
        let mut terminal = Terminal::open(&ratavm)?;
        terminal._folder = Some(folder);
        Some(terminal)
    }

    /// Starts a command in a terminal.
    fn open(ratavm: &Command) -> Option<Terminal> {
        let mut command = heeding(ratavm, &["setsid", "--ctty"])?;
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("the terminal is ours");
        unlockpt(&master).expect("the terminal opens");
        let path = ptsname(&master, Vec::new()).expect("its name");
        let path = path.into_string().expect("text");
        let open = || {
            let file = File::options().read(true).write(true).open(&path);
            Stdio::from(file.expect("the terminal"))
        };
        command.stdin(open()).stdout(open()).stderr(open());
        let child = command.spawn().expect("it starts");
        drop(command);
        let keys = File::from(master);
        let shown = Shown::default();
        let (mut from, into) = (keys.try_clone().expect("a file"), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                into.0.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
                into.1.notify_all();
            }
        });
        Some(Terminal { child, keys, shown, seen: 0, _folder: None })
    }

    /// Waits until this is shown, and gives what was shown before it.
    fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let (shown, more) = &*self.shown;
        let mut shown = shown.lock().unwrap();
        loop {
            if let Some(at) = shown[self.seen..].find(text) {
                let before = shown[self.seen..self.seen + at].to_owned();
                self.seen += at + text.len();
                return before;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no `{text}` in\n{}", &shown[self.seen..]);
            shown = more.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// The number of the program in the system: `setsid` becomes it.
    fn node(&self) -> u32 {
        self.child.id()
    }

    fn type_in(&mut self, text: &str) {
        self.keys.write_all(text.as_bytes()).expect("the terminal takes keys");
    }

    /// The signal that it ended by, or its exit code.
    fn ended(&mut self) -> Result<i32, i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code().map_or_else(|| Err(status.signal().unwrap_or(0)), Ok);
            }
            assert!(Instant::now() < until, "it goes on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const INTERRUPT: &str = "\x03";

#[test]
fn the_menu_shows_processes_and_stacks_and_lets_the_program_go_on() {
    let program = r#"
        deep = fn again, n -> if n == 0 { receive { :never -> 0 } } else { 1 + again(again, n - 1) } end
        pid = Process.spawn(fn -> deep(deep, 3) end)
        Process.register(pid, :deep)
        Process.set_label("the first")
        IO.puts("up")
        Process.sleep(1000)
        IO.puts("still here")
        Process.sleep(60000)
    "#;
    let Some(mut terminal) = Terminal::start(program, &[]) else { return };
    terminal.wait_for("up");
    thread::sleep(Duration::from_millis(100));
    terminal.type_in(INTERRUPT);
    terminal.wait_for("(a)bort");
    terminal.wait_for("break> ");
    // The program goes on while the menu is open.
    terminal.wait_for("still here");
    terminal.type_in("p\n");
    let list = terminal.wait_for("break> ");
    assert!(list.contains("2 processes") && list.contains("\"the first\""), "{list}");
    assert!(list.contains(":deep") && list.contains("waiting"), "{list}");
    terminal.type_in("s deep\n");
    let stack = terminal.wait_for("break> ");
    assert_eq!(stack.matches("at deep/2 (app.rata:2)").count(), 4, "{stack}");
    let dumped = format!("written to rata-dump-{}.txt", terminal.node());
    for (line, wanted) in [
        ("s 99\n", "there is no process 99"),
        ("s nobody\n", "there is no process nobody"),
        ("s\n", "which process? s PID"),
        ("d there.dump\n", "written to there.dump"),
        ("d\n", &dumped),
    ] {
        terminal.type_in(line);
        let answer = terminal.wait_for("break> ");
        assert!(answer.contains(wanted), "{answer}");
    }
    terminal.type_in("what\n");
    terminal.wait_for("(c)ontinue");
    terminal.wait_for("break> ");
    // The end of the input.
    terminal.type_in("\x04");
    terminal.wait_for("the program goes on");
    // It opens again.
    thread::sleep(Duration::from_millis(200));
    terminal.type_in(INTERRUPT);
    terminal.wait_for("break> ");
    terminal.type_in("a\n");
    assert_eq!(terminal.ended(), Err(2));
}

#[test]
fn it_opens_while_all_schedulers_are_busy_and_a_second_interrupt_ends_the_program() {
    let program = r#"
        spin = fn again, n -> again(again, n + 1) end
        Enum.each(1..4, fn _ -> Process.spawn(fn -> spin(spin, 0) end) end)
        IO.puts("up")
        spin(spin, 0)
    "#;
    let Some(mut terminal) = Terminal::start(program, &["--schedulers", "1"]) else { return };
    terminal.wait_for("up");
    thread::sleep(Duration::from_millis(100));
    terminal.type_in(INTERRUPT);
    terminal.wait_for("break> ");
    terminal.type_in("p\n");
    let list = terminal.wait_for("break> ");
    assert!(list.contains("5 processes") && list.matches("spin/2").count() == 5, "{list}");
    terminal.type_in(INTERRUPT);
    assert_eq!(terminal.ended(), Err(2));
}

#[test]
fn a_process_that_reads_lines_leaves_the_menu_its_own() {
    let program = r#"
        IO.puts("up")
        echo = fn again -> IO.puts(f"<{String.trim(IO.gets())}>"); again(again) end
        echo(echo)
    "#;
    let Some(mut terminal) = Terminal::start(program, &[]) else { return };
    terminal.wait_for("up");
    terminal.type_in("one\n");
    terminal.wait_for("<one>");
    terminal.type_in(INTERRUPT);
    terminal.wait_for("break> ");
    terminal.type_in("p\n");
    let list = terminal.wait_for("break> ");
    assert!(list.contains("1 processes") && !list.contains("<p>"), "{list}");
    terminal.type_in("c\n");
    thread::sleep(Duration::from_millis(200));
    terminal.type_in("two\n");
    terminal.wait_for("<two>");
    kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
    assert_eq!(terminal.ended(), Err(15));
}

#[test]
fn top_draws_its_table_again_and_again_and_leaves_the_terminal_as_it_was() {
    let program = r#"
        Process.set_label("the main one")
        IO.puts("up")
        Process.sleep(60000)
    "#;
    let node = Node::start(program, &["--inspect"]);
    for end in ["x", INTERRUPT, "\x1b"] {
        let top = node.folder.ratavm(&["top", "--interval", "0.2"]);
        let Some(mut terminal) = Terminal::open(&top) else { return };
        terminal.wait_for("\x1b[?1049h");
        terminal.wait_for("reds/s*");
        terminal.wait_for("\"the main one\"");
        // Another time, without a key.
        terminal.wait_for("\"the main one\"");
        terminal.type_in("m");
        terminal.wait_for("memory*");
        terminal.type_in(end);
        terminal.wait_for("\x1b[?1049l");
        assert_eq!(terminal.ended(), Ok(0));
    }
    let top = node.folder.ratavm(&["top", "--interval", "60"]);
    let Some(mut terminal) = Terminal::open(&top) else { return };
    terminal.wait_for("\"the main one\"");
    kill_process(Pid::from_child(&terminal.child), Signal::TERM).unwrap();
    terminal.wait_for("\x1b[?1049l");
    assert_eq!(terminal.ended(), Ok(0));
}
