//! Threads for work that blocks: files, standard input, commands. Grown on demand, idle threads end.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The most threads at a time; further work waits its turn.
const MOST: usize = 64;
/// How long an idle thread stays.
const STAY: Duration = Duration::from_secs(5);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

/// See the module's description.
#[derive(Clone, Default)]
pub struct Pool {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Pool {
    /// Runs `work` on a thread of the pool, soon. If the system gives no thread at all it is run by
    /// the caller, which is the best that can be done.
    pub fn run(&self, work: Work) {
        let (state, wake) = &*self.shared;
        let mut guard = state.lock();
        guard.queue.push_back(work);
        if guard.idle >= guard.queue.len() || guard.threads >= MOST {
            drop(guard);
            wake.notify_one();
            return;
        }
        guard.threads += 1;
        drop(guard);
        let pool = self.clone();
        let spawned =
            std::thread::Builder::new().name("rata-blocking".into()).spawn(move || pool.serve());
        if spawned.is_err() {
            let mut guard = state.lock();
            guard.threads -= 1;
            let orphan = if guard.threads == 0 { guard.queue.pop_front() } else { None };
            drop(guard);
            if let Some(work) = orphan {
                work();
            }
        }
    }

    fn serve(&self) {
        // What a worker holds back: programs started here are to be interrupted like any other.
        #[cfg(unix)]
        crate::signals::mask::let_through();
        let (state, wake) = &*self.shared;
        let mut guard = state.lock();
        loop {
            if let Some(work) = guard.queue.pop_front() {
                drop(guard);
                work();
                guard = state.lock();
                continue;
            }
            guard.idle += 1;
            let timed_out = wake.wait_for(&mut guard, STAY).timed_out();
            guard.idle -= 1;
            if timed_out && guard.queue.is_empty() {
                guard.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn runs_everything_even_beyond_its_threads() {
        let pool = Pool::default();
        let (done, results) = mpsc::channel();
        for n in 0..1000 {
            let done = done.clone();
            pool.run(Box::new(move || done.send(n).unwrap()));
        }
        let mut all: Vec<i32> = results.iter().take(1000).collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }
}
