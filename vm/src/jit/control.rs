//! What is compiled, and when.
//!
//! In: settings, functions that have become hot. Out: their code, published. The VM starts no thread:
//! the runtime asks for the next function and has it compiled, on a thread of its own.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::feedback::{Memory, Met, Miss, Seen};
use super::{abi, compile, enter, install};
use crate::code::exec::Ex;
use crate::code::function::{Function, fn_set_of};
use crate::helpers::fail::full_name;
use crate::interp::env::{Env, Exit};
use crate::interp::machine::Machine;
use crate::jit_settings::{Compiled, Settings};
use crate::value::{Value, Word};
use crate::vm::Vm;

/// A function is warm that was called this part of the times that make it hot.
const WARM: u64 = 16;

type Observer = Box<dyn Fn(Compiled) + Send + Sync>;
type Starter = Box<dyn FnOnce() + Send>;

/// Functions waiting to be compiled. One per VM.
pub(crate) struct Jit {
    settings: Settings,
    queue: Mutex<Queue>,
    arrived: Condvar,
    observer: OnceLock<Observer>,
    memory: Memory,
    starter: Mutex<Option<Starter>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<&'static Function>,
    closed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jit {
    pub(crate) fn new(settings: Settings) -> Jit {
        Jit {
            settings,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            observer: OnceLock::new(),
            memory: Memory::default(),
            starter: Mutex::default(),
        }
    }

    /// Whether functions that are loaded should begin with `Enter`.
    pub(crate) fn is_enabled(&self) -> bool {
        self.settings.enabled
    }

    /// Waits for a function to compile; nothing when no more will come.
    pub(crate) fn next(&self) -> Option<&'static Function> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed || !self.settings.enabled {
                return None;
            }
            if let Some(function) = queue.waiting.pop_front() {
                return Some(function);
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets who waits go.
    pub(crate) fn close(&self) {
        lock(&self.queue).closed = true;
        self.arrived.notify_all();
    }

    fn request(&self, function: &'static Function) {
        lock(&self.queue).waiting.push_back(function);
        self.arrived.notify_one();
        let starter = lock(&self.starter).take();
        if let Some(start) = starter {
            start();
        }
    }

    /// Says who is to be called when the first function has become hot.
    pub(crate) fn start_with(&self, starter: Starter) {
        *lock(&self.starter) = Some(starter);
    }

    /// Notes a wrong guess of a function's code, which stands in its own or another one's.
    pub(crate) fn missed(
        &self,
        vm: &Vm,
        [function, root]: [&'static Function; 2],
        miss: Miss,
        met: Met,
    ) {
        if !self.memory.missed([function, root], miss, met, self.settings.threshold.max(1)) {
            return;
        }
        if self.settings.synchronous {
            self.compile(vm, root);
        } else {
            self.request(root);
        }
    }

    /// Whether a function that was called so often is worth standing in the code of those that call it.
    pub(crate) fn is_warm(&self, calls: u64) -> bool {
        calls * WARM >= u64::from(self.settings.threshold)
    }

    /// What has been seen of a function's operands.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Compiles a function that has become hot, or whose guesses were wrong.
    pub(crate) fn compile(&self, vm: &Vm, function: &'static Function) {
        let Some(code) = compile::compile(vm, function) else { return };
        if let Some(observer) = self.observer.get() {
            let name = full_name(function);
            observer(Compiled { name, address: code.start, bytes: code.bytes });
        }
    }

    /// Tells of everything that is compiled from now on; there is one observer.
    pub(crate) fn observe(&self, observer: Observer) {
        // A second one is not asked for.
        let _ = self.observer.set(observer);
    }
}

/// What `Function::native` is before a function has code.
pub(crate) fn interpreted_entry() -> *mut u8 {
    abi::address(abi::interpreted_entry) as *mut u8
}

/// The machine stands behind a wait for messages, or anywhere at the beginning of a turn: goes on in
/// compiled code if the function has any that waits there.
pub(crate) fn waited(env: &mut Env<'_>, m: &mut Machine) -> Result<(), Exit> {
    let function = m.function();
    let Some(code) = install::code_of(function) else { return Ok(()) };
    if env.process.core.interpreted {
        return Ok(());
    }
    let at = function.offset(m.pc());
    match code.waits.iter().position(|&wait| wait == at) {
        Some(wait) => enter::enter_behind(env, m, code, wait + 1),
        None => Ok(()),
    }
}

/// The turn of a process ends while a receive of the function looks through many messages: that counts as many calls.
#[cold]
pub(crate) fn looped(function: &'static Function) {
    const CALLS: u64 = 64;
    let code = &function.body().code;
    if let [_, enter, counter, ..] = &code[..]
        && Ex::of(enter.load(Ordering::Relaxed)) == Ex::Enter
    {
        counter.fetch_add(CALLS, Ordering::Relaxed);
    }
}

/// The functions of those parameters that are closures of one; only of those that are read.
fn closures_among(function: &Function, m: &Machine) -> Vec<Option<&'static Function>> {
    let mut closures = vec![None; function.arity as usize];
    function.entry_info().for_each_live(function, |register| {
        if let Some(place) = closures.get_mut(register) {
            *place = only_function(m.get(register));
        }
    });
    closures
}

/// The function of a closure that has one; the word is alive.
pub(super) fn only_function(word: Word) -> Option<&'static Function> {
    let closure = Value::new(word).as_closure()?;
    fn_set_of(closure.handle()).only
}

/// The machine stands at a function's `Enter`: goes on in its code if it has any, and counts otherwise.
pub(crate) fn enter_function(env: &mut Env<'_>, m: &mut Machine) -> Result<(), Exit> {
    let function = m.function();
    if env.process.core.interpreted {
        m.next(2);
        return Ok(());
    }
    if let Some(code) = install::code_of(function) {
        return enter::enter(env, m, code);
    }
    let counter = m.cache(1);
    let count = counter.load(Ordering::Relaxed) + 1;
    counter.store(count, Ordering::Relaxed);
    let vm = env.vm;
    let settings = &vm.jit().settings;
    if count >= settings.threshold as u64 && !function.requested.swap(true, Ordering::Relaxed) {
        let params = (0..function.arity as usize).map(|i| Seen::of(m.get(i))).collect();
        vm.jit().memory.called(function, params, closures_among(function, m));
        if settings.synchronous {
            vm.jit().compile(vm, function);
            if let Some(code) = install::code_of(function) {
                return enter::enter(env, m, code);
            }
        } else {
            vm.jit().request(function);
        }
    }
    m.next(2);
    Ok(())
}
