//! The break menu: what SIGINT opens in a terminal.
//!
//! It lives on a thread of its own and asks nothing of the schedulers that they could fail to give: a process that does not
//! answer in time is shown as busy. The program goes on meanwhile. A second interrupt while it is open ends the program.

use super::{end_by, terminal};
use crate::inspect::details::{Details, pid_text};
use crate::inspect::dump;
use crate::inspect::look::Looking;
use crate::inspect::sample::{Order, Row, Sampler};
use crate::node::Node;
use rata_vm::value::Pid;
use signal_hook::consts::SIGINT;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static OPEN: AtomicBool = AtomicBool::new(false);

/// So many processes are listed unless another number is given.
const LISTED: usize = 20;
/// How many frames are shown of a stack.
const FRAMES: usize = 50;
/// How long a process has to answer.
const PATIENCE: Duration = Duration::from_secs(1);

const MENU: &str = "\nBREAK: (a)bort  (c)ontinue  (p)rocesses [N]  (s)tack PID  (d)ump [FILE]\n";
const PROMPT: &str = "break> ";

/// SIGINT has come: opens the menu; ends the program if that is open already, or cannot be.
pub fn interrupted(node: &Arc<Node>) {
    if OPEN.swap(true, Ordering::SeqCst) || !terminal::is_in_front() {
        end_by(SIGINT);
    }
    let node = Arc::clone(node);
    let work = move || {
        let turn = terminal::take();
        // Without the terminal there is no menu, and nobody to tell.
        if serve(&node).is_err() {
            end_by(SIGINT);
        }
        drop(turn);
        OPEN.store(false, Ordering::SeqCst);
    };
    if thread::Builder::new().name("rata-menu".into()).spawn(work).is_err() {
        end_by(SIGINT);
    }
}

fn serve(node: &Node) -> io::Result<()> {
    let mut to = File::options().read(true).write(true).open("/dev/tty")?;
    let mut from = BufReader::new(to.try_clone()?);
    to.write_all(MENU.as_bytes())?;
    let mut sampler = Sampler::default();
    loop {
        to.write_all(PROMPT.as_bytes())?;
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return to.write_all(b"\nno more input: the program goes on\n");
        }
        let mut words = line.split_whitespace();
        let (command, argument) = (words.next().unwrap_or_default(), words.next());
        let answer = match command {
            "" => continue,
            "a" | "abort" => end_by(SIGINT),
            "c" | "continue" => return Ok(()),
            "p" | "processes" => processes(node, &mut sampler, argument),
            "s" | "stack" => stack(node, argument),
            "d" | "dump" => write_dump(node, argument),
            _ => MENU.to_owned(),
        };
        to.write_all(answer.as_bytes())?;
    }
}

fn processes(node: &Node, sampler: &mut Sampler, count: Option<&str>) -> String {
    let count = count.and_then(|n| n.parse().ok()).unwrap_or(LISTED);
    let looking = Looking::at(node);
    let rows = sampler.sample(&looking, Order::Rate, count, 1);
    let mut text = format!("{} processes\n", node.table.live());
    for row in rows {
        text.push_str(&line(node, &row));
    }
    text
}

fn line(node: &Node, row: &Row) -> String {
    let pid = pid_text(row.pid);
    match &row.details {
        None => format!("{pid:<12} busy with something long\n"),
        Some(d) => {
            let Details { status, reductions, memory, queue, .. } = d;
            format!(
                "{pid:<12} {status:<9} {reductions:>12} reductions {memory:>10} bytes {queue:>6} messages  {}  {}\n",
                d.title(),
                d.function(node)
            )
        }
    }
}

/// The process that a text names: a pid, its number, or a registered name.
pub fn find(node: &Node, text: &str) -> Option<Pid> {
    let digits = text.trim_start_matches("#pid").trim_matches(['<', '>']);
    if let Ok(serial) = digits.parse::<u64>() {
        return (0..node.table.slots())
            .filter_map(|slot| node.table.at(slot))
            .map(|(pid, _)| pid)
            .find(|pid| pid.serial() == serial);
    }
    let bare = text.trim_start_matches(':');
    let mut owners = node.names.owners().into_iter();
    owners.find(|(_, name)| name.text().is_some_and(|text| text == bare)).map(|(pid, _)| pid)
}

fn stack(node: &Node, which: Option<&str>) -> String {
    let Some(which) = which else {
        return "which process? s PID, as in `s 12`, or s NAME\n".to_owned();
    };
    let Some(pid) = find(node, which) else {
        return format!("there is no process {which}\n");
    };
    let looking = Looking::at(node);
    let until = Instant::now() + PATIENCE;
    let Some(details) = looking.look_until(pid, until, |body| Details::of(body, FRAMES)) else {
        return format!("{} is busy with something long, or has just ended\n", pid_text(pid));
    };
    let mut text = String::new();
    details.named(node).write(node, &mut text);
    text
}

fn write_dump(node: &Node, file: Option<&str>) -> String {
    let usual = || format!("rata-dump-{}.txt", std::process::id()).into();
    let path = file.map_or_else(usual, PathBuf::from);
    let written = File::create(&path).and_then(|file| {
        dump::write(node, "asked for in the break menu", dump::USUAL, &mut io::BufWriter::new(file))
    });
    match written {
        Ok(()) => format!("written to {}\n", path.display()),
        Err(e) => format!("cannot write {}: {e}\n", path.display()),
    }
}
