//! Talking to a running node: which one is meant, and its answers.

use rata_cli::Failure;
use rata_runtime::inspect::folder::{self, Found};
use rata_runtime::inspect::wire::{Kind, Request, receive_part};
use std::borrow::Borrow;
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a node.
pub struct Client {
    from: BufReader<UnixStream>,
}

/// The node that is meant: by its number in the system, or its name; without either the only one there is.
fn choose(which: Option<&str>) -> Result<Found, Failure> {
    let nodes = folder::nodes().map_err(|e| Failure { message: e.to_string(), code: 1 })?;
    let fits = |node: &&Found| match which {
        None => true,
        Some(text) => node.name == text || text.parse() == Ok(node.os_pid),
    };
    let fitting: Vec<&Found> = nodes.iter().filter(fits).collect();
    let message = match &fitting[..] {
        [node] => return Ok((*node).clone()),
        [] if nodes.is_empty() => {
            "no node runs that can be looked at: start one with `ratavm run --inspect …`".to_owned()
        }
        [] => format!("there is no such node\n{}", list(&nodes)),
        several if which.is_some() => {
            format!("there are several of this name: say which by its number\n{}", list(several))
        }
        several => format!("there are several nodes: say which one\n{}", list(several)),
    };
    Err(Failure { message, code: 1 })
}

fn list<N: Borrow<Found>>(nodes: &[N]) -> String {
    let line = |node: &Found| format!("  {:>8} {}", node.os_pid, node.name);
    let lines: Vec<String> = nodes.iter().map(|node| line(node.borrow())).collect();
    lines.join("\n")
}

/// A failure of the connection in a line.
pub fn failed(error: &io::Error) -> Failure {
    let text = match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset => "the node has ended".to_owned(),
        io::ErrorKind::WouldBlock => "the node does not answer".to_owned(),
        _ => error.to_string(),
    };
    Failure { message: text, code: 1 }
}

impl Client {
    /// Connects to a node.
    pub fn connect(which: Option<&str>) -> Result<Client, Failure> {
        let node = choose(which)?;
        let connect = || {
            let stream = UnixStream::connect(&node.path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        let stream = connect().map_err(|e| failed(&e))?;
        Ok(Client { from: BufReader::new(stream) })
    }

    /// Waits for answers as long as it takes.
    pub fn wait_for_ever(&mut self) -> Result<(), Failure> {
        self.from.get_ref().set_read_timeout(None).map_err(|e| failed(&e))
    }

    /// Asks for something.
    pub fn ask(&mut self, request: &Request) -> Result<(), Failure> {
        request.send(self.from.get_mut()).map_err(|e| failed(&e))
    }

    /// The next part of the answer, and whether it is the last.
    pub fn part(&mut self) -> Result<(String, bool), Failure> {
        let (kind, text) = receive_part(&mut self.from).map_err(|e| failed(&e))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        match kind {
            Kind::Part => Ok((text, false)),
            Kind::End => Ok((text, true)),
            Kind::Error => Err(Failure { message: text, code: 1 }),
        }
    }
}
