//! Model checks of what threads share, over every interleaving of a few steps:
//! `RUSTFLAGS="--cfg loom" cargo test -p rata-runtime --test loom --release`
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use rata_runtime::process::inbox::Inbox;
use rata_runtime::process::life::Life;
use rata_runtime::process::parking::Parking;
use rata_runtime::sched::idle::Idle;

#[derive(Default)]
struct Slot {
    inbox: Inbox<u32>,
    parking: Parking<u32>,
}

/// A sender: as `deliver` does.
fn send(slot: &Slot, n: u32) -> Option<Box<u32>> {
    slot.inbox.push(n).ok()?;
    slot.parking.take()
}

/// A waiter: as `park` does.
fn park(slot: &Slot, body: Box<u32>) -> Option<Box<u32>> {
    slot.parking.put(body);
    if slot.inbox.is_empty() { None } else { slot.parking.take() }
}

#[test]
fn no_wake_up_is_lost_and_the_body_has_one_owner() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let senders: Vec<_> = (1..=2)
            .map(|n| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || send(&slot, n).is_some())
            })
            .collect();
        let kept = park(&slot, Box::new(7)).is_some();
        let woken = senders.into_iter().map(|s| s.join().unwrap());
        let owners = usize::from(kept) + woken.filter(|w| *w).count();
        // Two messages were sent: the body must have been taken out, and by one of the three only.
        assert_eq!(owners, 1);
        assert_eq!(slot.inbox.take().count(), 2);
    });
}

/// A process as its signals see it: what it has got, in order.
#[derive(Default)]
struct Receiver {
    inbox: Inbox<u32>,
    parking: Parking<Vec<u32>>,
    /// The woken body; one worker's queue.
    queue: loom::sync::Mutex<Vec<Box<Vec<u32>>>>,
}

impl Receiver {
    /// As `post` does: odd signals wake the process, even ones need not.
    fn post(&self, n: u32) {
        let woken = match self.parking.take() {
            Some(mut body) if self.inbox.is_empty() => {
                body.push(n);
                if n % 2 == 1 { Some(body) } else { self.lay_down(body) }
            }
            Some(body) => {
                assert!(self.inbox.push(n).is_ok());
                Some(body)
            }
            None => {
                assert!(self.inbox.push(n).is_ok());
                self.parking.take()
            }
        };
        self.queue.lock().unwrap().extend(woken);
    }

    fn lay_down(&self, body: Box<Vec<u32>>) -> Option<Box<Vec<u32>>> {
        self.parking.put(body);
        if self.inbox.is_empty() { None } else { self.parking.take() }
    }

    /// As a turn does.
    fn run(&self, mut body: Box<Vec<u32>>) {
        body.extend(self.inbox.take());
        let back = self.lay_down(body);
        self.queue.lock().unwrap().extend(back);
    }
}

#[test]
fn what_is_handed_over_keeps_each_senders_order_and_nothing_lies_unseen() {
    model(3, || {
        let receiver = Arc::new(Receiver::default());
        let senders: Vec<_> = [[1, 2], [14, 15]]
            .map(|signals| {
                let receiver = Arc::clone(&receiver);
                thread::spawn(move || signals.iter().for_each(|n| receiver.post(*n)))
            })
            .into_iter()
            .collect();
        receiver.run(Box::default());
        senders.into_iter().for_each(|s| s.join().unwrap());
        // Whatever is queued runs; then the body lies there and has got everything.
        loop {
            let next = receiver.queue.lock().unwrap().pop();
            let Some(body) = next else { break };
            assert!(receiver.queue.lock().unwrap().is_empty());
            receiver.run(body);
        }
        let got = receiver.parking.take().expect("it waits");
        assert_eq!(got.len(), 4);
        let of =
            |low, high| got.iter().copied().filter(|n| (low..high).contains(n)).collect::<Vec<_>>();
        assert_eq!((of(0, 10), of(10, 20)), (vec![1, 2], vec![14, 15]));
    });
}

#[test]
fn what_is_pushed_is_taken_or_given_back() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let sender = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || [1, 2].map(|n| inbox.push(n).is_ok()))
        };
        let mut taken: Vec<u32> = inbox.take().collect();
        taken.extend(inbox.close());
        let sent = sender.join().unwrap();
        let accepted: Vec<u32> =
            [1, 2].into_iter().zip(sent).filter(|s| s.1).map(|s| s.0).collect();
        assert_eq!(taken, accepted);
    });
}

#[test]
fn a_signal_to_a_slot_that_changes_hands_is_answered_by_somebody() {
    loom::model(|| {
        let slot = Arc::new((Inbox::default(), Life::default()));
        slot.1.begin(1);
        let sender = {
            let slot = Arc::clone(&slot);
            // As `deliver` does, to the first process.
            thread::spawn(move || slot.1.serial() == 1 && slot.0.push(1).is_ok())
        };
        // The first process ends, a second one moves in and looks at its signals.
        slot.1.end();
        let mut found = slot.0.close().count();
        slot.0.reopen();
        slot.1.begin(2);
        let sent = usize::from(sender.join().unwrap());
        found += slot.0.take().count();
        assert_eq!(found, sent);
    });
}

#[test]
fn a_name_given_to_a_dying_process_is_refused_or_freed() {
    loom::model(|| {
        let life = Arc::new(Life::default());
        life.begin(1);
        let namer = {
            let life = Arc::clone(&life);
            thread::spawn(move || life.set_named(1))
        };
        let bounder = {
            let life = Arc::clone(&life);
            thread::spawn(move || life.set_bounded(1, true))
        };
        let must_free = life.end();
        life.begin(2);
        bounder.join().unwrap();
        assert_eq!(namer.join().unwrap(), must_free);
        assert_eq!((life.serial(), life.is_bounded()), (2, false));
    });
}

/// What workers look for.
#[derive(Default)]
struct Work {
    idle: Idle,
    made: AtomicUsize,
    done: AtomicUsize,
}

impl Work {
    fn take(&self) -> bool {
        let taken =
            self.made.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
        taken.is_ok() && {
            self.done.fetch_add(1, Ordering::SeqCst);
            true
        }
    }

    fn make(&self) {
        self.made.fetch_add(1, Ordering::AcqRel);
        self.idle.wake_one();
    }

    fn has_work(&self) -> bool {
        self.made.load(Ordering::Acquire) > 0
    }

    /// As `search` does, until `all` is done. A worker that sleeps with work left is a deadlock, which
    /// loom reports.
    fn worker(&self, me: usize, all: usize) {
        self.idle.search();
        loop {
            if self.take() {
                if self.idle.found() && self.has_work() {
                    self.idle.wake_one();
                }
                if self.done.load(Ordering::SeqCst) == all {
                    self.idle.wake_all();
                    return;
                }
                self.idle.search();
                continue;
            }
            self.idle.announce(me);
            if !self.has_work() && self.done.load(Ordering::SeqCst) != all {
                thread::park();
            }
            self.idle.retract(me);
            if self.done.load(Ordering::SeqCst) == all {
                return;
            }
        }
    }
}

fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(f);
}

#[test]
fn work_from_outside_wakes_a_sleeping_worker() {
    model(4, || {
        let work = Arc::new(Work::default());
        let worker = {
            let work = Arc::clone(&work);
            thread::spawn(move || work.worker(0, 2))
        };
        work.make();
        work.make();
        worker.join().unwrap();
    });
}

#[test]
fn with_two_workers_no_work_is_left_lying() {
    model(2, || {
        let work = Arc::new(Work::default());
        let workers: Vec<_> = (0..2)
            .map(|me| {
                let work = Arc::clone(&work);
                thread::spawn(move || work.worker(me, 2))
            })
            .collect();
        work.make();
        work.make();
        workers.into_iter().for_each(|w| w.join().unwrap());
    });
}
