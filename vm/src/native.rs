//! What a native function sees and what it may answer.
//!
//! A native is a plain function `fn(&mut Cx<'h, '_>, &[Value<'h>]) -> Native<'h>`. Values live as
//! long as the heap stays shared-borrowed, and only `Heap::collect(&mut self)` moves objects, so a
//! native can never hold a value across a collection. What must outlive the native's turn goes
//! into a [`Resume`], whose words are traced.
//!
//! A native that works on user data charges for it (`cx.charge(n)`) and, when it may take long,
//! looks at `cx.out_of_budget()` now and then and answers `Native::suspend`. The interpreter then
//! ends the turn, collects if that is due, and calls `resume` at the process's next turn.

use std::any::Any;

use rata_bytecode::natives;
use smallvec::SmallVec;

use crate::data::exception;
use crate::hash::take_work;
use crate::heap::{Edit, Heap, RawEdit};
use crate::process::Core;
use crate::symbols::{Symbol, sym};
use crate::value::{Value, Word};
use crate::vm::Vm;

/// A native function.
pub type NativeFn = for<'h> fn(&mut Cx<'h, '_>, &[Value<'h>]) -> Native<'h>;

/// A result, or the value that is raised.
pub type Res<'h> = Result<Value<'h>, Value<'h>>;

/// What a native answers. Two words, so that they come back in registers: calls of natives are most of what
/// programs do.
pub enum Native<'h> {
    /// The call's value.
    Value(Value<'h>),
    /// Do the edit that was laid down ([`Cx::edit`]); the call's value is what comes of it.
    Edit,
    /// Raise this (an exception or any value).
    Raise(Value<'h>),
    /// The process ends with this reason; runs no catch but the one that takes exits.
    Exit(Value<'h>),
    /// Go on in another way.
    Other(Box<Other<'h>>),
}

/// Arguments of a call that a native asks for.
pub type Arguments<'h> = SmallVec<[Value<'h>; 4]>;

/// What a native answers rarely.
pub enum Other<'h> {
    /// Go on as a tail call of this function value with these arguments.
    Call(Value<'h>, Arguments<'h>),
    /// The budget is used up: go on with the state at the process's next turn.
    Suspend(Box<dyn Resume>),
    /// Work that blocks: a thread of the pool runs it, what it makes is resumed on the process.
    Offload(Box<dyn Job>),
    /// Drop all frames (and what would be caught in them), collect, wait for a message without
    /// taking it, then call this function with these arguments: `Process.hibernate`.
    Hibernate(Value<'h>, Arguments<'h>),
}

impl<'h> Native<'h> {
    /// See [`Other::Call`].
    pub fn call(f: Value<'h>, args: Arguments<'h>) -> Native<'h> {
        Native::Other(Box::new(Other::Call(f, args)))
    }

    /// See [`Other::Suspend`].
    pub fn suspend(state: Box<dyn Resume>) -> Native<'h> {
        Native::Other(Box::new(Other::Suspend(state)))
    }

    /// See [`Other::Offload`].
    pub fn offload(job: Box<dyn Job>) -> Native<'h> {
        Native::Other(Box::new(Other::Offload(job)))
    }

    /// See [`Other::Hibernate`].
    pub fn hibernate(f: Value<'h>, args: Arguments<'h>) -> Native<'h> {
        Native::Other(Box::new(Other::Hibernate(f, args)))
    }
}

impl<'h> From<Res<'h>> for Native<'h> {
    fn from(result: Res<'h>) -> Native<'h> {
        match result {
            Ok(value) => Native::Value(value),
            Err(raised) => Native::Raise(raised),
        }
    }
}

/// The state of a native that goes on later.
pub trait Resume: Send {
    /// Goes on.
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h>;
    /// Shows every word it holds to the collector, which may replace it.
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word));
}

/// Work for the pool of blocking threads. It holds no words of the process's heap: what it needs
/// was taken out before (text, bytes, numbers).
pub trait Job: Send {
    /// Does the work, on any thread; what it returns is resumed on the process.
    fn run(self: Box<Self>) -> Box<dyn Resume>;
}

/// What the interpreter asks of whoever runs it.
pub trait Host {
    /// The runtime's own host type, for its natives: these may do anything that others can see.
    fn as_any(&mut self) -> &mut dyn Any;
    /// The same for a native that sends messages, and keeps their order with everything else itself.
    fn as_sender(&mut self) -> &mut dyn Any {
        self.as_any()
    }
    /// The process is about to do what others can see without having been sent a signal.
    fn before_effect(&mut self) {}
    /// Moves what has arrived for this process into `core.mailbox`. Called before a receive
    /// waits (so that `after 0` sees what was sent before).
    fn poll(&mut self, core: &mut Core) -> Poll;
    /// The process is about to be busy for milliseconds without a chance to end its turn.
    fn before_pause(&mut self) {}
}

/// What [`Host::poll`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Poll {
    /// Nothing new.
    Nothing,
    /// At least one message was pushed.
    Messages,
    /// A signal that ends the process, or that only the runtime can handle: the turn ends with
    /// `Outcome::Yield`.
    Signal,
}

/// What a native works with: the heap, the process's private part, the VM and the host.
pub struct Cx<'h, 'p> {
    heap: &'h Heap,
    /// The process's private part beside the heap.
    pub core: &'p mut Core,
    vm: &'p Vm,
    host: &'p mut dyn Host,
    /// See [`Cx::edit`].
    pub(crate) edit: Option<RawEdit>,
}

impl<'h, 'p> Cx<'h, 'p> {
    /// Puts a context together. What was hashed since the last one is charged: about 40 ns to a
    /// reduction, so that no turn becomes long by large keys.
    #[inline]
    pub fn new(
        heap: &'h Heap,
        core: &'p mut Core,
        vm: &'p Vm,
        host: &'p mut dyn Host,
    ) -> Cx<'h, 'p> {
        core.charge(take_work().0 / 4);
        Cx { heap, core, vm, host, edit: None }
    }

    /// The heap, to allocate in: `cx.heap().string("…")` and so on.
    #[inline]
    pub fn heap(&self) -> &'h Heap {
        self.heap
    }

    /// Lays down an edit in place, done when the native has returned what this gives.
    #[inline]
    pub fn edit(&mut self, edit: Edit<'h>) -> Native<'h> {
        self.edit = Some(edit.raw);
        Native::Edit
    }

    /// The loaded code.
    pub fn vm(&self) -> &'p Vm {
        self.vm
    }

    /// The host, as the runtime's type.
    pub fn host<H: Host + 'static>(&mut self) -> Option<&mut H> {
        self.host.as_any().downcast_mut::<H>()
    }

    /// To be called before something is done that other processes can see, without asking for the host.
    #[inline]
    pub fn before_effect(&mut self) {
        self.host.before_effect();
    }

    /// The host and the process's private part at once, for a native that sends ([`Host::as_sender`]).
    pub fn sender_and_core<H: Host + 'static>(&mut self) -> Option<(&mut H, &mut Core)> {
        let host = self.host.as_sender().downcast_mut::<H>()?;
        Some((host, self.core))
    }

    /// Charges `n` reductions (one for about 20 ns of work… a hundred list entries touched).
    #[inline]
    pub fn charge(&mut self, n: u64) {
        self.core.charge(n.saturating_add(take_work().0 / 4));
    }

    /// Whether the turn's budget is used up: a native in a long loop must now suspend.
    #[inline]
    pub fn out_of_budget(&self) -> bool {
        self.core.budget <= 0
    }

    /// An exception of any type.
    pub fn error(&self, kind: Symbol, message: &str) -> Value<'h> {
        exception::new(self.heap, kind, message)
    }

    /// `:type_error`.
    pub fn type_error(&self, message: &str) -> Value<'h> {
        self.error(sym::TYPE_ERROR, message)
    }

    /// `:value_error`.
    pub fn value_error(&self, message: &str) -> Value<'h> {
        self.error(sym::VALUE_ERROR, message)
    }

    /// `:argument_error` of the named function, as `Vector.head: …`.
    pub fn argument_error(&self, function: &str, message: &str) -> Value<'h> {
        self.error(sym::ARGUMENT_ERROR, &format!("{function}: {message}"))
    }

    /// `:index_error`.
    pub fn index_error(&self, message: &str) -> Value<'h> {
        self.error(sym::INDEX_ERROR, message)
    }

    /// `:key_error`.
    pub fn key_error(&self, message: &str) -> Value<'h> {
        self.error(sym::KEY_ERROR, message)
    }

    /// `:runtime_error`.
    pub fn runtime_error(&self, message: &str) -> Value<'h> {
        self.error(sym::RUNTIME_ERROR, message)
    }
}

/// The position of a native in the table, which is also its position in the VM's.
pub fn native_index(name: &str, arity: u32) -> Option<usize> {
    natives::find(name, arity).map(|index| index as usize)
}
