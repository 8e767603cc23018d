//! `ratavm dump`: a running node in text.

use crate::client::Client;
use clap::Args;
use rata_cli::Failure;
use rata_runtime::inspect::wire::Request;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// What is asked for.
#[derive(Args)]
#[command(
    after_help = "The node must have been started with `ratavm run --inspect`. Without NODE it is the only one there is.\n\n\
                        Examples:\n  ratavm dump\n  ratavm dump server -o server.txt --processes 10000"
)]
pub struct Dump {
    /// The node, by its number in the system or the name given with --inspect
    node: Option<String>,
    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many processes, those that hold most memory first
    #[arg(long, value_name = "N", default_value_t = 500)]
    processes: u32,
}

impl Dump {
    /// Does it.
    pub fn run(self) -> Result<i32, Failure> {
        let mut client = Client::connect(self.node.as_deref())?;
        client.ask(&Request::new("dump").with("processes", self.processes))?;
        let cannot =
            |e: io::Error| Failure { message: format!("cannot write the dump: {e}"), code: 1 };
        let mut to: Box<dyn Write> = match &self.output {
            None => Box::new(io::stdout()),
            Some(path) => Box::new(File::create(path).map_err(cannot)?),
        };
        loop {
            let (text, last) = client.part()?;
            match to.write_all(text.as_bytes()) {
                // Whoever reads has seen enough.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
                done => done.map_err(cannot)?,
            }
            if last {
                return to.flush().map(|()| 0).map_err(cannot);
            }
        }
    }
}
