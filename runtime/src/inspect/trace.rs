//! Tracing of chosen processes: what they are sent and send, whom they start, how they end, what they call.
//!
//! In: processes, what is wanted of them, bounds. Out: a line for each event, until the bounds are reached or the client goes.
//!
//! A traced process has a [`Traced`] among its relations, and (for as long) the bound of a mailbox, be it one that
//! bounds nothing: so every signal for it takes the way through its inbox, where it is noted. What it does itself is
//! noted by the natives that do it, which find `WorkerHost::tracing` set while it runs. For its calls it is kept out of compiled code
//! and given turns of one reduction: it stops at the entry of every function. Nothing of this costs other processes
//! anything but that look at a flag. A traced process never waits for the trace: what finds the queue full is counted.

use super::details::pid_text;
use super::look::Looking;
use super::wire::{Kind, Request, send_part};
use crate::node::Node;
use crate::process::body::Body;
use crate::process::relations::QueueLimit;
use crate::process::signal::Signal;
use crate::report::initial_text;
use crate::signals::find;
use rata_vm::inspect::inspect_to;
use rata_vm::value::{Pid, Value};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// The most bytes shown of one value.
const SHOWN: usize = 200;
/// So many events wait to be sent; more are dropped.
const WAITING: usize = 1000;
/// The most events of one trace.
const MOST: usize = 1_000_000;
/// The longest trace, in milliseconds.
const LONGEST: usize = 3_600_000;
/// How often we look whether anybody is still there.
const STEP: Duration = Duration::from_millis(50);

/// What is traced of which processes.
pub struct Wanted {
    pids: Vec<Pid>,
    messages: bool,
    calls: bool,
    exits: bool,
    module: Option<String>,
    function: Option<String>,
    count: usize,
    time: Duration,
}

impl Wanted {
    /// What a request asks for; why it cannot be had.
    pub fn of(node: &Node, request: &Request) -> Result<Wanted, String> {
        let mut pids = Vec::new();
        let named = request.get("processes").unwrap_or_default();
        for text in named.split(',').filter(|text| !text.is_empty()) {
            pids.push(find(node, text).ok_or_else(|| format!("there is no process {text}"))?);
        }
        if pids.is_empty() {
            return Err("no process is named".to_owned());
        }
        let has = |key| request.get(key) == Some("yes");
        Ok(Wanted {
            pids,
            messages: has("messages"),
            calls: has("calls"),
            exits: has("exits"),
            module: request.get("module").map(str::to_owned),
            function: request.get("function").map(str::to_owned),
            count: request.number("count", 1000, MOST).max(1),
            time: Duration::from_millis(request.number("ms", LONGEST, LONGEST) as u64),
        })
    }
}

/// A trace under way, as the traced processes see it.
pub struct Session {
    events: SyncSender<String>,
    began: Instant,
    left: AtomicI64,
    dropped: AtomicU64,
    over: AtomicBool,
    messages: bool,
    calls: bool,
    exits: bool,
    module: Option<String>,
    function: Option<String>,
}

/// What a traced process has.
#[derive(Clone)]
pub struct Traced(Arc<Session>);

fn shown(value: Value<'_>) -> String {
    let mut text = String::new();
    if !inspect_to(value, &mut text, SHOWN) {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push('…');
    }
    text.replace('\n', " ")
}

impl Traced {
    /// Whether its calls are traced.
    pub fn wants_calls(&self) -> bool {
        self.0.calls && !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    fn note(&self, pid: Pid, what: std::fmt::Arguments<'_>) {
        let session = &*self.0;
        if self.is_over() {
            return;
        }
        let at = session.began.elapsed();
        let line = format!("{:>10.6} {} {what}\n", at.as_secs_f64(), pid_text(pid));
        if session.events.try_send(line).is_err() {
            session.dropped.fetch_add(1, Ordering::Relaxed);
        } else if session.left.fetch_sub(1, Ordering::Relaxed) <= 1 {
            session.over.store(true, Ordering::Relaxed);
        }
    }

    /// A signal has come for `pid`.
    pub fn received(&self, pid: Pid, signal: &Signal) {
        match signal {
            Signal::Message(message)
            | Signal::Alias { message, .. }
            | Signal::Down { message, .. }
            | Signal::Hold { message, .. }
                if self.0.messages =>
            {
                self.note(pid, format_args!("gets   {}", shown(message.value())));
            }
            Signal::Bag(bag) if self.0.messages => {
                for message in bag.values() {
                    self.note(pid, format_args!("gets   {}", shown(message)));
                }
            }
            Signal::Exit { from, reason, .. } if self.0.exits => {
                let (from, reason) = (pid_text(*from), shown(reason.value()));
                self.note(pid, format_args!("exit   {reason} from {from}"));
            }
            Signal::Link { from } if self.0.exits => {
                self.note(pid, format_args!("link   by {}", pid_text(*from)));
            }
            Signal::Unlink { from, .. } if self.0.exits => {
                self.note(pid, format_args!("unlink by {}", pid_text(*from)));
            }
            _ => {}
        }
    }

    /// `pid` sends a message.
    pub fn sends(&self, pid: Pid, to: Pid, message: Value<'_>) {
        if self.0.messages {
            self.note(pid, format_args!("sends  {} to {}", shown(message), pid_text(to)));
        }
    }

    /// `pid` sends an exit signal.
    pub fn sends_exit(&self, pid: Pid, to: Pid, reason: Value<'_>) {
        if self.0.exits {
            self.note(pid, format_args!("exits  {} with {}", pid_text(to), shown(reason)));
        }
    }

    /// `pid` has started a process.
    pub fn spawns(&self, pid: Pid, child: &Body) {
        if self.0.exits {
            let initial = initial_text(child.extra.initial);
            self.note(pid, format_args!("spawns {} with {initial}", pid_text(child.extra.pid)));
        }
    }

    /// `pid` has ended.
    pub fn ends(&self, pid: Pid, reason: Value<'_>) {
        if self.0.exits {
            self.note(pid, format_args!("ends   {}", shown(reason)));
        }
    }

    /// A process stands at the entry of a function.
    pub fn calls(&self, node: &Node, body: &Body) {
        let Some((place, args)) = body.process.entering() else { return };
        let Some(line) = node.vm.trace_line(place) else { return };
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|w| w == name);
        if !is(&self.0.module, line.module) || !is(&self.0.function, line.function) {
            return;
        }
        let mut text = String::new();
        for (i, arg) in args.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            // One that the function does not use may be gone already.
            let _ = write!(text, "{comma}{}", arg.map_or_else(|| "_".to_owned(), shown));
        }
        self.note(body.extra.pid, format_args!("calls  {}.{}({text})", line.module, line.function));
    }
}

/// Ends the tracing of the processes, however the trace ends.
struct Attached<'n> {
    node: &'n Node,
    session: Arc<Session>,
    pids: Vec<Pid>,
}

impl Attached<'_> {
    fn attach(&mut self, pid: Pid) -> Result<(), String> {
        let session = Arc::clone(&self.session);
        let looking = Looking::at(self.node);
        self.pids.push(pid);
        let until = Instant::now() + Duration::from_secs(2);
        let attached = looking.look_until(pid, until, move |body| {
            let relations = body.extra.relations();
            if relations.traced.is_some() {
                return false;
            }
            body.process.core.interpreted = session.calls;
            relations.queue_limit.get_or_insert_with(|| Box::new(QueueLimit::none()));
            relations.traced = Some(Box::new(Traced(session)));
            true
        });
        let pid = pid_text(pid);
        match attached {
            Some(true) => Ok(()),
            Some(false) => Err(format!("{pid} is being traced already")),
            None => Err(format!("{pid} has ended, or is busy with something long")),
        }
    }

    fn is_any_alive(&self) -> bool {
        self.pids.iter().any(|pid| self.node.table.get(*pid).is_some())
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.session.over.store(true, Ordering::Relaxed);
        let looking = Looking::at(self.node);
        for pid in &self.pids {
            let session = Arc::clone(&self.session);
            // One that is busy does it when it comes to it.
            looking.look(*pid, move |body| detach(body, &session));
        }
    }
}

fn detach(body: &mut Body, session: &Arc<Session>) {
    let Some(relations) = &mut body.extra.relations else { return };
    if !relations.traced.as_ref().is_some_and(|traced| Arc::ptr_eq(&traced.0, session)) {
        return;
    }
    relations.traced = None;
    body.process.core.interpreted = false;
    if relations.queue_limit.as_ref().is_some_and(|l| !l.bounds() && l.waiting.is_empty()) {
        relations.queue_limit = None;
    }
}

/// Traces, and sends what is noted until it is over.
pub fn run(
    node: &Arc<Node>,
    wanted: &Wanted,
    client: &UnixStream,
    to: &mut impl Write,
) -> io::Result<()> {
    let (events, noted) = sync_channel(WAITING);
    let session = Arc::new(Session {
        events,
        began: Instant::now(),
        left: AtomicI64::new(wanted.count as i64),
        dropped: AtomicU64::new(0),
        over: AtomicBool::new(false),
        messages: wanted.messages,
        calls: wanted.calls,
        exits: wanted.exits,
        module: wanted.module.clone(),
        function: wanted.function.clone(),
    });
    let mut attached = Attached { node, session, pids: Vec::new() };
    for pid in &wanted.pids {
        if let Err(why) = attached.attach(*pid) {
            return send_part(to, Kind::Error, why.as_bytes());
        }
    }
    send_part(to, Kind::Part, b"")?;
    let why = pump(&attached, wanted.time, &noted, client, to)?;
    let dropped = attached.session.dropped.load(Ordering::Relaxed);
    drop(attached);
    let plural = if dropped == 1 { "event was" } else { "events were" };
    send_part(to, Kind::End, format!("{why}; {dropped} {plural} dropped\n").as_bytes())
}

/// Sends events until the trace is over; why it is.
fn pump(
    attached: &Attached<'_>,
    time: Duration,
    noted: &Receiver<String>,
    client: &UnixStream,
    to: &mut impl Write,
) -> io::Result<&'static str> {
    let until = Instant::now() + time;
    loop {
        let over = attached.session.over.load(Ordering::Relaxed);
        // Noted before it was over, or before the process ended.
        let alive = attached.is_any_alive();
        match noted.recv_timeout(if over { Duration::ZERO } else { STEP }) {
            Ok(mut text) => {
                for more in noted.try_iter().take(WAITING) {
                    text.push_str(&more);
                }
                send_part(to, Kind::Part, text.as_bytes())?;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok("the trace is over"),
            Err(RecvTimeoutError::Timeout) if over => return Ok("there were as many as asked for"),
            Err(RecvTimeoutError::Timeout) if !alive => return Ok("the traced process has ended"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if !over && Instant::now() >= until {
            return Ok("the time is over");
        }
        if has_left(client) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

/// Whether the client has gone, or asks for something else.
fn has_left(client: &UnixStream) -> bool {
    let mut ready = [PollFd::new(client, PollFlags::IN | PollFlags::RDHUP)];
    poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|n| n > 0)
}
