//! Calls beyond the plain one: through values, links, fields and names.
//!
//! In: the machine at a call or tail-call instruction. Out: the machine at the entry of the callee,
//! or what is raised.

use std::ptr;
use std::sync::atomic::Ordering;

use smallvec::SmallVec;

use super::env::{Env, Exit};
use super::machine::{Args, Machine, Return};
use crate::code::function::{FnSet, Function, Target};
use crate::code::module::{Link, UNSET};
use crate::helpers::call as helper;
use crate::process::Outcome;
use crate::symbols::Symbol;
use crate::tails;
use crate::value::{View, Word};
use crate::vm::Member;

/// Argument words out of registers.
pub(crate) type Words = SmallVec<[Word; 8]>;

/// Whether a call comes back to a place, or takes the place of the frame.
#[derive(Clone, Copy)]
pub(crate) enum How {
    Call(Return),
    Tail,
}

pub(crate) type Called = Result<(), Exit>;

impl Env<'_> {
    /// Calls a function with arguments in registers; there are as many as it has parameters, or
    /// fewer.
    #[inline(always)]
    pub(crate) fn call(
        &mut self,
        m: &mut Machine,
        f: &'static Function,
        args: Args,
        how: How,
    ) -> Called {
        match how {
            How::Call(to) => {
                if m.has_room(&self.process.stack, f) {
                    m.push(f, args, to);
                } else {
                    let mut copy = *m;
                    self.call_in_chunk(&mut copy, f, args, to)?;
                    *m = copy;
                }
                m.fill_missing(f, args.len());
            }
            How::Tail => {
                let mut copy = *m;
                self.tail_call(&mut copy, f, args);
                *m = copy;
            }
        }
        Ok(())
    }

    /// Replaces the frame by one of a function with arguments in registers.
    #[inline(never)]
    pub(crate) fn tail_call(&mut self, m: &mut Machine, f: &'static Function, args: Args) {
        self.note_tail(m, f);
        let words = args.to_words();
        m.replace(&mut self.process.stack, f);
        m.fill(f, &words);
    }

    fn note_tail(&self, m: &Machine, f: &'static Function) {
        m.note_tail(tails::of_worker(), self.process.core.pid, f);
    }

    /// Calls a function in a new chunk of the stack.
    #[inline(never)]
    pub(crate) fn call_in_chunk(
        &mut self,
        m: &mut Machine,
        f: &'static Function,
        args: Args,
        to: Return,
    ) -> Called {
        if !self.may_grow(f) {
            return Err(Exit::Leave(Outcome::LimitReached));
        }
        m.push_chunk(&mut self.process.stack, f, args, to);
        Ok(())
    }

    /// Calls a function with these words.
    pub(crate) fn call_words(
        &mut self,
        m: &mut Machine,
        f: &'static Function,
        words: &[Word],
        how: How,
    ) -> Called {
        match how {
            How::Call(to) => {
                if !m.has_room(&self.process.stack, f) && !self.may_grow(f) {
                    return Err(Exit::Leave(Outcome::LimitReached));
                }
                m.push_words(&mut self.process.stack, f, words, to);
            }
            How::Tail => {
                self.note_tail(m, f);
                m.replace(&mut self.process.stack, f);
                m.fill(f, words);
            }
        }
        Ok(())
    }

    /// Calls a function value with arguments in registers.
    #[inline(always)]
    pub(crate) fn call_value(
        &mut self,
        m: &mut Machine,
        callee: Word,
        args: Args,
        how: How,
    ) -> Called {
        let value = self.process.heap.value(callee);
        if let Some(closure) = value.as_closure() {
            let set = fn_set(closure.handle());
            if let Some(f) = set.only
                && f.arity as usize == args.len()
            {
                self.call(m, f, args, how)?;
                if f.captures != 0 || f.wants_self {
                    let closure = self.process.heap.value(callee).as_closure();
                    let captures = closure.map_or(&[][..], |c| c.captures());
                    m.fill_captures(f, captures, callee);
                }
                return Ok(());
            }
        }
        let mut copy = *m;
        let words = args.to_words();
        let called = self.call_value_words(&mut copy, callee, &words, how);
        *m = copy;
        called
    }

    /// Calls a function value with these words.
    #[inline(never)]
    pub(crate) fn call_value_words(
        &mut self,
        m: &mut Machine,
        callee: Word,
        words: &[Word],
        how: How,
    ) -> Called {
        let n = words.len() as u32;
        let Some(callee) = self.function_behind(callee) else {
            return Err(helper::bad_function(&mut self.cx(), callee).into());
        };
        let value = self.process.heap.value(callee);
        match value.view() {
            View::Closure(closure) => {
                let set = fn_set(closure.handle());
                let Some(Target { function, taken }) = set.target(n) else {
                    return Err(helper::bad_arity(&mut self.cx(), callee, n).into());
                };
                self.call_words(m, function, &words[..taken as usize], how)?;
                let closure = self.process.heap.value(callee).as_closure();
                let captures = closure.map_or(&[][..], |c| c.captures());
                m.fill_captures(function, captures, callee);
                Ok(())
            }
            View::FunRef(f) => self.call_member(m, f.module, f.name, words, how),
            _ => Err(helper::bad_function(&mut self.cx(), callee).into()),
        }
    }

    /// What a name that stands for a constant's value leads to in the end, as far as that is known. A
    /// constant may hold another's name, or its own: nothing, if there are too many of them.
    fn function_behind(&self, mut callee: Word) -> Option<Word> {
        const MOST: usize = 100;
        for _ in 0..MOST {
            let Some(f) = self.process.heap.value(callee).as_funref() else { return Some(callee) };
            match self.vm.member(f.module, f.name, false) {
                Some(Member::Global(global)) => match global.get() {
                    Some(next) => callee = next,
                    None => return Some(callee),
                },
                _ => return Some(callee),
            }
        }
        None
    }

    /// Calls a member of a module by name.
    #[inline(never)]
    pub(crate) fn call_member(
        &mut self,
        m: &mut Machine,
        module: Symbol,
        name: Symbol,
        words: &[Word],
        how: How,
    ) -> Called {
        self.call_found(m, self.vm.member(module, name, false), (module, name), words, how)
    }

    fn call_found(
        &mut self,
        m: &mut Machine,
        member: Option<Member>,
        (module, name): (Symbol, Symbol),
        words: &[Word],
        how: How,
    ) -> Called {
        let n = words.len() as u32;
        match member {
            Some(Member::Functions(set)) => match set.target(n) {
                Some(Target { function, taken }) => {
                    self.call_words(m, function, &words[..taken as usize], how)
                }
                None => Err(helper::undefined_function(&mut self.cx(), module, name, n).into()),
            },
            Some(Member::Global(global)) => {
                if let Some(f) = global.get() {
                    return self.call_value_words(m, f, words, how);
                }
                // Its module is not loaded: a stub loads it, then calls.
                let heap = &self.process.heap;
                let args = heap.list(heap.values(words)).word();
                let module = Word::small_wrapping(global.module as i64);
                let number = Word::small_wrapping(global.number as i64);
                self.call_words(m, self.vm.stubs().call_global, &[module, number, args], how)
            }
            None => Err(helper::undefined_function(&mut self.cx(), module, name, n).into()),
        }
    }

    /// Calls what a link leads to.
    #[inline(always)]
    pub(crate) fn call_link(
        &mut self,
        m: &mut Machine,
        link: &'static Link,
        args: Args,
        how: How,
    ) -> Called {
        match link.function() {
            Some(f) => self.call(m, f, args, how),
            None => {
                let mut copy = *m;
                let called = self.call_unlinked(&mut copy, link, args, how);
                *m = copy;
                called
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn call_unlinked(
        &mut self,
        m: &mut Machine,
        link: &'static Link,
        args: Args,
        how: How,
    ) -> Called {
        let n = args.len() as u32;
        let member = self.vm.member(link.module, link.name, link.stdlib);
        if let Some(Member::Functions(set)) = member
            && let Some(Target { function, taken }) = set.target(n)
            && taken == n
        {
            link.function.store(ptr::from_ref(function).cast_mut(), Ordering::Release);
        }
        let words = args.to_words();
        self.call_found(m, member, (link.module, link.name), &words, how)
    }

    /// Calls `object.name(args)`.
    pub(crate) fn call_field(
        &mut self,
        m: &mut Machine,
        object: Word,
        name: Word,
        args: Args,
        how: How,
    ) -> Called {
        if let (Some(module), Some(name)) = (object.as_module(), name.as_symbol()) {
            return match self.vm.method(module, name, args.len() as u32) {
                Some(method) => self.call(m, method.function, args, how),
                None => self.call_member(m, module, name, &args.to_words(), how),
            };
        }
        let words = args.to_words();
        let callee = helper::field_function(&mut self.cx(), object, name)?;
        self.call_value_words(m, callee, &words, how)
    }

    /// Calls `f(args, names: named)`.
    pub(crate) fn call_named(
        &mut self,
        m: &mut Machine,
        callee: Word,
        args: Args,
        names: Word,
        how: How,
    ) -> Called {
        let count = self.process.heap.value(names).as_list().map_or(0, <[_]>::len);
        let (plain, named) = args.split_last(count);
        let plain = plain.to_words();
        let named = named.to_words();
        let (function, words) = helper::bind_named(&mut self.cx(), callee, &plain, names, &named)?;
        self.call_words(m, function, &words, how)?;
        if let Some(closure) = self.process.heap.value(callee).as_closure() {
            m.fill_captures(function, closure.captures(), callee);
        }
        Ok(())
    }

    /// Reads a member of another module and goes on at `to`; true: its module is not loaded, and
    /// the call that loads it has begun.
    #[cold]
    #[inline(never)]
    pub(crate) fn member(
        &mut self,
        m: &mut Machine,
        link: &'static Link,
        to: Return,
    ) -> Result<bool, Exit> {
        match self.vm.member(link.module, link.name, link.stdlib) {
            Some(Member::Functions(set)) => {
                let word = set.function_value();
                link.value.store(word.bits(), Ordering::Release);
                m.go(to);
                m.deliver(word);
                Ok(false)
            }
            Some(Member::Global(global)) => match global.get() {
                Some(word) => {
                    debug_assert!(word.bits() != UNSET);
                    link.value.store(word.bits(), Ordering::Release);
                    m.go(to);
                    m.deliver(word);
                    Ok(false)
                }
                None => {
                    self.load_global(m, global.module, Some(global.number), to)?;
                    Ok(true)
                }
            },
            None => Err(helper::undefined_member(&mut self.cx(), link.module, link.name).into()),
        }
    }

    /// Calls the stub that loads a module and returns one of its globals.
    pub(crate) fn load_global(
        &mut self,
        m: &mut Machine,
        module: u32,
        number: Option<u32>,
        to: Return,
    ) -> Called {
        let module = Word::small_wrapping(module as i64);
        let number = number.map_or(Word::NIL, |n| Word::small_wrapping(n as i64));
        self.call_words(m, self.vm.stubs().load, &[module, number], How::Call(to))
    }
}

/// The function set of a closure's handle.
pub(crate) fn fn_set(handle: usize) -> &'static FnSet {
    crate::code::function::fn_set_of(handle)
}
