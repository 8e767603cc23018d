//! Model checks of the wake-up protocol, over every interleaving of a few steps:
//! `RUSTFLAGS="--cfg loom" cargo test -p rata-runtime --test loom --release`
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use rata_runtime::process::inbox::Inbox;
use rata_runtime::process::parking::Parking;

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
