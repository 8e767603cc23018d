//! The socket of a running node: who is let in, and what each request is answered with.
//!
//! In: connections of the node's owner. Out: tables, dumps, traces. A client can be slow, send nonsense or go away at any time:
//! each has a thread that it alone keeps waiting, there are few of them, and every wait ends.

use super::folder::{self, Socket};
use super::look::Looking;
use super::sample::{self, Order, Row, Sampler};
use super::system::{Use, resident};
use super::wire::{Kind, Parts, Request, send_part};
use super::{details, dump, trace};
use crate::node::Node;
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;
use std::fmt::Write as _;
use std::io::{self, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// So many clients are served at a time.
const CLIENTS: usize = 8;
/// How long a client may take to its next request.
const IDLE: Duration = Duration::from_secs(120);
/// How long it may take to read an answer.
const SLOW: Duration = Duration::from_secs(10);
/// The first table of a client shows what happened in so long.
const FIRST: Duration = Duration::from_millis(200);

/// Opens the socket, and serves whoever connects until the program ends.
pub fn start(node: &Arc<Node>, name: &str) -> io::Result<Socket> {
    let (listener, socket) = folder::open(name)?;
    let node = Arc::clone(node);
    thread::Builder::new().name("rata-inspect".into()).spawn(move || accept(&node, &listener))?;
    Ok(socket)
}

/// Gives its place back when a client goes.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn accept(node: &Arc<Node>, listener: &UnixListener) {
    let clients = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((mut client, _)) = listener.accept() else {
            // Out of files, most likely.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        if !may_enter(&client) {
            continue;
        }
        if clients.fetch_add(1, Ordering::SeqCst) >= CLIENTS {
            clients.fetch_sub(1, Ordering::SeqCst);
            let _ = client.set_nonblocking(true);
            let _ = send_part(&mut client, Kind::Error, b"too many are looking at this node");
            continue;
        }
        let (node, place) = (Arc::clone(node), Place(Arc::clone(&clients)));
        let work = move || {
            let _place = place;
            // Whatever happened, the client is gone.
            let _ = serve(&node, client);
        };
        // Without a thread the connection is closed again.
        let _ = thread::Builder::new().name("rata-client".into()).spawn(work);
    }
}

/// The folder keeps all others out; this does so where it could be entered by a mistake.
fn may_enter(client: &UnixStream) -> bool {
    let user = socket_peercred(client).map(|peer| peer.uid);
    user.is_ok_and(|user| user == getuid() || user.is_root())
}

/// What is kept for a client from one table to the next.
#[derive(Default)]
struct Client {
    sampler: Sampler,
    schedulers: Use,
    has_seen: bool,
}

fn serve(node: &Arc<Node>, client: UnixStream) -> io::Result<()> {
    client.set_read_timeout(Some(IDLE))?;
    client.set_write_timeout(Some(SLOW))?;
    let mut to = client.try_clone()?;
    let mut from = BufReader::new(client);
    let mut known = Client::default();
    loop {
        let request = match Request::receive(&mut from) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(e) => {
                let _ = send_part(&mut to, Kind::Error, e.to_string().as_bytes());
                return Err(e);
            }
        };
        match request.word.as_str() {
            "top" => send_part(&mut to, Kind::End, table(node, &mut known, &request).as_bytes())?,
            "dump" => {
                let count = request.number("processes", dump::USUAL, sample::MOST);
                let mut parts = Parts::new(&mut to);
                dump::write(node, "asked for by ratavm dump", count, &mut parts)?;
                parts.flush()?;
                send_part(&mut to, Kind::End, b"")?;
            }
            "trace" => match trace::Wanted::of(node, &request) {
                Ok(wanted) => trace::run(node, &wanted, from.get_ref(), &mut to)?,
                Err(why) => send_part(&mut to, Kind::Error, why.as_bytes())?,
            },
            _ => send_part(&mut to, Kind::Error, b"this node does not know that request")?,
        }
    }
}

/// A table: a line `key=value` of totals, then a line for each process, columns being parted by tabs.
fn table(node: &Node, known: &mut Client, request: &Request) -> String {
    let order = request.get("sort").and_then(Order::named).unwrap_or(Order::Rate);
    let count = request.number("count", 20, sample::MOST);
    let looking = Looking::at(node);
    if !std::mem::replace(&mut known.has_seen, true) {
        if request.get("once") == Some("yes") {
            known.sampler.look_around(&looking, order, count);
        }
        known.sampler.sample(&looking, order, count, 0);
        thread::sleep(FIRST);
    }
    let rows = known.sampler.sample(&looking, order, count, 1);
    let (queues, outside) = node.queues.lengths();
    let used: Vec<String> = known.schedulers.since().iter().map(u64::to_string).collect();
    let mut text = format!(
        "version={}\tos_pid={}\tprogram={}\tuptime_ms={}\tprocesses={}\tmemory={}\tqueued={}\tschedulers={}\tused={}\n",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        details::tidy(&node.options.program, 100),
        node.uptime().as_millis(),
        node.table.live(),
        resident(),
        queues.iter().sum::<usize>() + outside,
        queues.len(),
        used.join(",")
    );
    for row in &rows {
        let pid = details::pid_text(row.pid);
        let _ = match &row.details {
            None => writeln!(text, "{pid}\t?\t?\t?\t?\tbusy\t"),
            Some(d) => writeln!(
                text,
                "{pid}\t{}\t{}\t{}\t{}\t{}\t{}",
                d.title(),
                rate(row),
                d.memory,
                d.queue,
                d.status,
                d.function(node)
            ),
        };
    }
    text
}

fn rate(row: &Row) -> String {
    if row.rate == u64::MAX { "?".to_owned() } else { row.rate.to_string() }
}
