//! `ratavm top`: what the processes of a running node do, as a table that is drawn again and again, or once.

use crate::client::Client;
use crate::screen::{Key, Screen};
use clap::{Args, ValueEnum};
use rata_cli::Failure;
use rata_runtime::inspect::wire::Request;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Args)]
#[command(
    after_help = "The node must have been started with `ratavm run --inspect`. Without NODE it is the only one there is.\n\
                        Keys: r, m, q, n sort by reductions a second, memory, messages waiting, name; space shows the table\n\
                        anew; x ends (so do Ctrl-C and Escape).\n\n\
                        Examples:\n  ratavm top\n  ratavm top server --sort memory --interval 5\n  ratavm top --once --count 100"
)]
pub struct Top {
    /// The node, by its number in the system or the name given with --inspect
    node: Option<String>,
    /// What comes first
    #[arg(long, value_name = "COLUMN", value_enum, default_value_t = Sort::Reductions)]
    sort: Sort,
    /// How many processes [default: as fit, or 20]
    #[arg(long, value_name = "N")]
    count: Option<u32>,
    /// Seconds from one table to the next (at least 0.1)
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = rata_cli::seconds)]
    interval: Duration,
    /// Print one table and end
    #[arg(long)]
    once: bool,
}

/// The columns that can come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Sort {
    #[value(alias = "r")]
    Reductions,
    #[value(alias = "m")]
    Memory,
    #[value(alias = "q")]
    Queue,
    #[value(alias = "n")]
    Name,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Sort::Reductions => "reductions",
            Sort::Memory => "memory",
            Sort::Queue => "queue",
            Sort::Name => "name",
        }
    }

    fn of_key(key: u8) -> Option<Sort> {
        Some(match key {
            b'r' => Sort::Reductions,
            b'm' => Sort::Memory,
            b'q' => Sort::Queue,
            b'n' => Sort::Name,
            _ => return None,
        })
    }
}

/// Rows without a terminal to fit.
const USUAL: usize = 20;
/// Lines of the table that are no rows.
const HEAD: usize = 4;
const ESCAPE: u8 = 27;
/// Tables do not follow one another faster.
const SHORTEST: Duration = Duration::from_millis(100);

impl Top {
    /// Does it.
    pub fn run(mut self) -> Result<i32, Failure> {
        let mut client = Client::connect(self.node.as_deref())?;
        let screen = if self.once { None } else { Screen::take() };
        let Some(screen) = screen else { return self.print(&mut client) };
        let interval = self.interval.max(SHORTEST);
        loop {
            let (columns, rows) = screen.size();
            let most = self.count.map_or(rows.saturating_sub(HEAD), |n| n as usize);
            let table = self.table(&mut client, most)?;
            let lines = lines(&table, columns, self.sort);
            let fitting = &lines[..lines.len().min(rows)];
            screen.draw(fitting).map_err(|e| Failure { message: e.to_string(), code: 1 })?;
            if self.wait(&screen, Instant::now() + interval) {
                return Ok(0);
            }
        }
    }

    /// Waits until the table is to be drawn anew; true when it is over.
    fn wait(&mut self, screen: &Screen, until: Instant) -> bool {
        loop {
            match screen.key(until.saturating_duration_since(Instant::now())) {
                Key::None | Key::Letter(b' ') => return false,
                Key::End | Key::Letter(ESCAPE | b'x') => return true,
                Key::Letter(key) => {
                    if let Some(sort) = Sort::of_key(key) {
                        self.sort = sort;
                        return false;
                    }
                }
            }
        }
    }

    /// Without a terminal: one table, or one after the other.
    fn print(&self, client: &mut Client) -> Result<i32, Failure> {
        loop {
            let table = self.table(client, self.count.map_or(USUAL, |n| n as usize))?;
            let mut text = lines(&table, usize::MAX, self.sort).join("\n");
            text.push('\n');
            match io::stdout().write_all(text.as_bytes()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(e) => return Err(Failure { message: format!("cannot write: {e}"), code: 1 }),
                Ok(()) if self.once => return Ok(0),
                Ok(()) => {}
            }
            std::thread::sleep(self.interval.max(SHORTEST));
        }
    }

    fn table(&self, client: &mut Client, count: usize) -> Result<String, Failure> {
        let once = if self.once { "yes" } else { "no" };
        let request = Request::new("top").with("sort", self.sort.word());
        client.ask(&request.with("count", count).with("once", once))?;
        let mut table = String::new();
        loop {
            let (text, last) = client.part()?;
            table.push_str(&text);
            if last {
                return Ok(table);
            }
        }
    }
}

/// `12.3M`: a number in few characters.
fn short(text: &str) -> String {
    let Ok(n) = text.parse::<f64>() else { return text.to_owned() };
    let mut n = n;
    for unit in ["", "k", "M", "G", "T"] {
        if n < 9999.5 || unit == "T" {
            return if unit.is_empty() { format!("{n:.0}") } else { format!("{n:.1}{unit}") };
        }
        n /= 1000.0;
    }
    text.to_owned()
}

fn cut(mut line: String, columns: usize) -> String {
    if let Some((at, _)) = line.char_indices().nth(columns) {
        line.truncate(at);
    }
    line
}

/// The table as lines of at most so many columns.
fn lines(table: &str, columns: usize, sort: Sort) -> Vec<String> {
    let mut rows = table.lines();
    let totals: Vec<(&str, &str)> =
        rows.next().unwrap_or_default().split('\t').filter_map(|f| f.split_once('=')).collect();
    let total = |key: &str| totals.iter().find(|t| t.0 == key).map_or("?", |t| t.1);
    let seconds = total("uptime_ms").parse::<u64>().unwrap_or(0) / 1000;
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut used = String::new();
    for share in total("used").split(',').filter(|share| !share.is_empty()) {
        let _ = write!(used, " {share}%");
    }
    let by = |column: Sort, title: &str| {
        if column == sort { format!("{title}*") } else { title.to_owned() }
    };
    let mut lines = vec![
        format!(
            "{} ({}), ratavm {}, up {h}:{m:02}:{s:02}",
            total("program"),
            total("os_pid"),
            total("version")
        ),
        format!(
            "{} processes, {} queued, {}B resident, {} schedulers:{used}",
            total("processes"),
            total("queued"),
            short(total("memory")),
            total("schedulers")
        ),
        String::new(),
        format!(
            "{:<12} {:>8} {:>8} {:>8} {:<9} {:<32} function",
            "pid",
            by(Sort::Reductions, "reds/s"),
            by(Sort::Memory, "memory"),
            by(Sort::Queue, "queue"),
            "status",
            by(Sort::Name, "name")
        ),
    ];
    for row in rows {
        let mut columns = row.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (pid, name, rate, memory) = (next(), next(), next(), next());
        let (queue, status, function) = (next(), next(), next());
        lines.push(format!(
            "{pid:<12} {:>8} {:>8} {:>8} {status:<9} {:<32} {function}",
            short(rate),
            short(memory),
            short(queue),
            cut(name.to_owned(), 32)
        ));
    }
    lines.into_iter().map(|line| cut(line, columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Sort, lines, short};

    #[test]
    fn numbers_stay_short() {
        let cases = [("0", "0"), ("9999", "9999"), ("12345", "12.3k"), ("?", "?")];
        for (n, text) in cases {
            assert_eq!(short(n), text);
        }
        assert_eq!(short("98765432100"), "98.8G");
        assert!((0..=15).all(|n| short(&10u64.pow(n).to_string()).len() <= 7));
    }

    #[test]
    fn a_table_fits_its_columns() {
        let table = "version=1\tos_pid=7\tprogram=a.rata\tuptime_ms=3723000\tprocesses=2\tmemory=1\tqueued=0\tschedulers=2\tused=1,20\n\
                     #pid<1>\tmain\t12345678\t2048\t3\twaiting\tmain/0 (a.rata:1)\n";
        let shown = lines(table, 200, Sort::Memory);
        assert!(shown[0].contains("a.rata (7)") && shown[0].contains("1:02:03"), "{shown:?}");
        assert!(shown[1].ends_with("2 schedulers: 1% 20%"), "{shown:?}");
        assert!(shown[3].contains("memory*") && !shown[3].contains("queue*"), "{shown:?}");
        assert!(shown[4].contains("12.3M") && shown[4].ends_with("main/0 (a.rata:1)"), "{shown:?}");
        assert!(lines(table, 30, Sort::Name).iter().all(|line| line.chars().count() <= 30));
    }
}
