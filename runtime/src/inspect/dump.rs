//! A node in text, for people: what it is, how it was started, what it holds, and its processes with their stacks.

use super::details::pid_text;
use super::look::Looking;
use super::sample::{Order, Row, Sampler};
use super::system::{Use, resident};
use crate::node::Node;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many processes are dumped unless another number is asked for.
pub const USUAL: usize = 500;
/// How deep their stacks are shown.
const FRAMES: usize = 20;

/// Writes a dump with at most so many processes: those that hold most memory first. What is known at once is written at once: in a
/// node that has failed, the rest may never come.
pub fn write(node: &Node, why: &str, processes: usize, to: &mut dyn Write) -> io::Result<()> {
    let mut schedulers = Use::default();
    to.write_all(head(node, why).as_bytes())?;
    to.flush()?;
    to.write_all(names(node).as_bytes())?;
    to.flush()?;
    let looking = Looking::at(node);
    let mut sampler = Sampler::default();
    sampler.look_around(&looking, Order::Memory, processes);
    let rows = sampler.sample(&looking, Order::Memory, processes, FRAMES);
    let used = schedulers.since();
    if !used.is_empty() {
        writeln!(to, "\nschedulers in use while this was written: {used:?} percent")?;
    }
    let (shown, live) = (rows.len(), node.table.live());
    writeln!(to, "\n{live} processes; {shown} of them, by the memory that they hold:\n")?;
    for row in &rows {
        to.write_all(process(node, row).as_bytes())?;
    }
    writeln!(to, "end of the dump")
}

fn head(node: &Node, why: &str) -> String {
    let options = &node.options;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let mut text = String::new();
    let _ = writeln!(text, "rata dump: {why}");
    let _ = writeln!(text, "written:    {} ({seconds} s since 1970)", utc(seconds));
    let _ = writeln!(text, "version:    ratavm {}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "process:    {} of the system", std::process::id());
    let _ = writeln!(text, "program:    {} {:?}", options.program, options.args);
    let _ = writeln!(text, "up for:     {:.3} s", node.uptime().as_secs_f64());
    let _ = writeln!(text, "memory:     {} bytes resident", resident());
    let jit = if node.vm.has_compiler() { "compiled when hot" } else { "interpreted" };
    let _ = writeln!(text, "code:       {jit}");
    let (queues, outside) = node.queues.lengths();
    let _ = writeln!(
        text,
        "schedulers: {}; waiting in their queues {queues:?}, and {outside} in none yet",
        queues.len()
    );
    let _ = writeln!(
        text,
        "options:    no_halt {}, turns of {} reductions, stop limit {} s",
        options.no_halt,
        options.budget,
        options.stop_limit.as_secs()
    );
    let main = node.main_pid().map_or_else(String::new, pid_text);
    let ended = if node.has_main_ended() { ", which has ended" } else { "" };
    let _ = writeln!(text, "main:       {main}{ended}");
    text
}

/// A time of the system's clock, in UTC.
fn utc(seconds: u64) -> String {
    // Days since 0000-03-01, by eras of 400 years: leap days come last.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year + u64::from(month >= 10), (month + 2) % 12 + 1);
    let [h, m, s] = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    format!("{year:04}-{month:02}-{date:02} {h:02}:{m:02}:{s:02} UTC")
}

/// The most names that are listed.
const NAMES: usize = 1000;

fn names(node: &Node) -> String {
    let owners = node.names.owners();
    let mut named: Vec<(String, String)> = owners
        .iter()
        .take(NAMES)
        .map(|(pid, name)| (super::details::name_text(name), pid_text(*pid)))
        .collect();
    named.sort();
    let mut text = format!("\n{} registered names\n", owners.len());
    for (name, pid) in named {
        let _ = writeln!(text, "  {name} {pid}");
    }
    text
}

fn process(node: &Node, row: &Row) -> String {
    let mut text = String::new();
    match &row.details {
        Some(details) => details.write(node, &mut text),
        None => {
            let _ =
                writeln!(text, "process {}\n  runs, and did not answer in time", pid_text(row.pid));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_are_right() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_078_099_200), "2004-03-01 00:00:00 UTC");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00 UTC");
        assert_eq!(utc(1_798_761_599), "2026-12-31 23:59:59 UTC");
    }
}
