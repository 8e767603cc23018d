//! Standard output and error: text from any process, in order, written by a thread of its own so that a
//! slow reader never holds up a scheduler.
//!
//! Processes append to a buffer; the writer thread, started with the first text, empties it. Who finds
//! the buffer too full is told so and waits until there is room: as a process, by a
//! callback (`when_room`), as a thread that may block (`wait_for_room`). When standard output takes
//! nothing more, a reader that has gone away ends the program quietly and any other cause with one
//! clear line; what standard error does not take is lost, since nobody could be told.

use parking_lot::{Condvar, Mutex};
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, OnceLock};

/// How much may wait to be written before processes are slowed down.
const FULL: u64 = 1 << 20;
/// How much may wait before reports of crashes are counted only.
const FLOOD: u64 = 16 << 20;

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Something to write to.
pub type Sink = Box<dyn Write + Send>;
type Call = Box<dyn FnOnce() + Send>;

struct Sinks {
    out: Sink,
    err: Sink,
}

#[derive(Default)]
struct State {
    /// Runs of text for one stream, in order.
    waiting: Vec<(Stream, Vec<u8>)>,
    /// Bytes that were ever handed in, and how many of them are dealt with.
    given: u64,
    done: u64,
    /// What the writer works with, while there is none.
    sinks: Option<Sinks>,
    /// The writer waits for text.
    asleep: bool,
    failed: bool,
    /// To be called when there is room.
    callers: Vec<Call>,
    /// Reports that were dropped.
    dropped: u64,
}

impl State {
    fn backlog(&self) -> u64 {
        self.given - self.done
    }

    fn append(&mut self, stream: Stream, text: &str) {
        match self.waiting.last_mut() {
            Some((last, bytes)) if *last == stream => bytes.extend_from_slice(text.as_bytes()),
            _ => self.waiting.push((stream, text.as_bytes().to_vec())),
        }
        self.given += text.len() as u64;
    }
}

struct Shared {
    state: Mutex<State>,
    /// Told to the writer: there is text.
    text: Condvar,
    /// Told to all else: the writer has got on.
    progress: Condvar,
    on_failure: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// See the module's description.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
}

impl Default for Output {
    fn default() -> Self {
        Output::new(Box::new(io::stdout()), Box::new(io::stderr()))
    }
}

impl Output {
    /// An output that writes to these.
    pub fn new(out: Sink, err: Sink) -> Output {
        let state = State { sinks: Some(Sinks { out, err }), ..State::default() };
        let shared = Shared {
            state: Mutex::new(state),
            text: Condvar::new(),
            progress: Condvar::new(),
            on_failure: OnceLock::new(),
        };
        Output { shared: Arc::new(shared) }
    }

    /// Says what happens, once, when standard output takes no more.
    pub fn on_failure(&self, call: impl Fn() + Send + Sync + 'static) {
        // The first one holds: there is one program.
        let _ = self.shared.on_failure.set(Box::new(call));
    }

    /// Appends text. False when the buffer is full: the caller should wait for room.
    pub fn write(&self, stream: Stream, text: &str) -> bool {
        let mut state = self.shared.state.lock();
        if state.failed {
            return true;
        }
        state.append(stream, text);
        let has_room = state.backlog() < FULL;
        self.wake_writer(&mut state);
        has_room
    }

    /// Appends a report to standard error, unless there is a flood of them: then a line says how many
    /// were dropped.
    pub fn report(&self, text: &str) {
        let mut state = self.shared.state.lock();
        if state.failed {
            return;
        }
        if state.backlog() >= FLOOD {
            state.dropped += 1;
            return;
        }
        let dropped = std::mem::take(&mut state.dropped);
        if dropped > 0 {
            let plural = if dropped == 1 { " was" } else { "s were" };
            state.append(Stream::Err, &format!("error: {dropped} report{plural} dropped\n"));
        }
        state.append(Stream::Err, text);
        self.wake_writer(&mut state);
    }

    fn wake_writer(&self, state: &mut State) {
        if state.asleep {
            state.asleep = false;
            self.shared.text.notify_one();
        } else if let Some(sinks) = state.sinks.take() {
            let spare = Arc::new(Mutex::new(Some(sinks)));
            let (output, taken) = (self.clone(), Arc::clone(&spare));
            let thread = std::thread::Builder::new().name("rata-output".into()).spawn(move || {
                if let Some(sinks) = taken.lock().take() {
                    output.run(sinks);
                }
            });
            if thread.is_err() {
                // No thread to be had: whoever writes or flushes does the work.
                state.sinks = spare.lock().take();
                self.write_here(state);
            }
        }
    }

    /// Writes with the lock held, for want of a thread.
    fn write_here(&self, state: &mut State) {
        if let Some(sinks) = &mut state.sinks {
            let runs = std::mem::take(&mut state.waiting);
            state.failed |= !sinks.write(&runs);
        }
        state.done = state.given;
        if state.failed
            && let Some(call) = self.shared.on_failure.get()
        {
            call();
        }
    }

    /// Calls `call` when there is room, from the writer's thread; at once if there is now. It must not
    /// block.
    pub fn when_room(&self, call: Call) {
        let mut state = self.shared.state.lock();
        if state.backlog() < FULL || state.failed {
            drop(state);
            call();
        } else {
            state.callers.push(call);
        }
    }

    /// Waits until the buffer is no longer full. Blocks: for pool threads only.
    pub fn wait_for_room(&self) {
        let mut state = self.shared.state.lock();
        while state.backlog() >= FULL && !state.failed {
            self.shared.progress.wait(&mut state);
        }
    }

    /// Waits until all that was handed in before is written; false if standard output does not work.
    /// Blocks: for the main thread at the end of the program, and pool threads.
    pub fn flush(&self) -> bool {
        let mut state = self.shared.state.lock();
        let until = state.given;
        while state.done < until && !state.failed {
            self.shared.progress.wait(&mut state);
        }
        !state.failed
    }

    /// As `flush`, after which nothing more is taken.
    pub fn close(&self) -> bool {
        let worked = self.flush();
        let mut state = self.shared.state.lock();
        // What processes print after the end of the program belongs to nobody.
        state.failed = true;
        self.shared.text.notify_one();
        worked
    }

    fn run(&self, mut sinks: Sinks) {
        let mut state = self.shared.state.lock();
        while !state.failed {
            if state.waiting.is_empty() {
                state.asleep = true;
                self.shared.text.wait(&mut state);
                continue;
            }
            let runs = std::mem::take(&mut state.waiting);
            drop(state);
            let bytes: usize = runs.iter().map(|r| r.1.len()).sum();
            let well = sinks.write(&runs);
            state = self.shared.state.lock();
            state.done += bytes as u64;
            state.failed |= !well;
            self.shared.progress.notify_all();
            if !well || state.backlog() < FULL / 2 {
                let callers = std::mem::take(&mut state.callers);
                drop(state);
                if !well && let Some(call) = self.shared.on_failure.get() {
                    call();
                }
                callers.into_iter().for_each(|call| call());
                state = self.shared.state.lock();
            }
        }
    }
}

impl Sinks {
    fn write(&mut self, runs: &[(Stream, Vec<u8>)]) -> bool {
        runs.iter().all(|(stream, bytes)| match stream {
            Stream::Err => {
                let _ = self.err.write_all(bytes).and_then(|()| self.err.flush());
                true
            }
            Stream::Out => match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
                Ok(()) => true,
                Err(e) if e.kind() == ErrorKind::BrokenPipe => false,
                Err(e) => {
                    let _ = writeln!(self.err, "error: cannot write to standard output: {e}");
                    false
                }
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes a write for every message.
    struct Slow(mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn keeps_the_order_of_both_streams() {
        let kept = Kept::default();
        let output = Output::new(Box::new(kept.clone()), Box::new(kept.clone()));
        let mut expected = String::new();
        for n in 0..1000 {
            let stream = if n % 3 == 0 { Stream::Err } else { Stream::Out };
            let line = format!("{n}\n");
            assert!(output.write(stream, &line));
            expected.push_str(&line);
        }
        assert!(output.close());
        output.write(Stream::Out, "too late");
        assert!(kept.0.lock().as_slice() == expected.as_bytes());
    }

    #[test]
    fn a_slow_reader_holds_up_who_writes_and_nobody_else() {
        let (go, slow) = mpsc::channel();
        let output = Output::new(Box::new(Slow(slow)), Box::new(Kept::default()));
        let text = "x".repeat(FULL as usize);
        assert!(!output.write(Stream::Out, &text));
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        output.when_room(Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        go.send(()).unwrap();
        output.wait_for_room();
        assert!(output.flush());
        assert!(output.write(Stream::Out, "more"));
        // Nobody reads any more.
        drop(go);
        assert!(!output.flush());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        output.wait_for_room();
        output.when_room(Box::new(|| {}));
    }

    #[test]
    fn a_full_disk_is_told_once() {
        let kept = Kept::default();
        let output = Output::new(Box::new(Full), Box::new(kept.clone()));
        let (failed, failures) = mpsc::channel();
        output.on_failure(move || failed.send(()).unwrap());
        output.write(Stream::Out, "a\n");
        failures.recv().unwrap();
        output.write(Stream::Out, "b\n");
        assert!(!output.close());
        let text = String::from_utf8(kept.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("error: cannot write to standard output: "), "{text}");
    }

    #[test]
    fn a_flood_of_reports_is_counted() {
        let (go, slow) = mpsc::channel();
        let kept = Kept::default();
        let output = Output::new(Box::new(Slow(slow)), Box::new(kept.clone()));
        output.write(Stream::Out, &"x".repeat(FLOOD as usize));
        output.report("one\n");
        output.report("two\n");
        go.send(()).unwrap();
        assert!(output.flush());
        output.report("three\n");
        assert!(output.close());
        let text = String::from_utf8(kept.0.lock().clone()).unwrap();
        assert_eq!(text, "error: 2 reports were dropped\nthree\n");
    }
}
