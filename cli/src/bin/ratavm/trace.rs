//! `ratavm trace`: what chosen processes of a running node are sent, send, call and how they end.

use crate::client::Client;
use clap::{ArgGroup, Args};
use rata_cli::Failure;
use rata_runtime::inspect::wire::Request;
use std::io::{self, Write};
use std::time::Duration;

/// What is asked for.
#[derive(Args)]
#[command(
    group = ArgGroup::new("processes").args(["pid", "name"]).required(true).multiple(true),
    after_help = "The node must have been started with `ratavm run --inspect`. Without NODE it is the only one there is.\n\
                        Without --messages, --calls or --exits: messages and exits. A traced process never waits for the\n\
                        trace: what cannot be shown in time is dropped, and counted. Tracing calls makes a process slower,\n\
                        the others not; calls of built-in functions are not shown.\n\n\
                        Examples:\n  ratavm trace --name Counter\n  ratavm trace --pid 12 --calls --module Shop --seconds 5\n  \
                        ratavm trace server --pid 12,13 --messages --count 100000"
)]
pub struct Trace {
    /// The node, by its number in the system or the name given with --inspect
    node: Option<String>,
    /// Processes by their pids, as in `12` or `#pid<12>`
    #[arg(long, value_name = "PID", value_delimiter = ',', value_parser = pid)]
    pid: Vec<String>,
    /// Processes by their registered names
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    name: Vec<String>,
    /// Show messages that they are sent, and that they send
    #[arg(long)]
    messages: bool,
    /// Show calls of functions, with their arguments
    #[arg(long)]
    calls: bool,
    /// Show exit signals, links, processes that they start, and their end
    #[arg(long)]
    exits: bool,
    /// Only calls of functions of this module (implies --calls)
    #[arg(long, value_name = "M")]
    module: Option<String>,
    /// Only calls of functions of this name (implies --calls)
    #[arg(long, value_name = "F")]
    function: Option<String>,
    /// End after so many events
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// End after so many seconds (at most an hour)
    #[arg(long, value_name = "S", default_value = "3600", value_parser = rata_cli::seconds)]
    seconds: Duration,
}

/// `12` or `#pid<12>`, as it stands.
fn pid(text: &str) -> Result<String, String> {
    let number = text.strip_prefix("#pid<").and_then(|rest| rest.strip_suffix('>'));
    match number.unwrap_or(text).parse::<u64>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a pid is a number, as in `12` or `#pid<12>`".to_owned()),
    }
}

impl Trace {
    /// Does it.
    pub fn run(self) -> Result<i32, Failure> {
        let mut client = Client::connect(self.node.as_deref())?;
        client.ask(&self.request())?;
        client.wait_for_ever()?;
        let mut out = io::stdout();
        loop {
            let (text, last) = client.part()?;
            let done = if last {
                writeln!(io::stderr(), "{}", text.trim_end())
            } else {
                write!(out, "{text}")
            };
            match done.and_then(|()| out.flush()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                Err(e) => return Err(Failure { message: format!("cannot write: {e}"), code: 1 }),
                Ok(()) if last => return Ok(0),
                Ok(()) => {}
            }
        }
    }

    fn request(&self) -> Request {
        let calls = self.calls || self.module.is_some() || self.function.is_some();
        let usual = !(self.messages || calls || self.exits);
        let processes: Vec<&str> = self.pid.iter().chain(&self.name).map(String::as_str).collect();
        let yes = |wanted| if wanted { "yes" } else { "no" };
        let mut request = Request::new("trace")
            .with("processes", processes.join(","))
            .with("messages", yes(self.messages || usual))
            .with("calls", yes(calls))
            .with("exits", yes(self.exits || usual))
            .with("count", self.count)
            .with("ms", self.seconds.as_millis().max(1));
        for (key, value) in [("module", &self.module), ("function", &self.function)] {
            if let Some(value) = value {
                request = request.with(key, value);
            }
        }
        request
    }
}
