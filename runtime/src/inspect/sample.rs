//! The processes that stand out, of however many there are.
//!
//! In: by what, and how many. Out: that many, the first in that order. One sample walks over the table of processes (a load
//! each) and looks at some thousands of them: all that run or are queued, those that stood out last time, those with names, and of
//! those that wait a part, another one each time. With fewer processes than that it looks at all; so it does, within a time, if there
//! is to be one sample only.

use super::details::{Details, name_text};
use super::look::{Looked, Looking, NoAnswer};
use crate::node::Node;
use crate::process::body::Body;
use foldhash::{HashMap, HashSet};
use rata_vm::value::Pid;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// How many slots of the table one sample walks over.
const SLOTS: u32 = 4 << 20;
/// How many waiting processes one sample looks at.
const WAITING: usize = 20_000;
/// How many that run or are queued.
const BUSY: usize = 2_000;
/// How many that have names.
const NAMED: usize = 5_000;
/// How long it may take to look at all.
const THOROUGH: Duration = Duration::from_secs(1);
/// How long those have to answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// The rate of a process that did not answer in time: whoever keeps a worker that long stands out by that alone.
const UNKNOWN: u64 = u64::MAX;
/// The most rows that can be asked for.
pub const MOST: usize = 10_000;

/// By what processes stand out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Reductions a second.
    Rate,
    /// Bytes.
    Memory,
    /// Messages that wait.
    Queue,
    /// Registered names, then age.
    Name,
}

impl Order {
    /// By its letter or word.
    pub fn named(word: &str) -> Option<Order> {
        Some(match word {
            "r" | "reductions" => Order::Rate,
            "m" | "memory" => Order::Memory,
            "q" | "queue" => Order::Queue,
            "n" | "name" => Order::Name,
            _ => return None,
        })
    }
}

/// One process that stands out.
pub struct Row {
    /// Which.
    pub pid: Pid,
    /// Reductions a second, since the last sample.
    pub rate: u64,
    /// All else; nothing if the process has not come to answer: it is busy with something long.
    pub details: Option<Details>,
}

#[derive(Clone, Copy)]
struct Numbers {
    pid: Pid,
    reductions: u64,
    memory: usize,
    queue: usize,
    rate: u64,
}

fn numbers(body: &mut Body) -> Numbers {
    let process = &body.process;
    Numbers {
        pid: body.extra.pid,
        reductions: process.core.reductions,
        memory: process.memory() + size_of::<Body>(),
        queue: process.core.mailbox.len(),
        rate: 0,
    }
}

/// Takes samples, one after the other, and remembers what the next one needs.
#[derive(Default)]
pub struct Sampler {
    /// Reductions at the last sample.
    before: HashMap<Pid, u64>,
    at: Option<Instant>,
    /// Where the walk begins next.
    slot: u32,
    stood_out: Vec<Pid>,
}

/// Whom to look at.
#[derive(Default)]
struct Chosen {
    waiting: Vec<Pid>,
    busy: Vec<Pid>,
    /// The walk has come to where it began, or to the end.
    is_last: bool,
}

impl Sampler {
    /// Looks at the processes that wait part by part, so that the next sample has those that stand out among all, by what they
    /// hold. What they do shows in time only.
    pub fn look_around(&mut self, looking: &Looking<'_>, order: Order, count: usize) {
        let until = Instant::now() + THOROUGH;
        if matches!(order, Order::Rate | Order::Name) {
            return;
        }
        loop {
            let mut chosen = self.choose(looking.node());
            chosen.busy.clear();
            let is_last = chosen.is_last;
            let mut all = ask(looking, chosen);
            sort(looking.node(), order, &mut all);
            self.stood_out = all.iter().take(count.min(MOST)).map(|n| n.pid).collect();
            if is_last || Instant::now() >= until {
                return;
            }
        }
    }

    /// The first `count` processes in this order, `frames` deep.
    pub fn sample(
        &mut self,
        looking: &Looking<'_>,
        order: Order,
        count: usize,
        frames: usize,
    ) -> Vec<Row> {
        let node = looking.node();
        let chosen = self.choose(node);
        let mut all = ask(looking, chosen);
        self.add_rates(&mut all);
        sort(node, order, &mut all);
        all.truncate(count.min(MOST));
        self.stood_out = all.iter().map(|n| n.pid).collect();
        let until = Instant::now() + PATIENCE;
        let looks: Vec<(Numbers, Looked<Details>)> = all
            .into_iter()
            .map(|n| (n, looking.look(n.pid, move |body| Details::of(body, frames))))
            .collect();
        let rows = looks.into_iter().filter_map(|(n, looked)| {
            let details = match looked.by(until) {
                Ok(details) => Some(details.named(node)),
                Err(NoAnswer::Busy) => None,
                Err(NoAnswer::Gone) => return None,
            };
            Some(Row { pid: n.pid, rate: n.rate, details })
        });
        rows.collect()
    }

    fn choose(&mut self, node: &Node) -> Chosen {
        let slots = node.table.slots();
        let mut chosen = Chosen::default();
        let mut seen = HashSet::default();
        let named = node.names.owners().into_iter().take(NAMED).map(|(pid, _)| pid);
        for pid in self.stood_out.drain(..).chain(named) {
            if let Some(slot) = node.table.get(pid)
                && slot.parking.is_occupied()
                && seen.insert(pid)
            {
                chosen.waiting.push(pid);
            }
        }
        let most = WAITING + chosen.waiting.len();
        let first = if self.slot < slots { self.slot } else { 0 };
        let mut next = None;
        for n in 0..slots.min(SLOTS) {
            let number = (first + n) % slots;
            let Some((pid, slot)) = node.table.at(number) else { continue };
            if !slot.parking.is_occupied() {
                if chosen.busy.len() < BUSY {
                    chosen.busy.push(pid);
                }
            } else if chosen.waiting.len() < most {
                if !seen.contains(&pid) {
                    chosen.waiting.push(pid);
                }
            } else if next.is_none() {
                next = Some(number);
            }
        }
        self.slot = next.unwrap_or(if slots > SLOTS { (first + SLOTS) % slots } else { 0 });
        chosen.is_last = self.slot <= first;
        chosen
    }

    /// Reductions since the last sample; of a process not seen then, nothing is known.
    fn add_rates(&mut self, all: &mut [Numbers]) {
        let now = Instant::now();
        let took = self.at.map_or(1.0, |at| (now - at).as_secs_f64().max(0.001));
        let mut after = HashMap::default();
        for n in all {
            if n.rate == UNKNOWN {
                if let Some(before) = self.before.get(&n.pid) {
                    after.insert(n.pid, *before);
                }
                continue;
            }
            if let Some(before) = self.before.get(&n.pid) {
                n.rate = (n.reductions.saturating_sub(*before) as f64 / took) as u64;
            }
            after.insert(n.pid, n.reductions);
        }
        self.at = Some(now);
        self.before = after;
    }
}

fn ask(looking: &Looking<'_>, chosen: Chosen) -> Vec<Numbers> {
    let mut all = Vec::with_capacity(chosen.waiting.len() + chosen.busy.len());
    let mut later = Vec::new();
    for pid in chosen.busy.into_iter().chain(chosen.waiting) {
        match looking.look(pid, numbers) {
            Looked::Now(n) => all.push(n),
            Looked::Gone => {}
            asked => later.push((pid, asked)),
        }
    }
    let until = Instant::now() + PATIENCE;
    for (pid, asked) in later {
        match asked.by(until) {
            Ok(n) => all.push(n),
            Err(NoAnswer::Gone) => {}
            Err(NoAnswer::Busy) => {
                all.push(Numbers { pid, reductions: 0, memory: 0, queue: 0, rate: UNKNOWN });
            }
        }
    }
    all
}

fn sort(node: &Node, order: Order, all: &mut [Numbers]) {
    match order {
        Order::Rate => {
            all.sort_by_key(|n| (Reverse(n.rate), Reverse(n.reductions), n.pid.serial()))
        }
        Order::Memory => all.sort_by_key(|n| (Reverse(n.memory), n.pid.serial())),
        Order::Queue => all.sort_by_key(|n| (Reverse(n.queue), n.pid.serial())),
        Order::Name => {
            let names: HashMap<Pid, String> = node
                .names
                .owners()
                .into_iter()
                .map(|(pid, name)| (pid, name_text(&name)))
                .collect();
            all.sort_by_cached_key(|n| {
                let name = names.get(&n.pid);
                (name.is_none(), name.cloned(), n.pid.serial())
            });
        }
    }
}
