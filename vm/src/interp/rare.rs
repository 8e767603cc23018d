//! The instructions that are not worth a fast path, and the slow sides of some that have one.
//!
//! In: the machine at an instruction. Out: the machine where it goes on, or why the match loop is left.
#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::calls::How;
use super::env::{Env, Exit, Raised};
use super::machine::Machine;
use super::special::Field;
use crate::code::exec::{Ex, args_words};
use crate::code::function::Function;
use crate::code::module::{Global, Link, LoadState};
use crate::helpers::{construct, fail, pattern, text};
use crate::jit;
use crate::process::Outcome;
use crate::value::{Value, Word};

type Done = Result<(), Exit>;

impl Env<'_> {
    /// Executes the instruction at the machine's pc.
    #[inline(never)]
    pub(crate) fn rare(&mut self, m: &mut Machine) -> Done {
        match m.op() {
            Ex::Vector
            | Ex::Cons
            | Ex::MapKeys
            | Ex::Map
            | Ex::Set
            | Ex::Text
            | Ex::ExceptionType
            | Ex::ExceptionParts => self.make(m),
            Ex::VectorEntry | Ex::VectorRest | Ex::MapEntryAt | Ex::Prefix => self.take_apart(m),
            Ex::Field | Ex::Global | Ex::SetGlobal | Ex::Member | Ex::Define | Ex::CheckDefined => {
                self.name(m)
            }
            Ex::CallField => {
                let how = How::Call(m.after(3));
                self.call_field_at(m, how)?;
                self.called()
            }
            Ex::TailField => {
                self.call_field_at(m, How::Tail)?;
                self.called()
            }
            Ex::CallNamed => {
                let how = How::Call(m.after(3));
                self.call_named_at(m, how)?;
                self.called()
            }
            Ex::TailNamed => {
                self.call_named_at(m, How::Tail)?;
                self.called()
            }
            Ex::Reraise => Err(self.reraised(m.get(m.a())).into()),
            Ex::Fail => {
                let kind = m.ext(args_words(m.a()));
                Err(self.fail(kind, m.function(), m.args()).into())
            }
            _ => self.load(m),
        }
    }

    /// The first instruction of a function that may be compiled.
    #[inline(never)]
    pub(crate) fn enter(&mut self, m: &mut Machine) -> Done {
        jit::enter_function(self, m)
    }

    /// The machine stands behind a wait that is over, or somewhere else at the beginning of a turn: goes on in
    /// compiled code if there is any for the place.
    #[inline(never)]
    pub(crate) fn waited(&mut self, m: &mut Machine) -> Done {
        jit::waited(self, m)
    }

    /// Goes on in the compiled code that called what has returned.
    #[inline(never)]
    pub(crate) fn go_back(&mut self, m: &mut Machine) -> Done {
        jit::go_back(self, m)
    }

    /// Collections, text and parts of exceptions.
    fn make(&mut self, m: &mut Machine) -> Done {
        let at = args_words(m.a());
        let args = m.args();
        let (word, ext) = match m.op() {
            Ex::ExceptionType | Ex::ExceptionParts => {
                let helper = match m.op() {
                    Ex::ExceptionType => pattern::exception_type,
                    _ => pattern::exception_parts,
                };
                let word = self.unary(helper, m.get(m.b()))?;
                m.set(m.a(), word);
                m.next(1);
                return Ok(());
            }
            Ex::Vector => (self.many(construct::vector, args, None)?, 1),
            Ex::Cons => {
                let tail = m.get((m.ext(at) >> 16) as u16 as usize);
                (self.many(construct::cons, args, Some(tail))?, 1)
            }
            Ex::MapKeys => {
                let keys = m.constant(at + 2).word();
                (self.many(construct::map_keys, args, Some(keys))?, 3)
            }
            Ex::Map => (self.many(construct::map, args, None)?, 1),
            Ex::Set => (self.many(construct::set, args, None)?, 1),
            _ => (self.many(text::text, args, None)?, 1),
        };
        m.set(m.ext(at) as u16 as usize, word);
        m.next(at + ext);
        Ok(())
    }

    /// Patterns.
    fn take_apart(&mut self, m: &mut Machine) -> Done {
        let heap = &self.process.heap;
        let from = heap.value(m.get(m.b()));
        let (found, length) = match m.op() {
            Ex::VectorEntry => (pattern::entry(heap, from, m.count()), 2),
            Ex::VectorRest => (pattern::rest(heap, from, m.count()), 2),
            Ex::MapEntryAt => (pattern::map_entry_at(from, heap.value(m.get(m.c()))), 2),
            _ => (pattern::prefix(heap, from, m.constant(2)), 3),
        };
        match found.map(Value::word) {
            Some(word) => {
                m.set(m.a(), word);
                m.next(length);
            }
            None if matches!(m.op(), Ex::VectorEntry | Ex::VectorRest) => {
                return Err(fail::no_entry(&self.cx(), "a vector").word().into());
            }
            None => m.jump_ext(),
        }
        Ok(())
    }

    /// Fields, constants and members of modules, definitions of scripts.
    fn name(&mut self, m: &mut Machine) -> Done {
        match m.op() {
            Ex::Field => match self.field(m.get(m.b()), m.constant(1).word(), m.cache(2))? {
                Field::Value(word) => {
                    m.set(m.a(), word);
                    m.next(4);
                }
                Field::Load(module, number) => {
                    let to = m.after_words(4);
                    self.load_global(m, module, Some(number), to)?;
                    return self.called();
                }
            },
            Ex::Global => {
                // SAFETY: the next word is a global of the module.
                let global = unsafe { m.object::<Global>(1) };
                let to = m.after_words(3);
                self.load_global(m, global.module, Some(global.number), to)?;
                return self.called();
            }
            Ex::SetGlobal => {
                // SAFETY: the next word is a global of the module.
                let global = unsafe { m.object::<Global>(1) };
                // What is frozen stays for ever: a loop must not freeze more and more.
                if global.get().is_some() {
                    return Err(fail::set_twice(&self.cx(), global).word().into());
                }
                let value = self.process.heap.value(m.get(m.a()));
                let frozen = crate::heap::freeze(value).word();
                global.word.store(frozen.bits(), Ordering::Release);
                m.next(2);
            }
            Ex::Member => {
                // SAFETY: the next word is a link of the module.
                let link = unsafe { m.object::<Link>(1) };
                let to = m.after_words(3);
                if self.member(m, link, to)? {
                    return self.called();
                }
            }
            op => {
                // SAFETY: the next word is a function of the module.
                let f = unsafe { m.object::<Function>(1) };
                if op == Ex::Define {
                    f.defined.store(true, Ordering::Release);
                } else if !f.defined.load(Ordering::Acquire) {
                    return Err(fail::not_defined(&self.cx(), f).word().into());
                }
                m.next(2);
            }
        }
        Ok(())
    }

    /// What the stubs are made of: calls of lists, loading modules.
    fn load(&mut self, m: &mut Machine) -> Done {
        let (a, to) = (m.get(m.a()), m.after_words(2));
        match m.op() {
            Ex::Apply => {
                return if self.apply(m)? { self.called() } else { Ok(()) };
            }
            Ex::LoadBegin => return self.load_begin(m),
            Ex::LoadRun => {
                let module = self.vm.module_of(a);
                if let Some(&init) = module.and_then(|module| module.init.get()) {
                    self.call_words(m, init, &[], How::Call(to))?;
                    return self.called();
                }
                m.next(2);
            }
            Ex::LoadEnd | Ex::LoadFailed => {
                self.end_load(a, m.op() == Ex::LoadEnd);
                m.next(1);
            }
            Ex::LoadedGlobal => {
                let word = self.loaded_global(m.get(m.b()), m.get(m.c()))?;
                m.set(m.a(), word);
                m.next(1);
            }
            Ex::LoadGlobal => {
                let words = [a, m.get(m.b())];
                self.call_words(m, self.vm.stubs().load, &words, How::Call(to))?;
                return self.called();
            }
            Ex::LoadNext => match self.next_module(a, m.get(m.b())) {
                Some((module, position)) => {
                    m.set(m.b(), position);
                    let to = m.after_words(3);
                    self.call_words(m, self.vm.stubs().load, &[module, Word::NIL], How::Call(to))?;
                    return self.called();
                }
                None => m.jump_ext(),
            },
            _ => return Err(Raised::new(fail::broken(&self.cx()).word()).into()),
        }
        Ok(())
    }

    /// Begins to load a module, unless that has been done or is being done.
    fn load_begin(&mut self, m: &mut Machine) -> Done {
        let module = self.vm.module_of(m.get(m.a()));
        let pid = Word::pid(self.process.core.pid).bits();
        match module.map(|module| (module, module.begin(pid))) {
            None | Some((_, LoadState::Loaded)) => m.jump_ext(),
            Some((module, LoadState::Unloaded)) => {
                self.process.core.cold().loading.push(module);
                m.next(2);
            }
            Some((module, LoadState::Loading(other))) if other == pid => {
                return Err(fail::load_cycle(&self.cx(), module).word().into());
            }
            Some((module, LoadState::Loading(_))) => {
                m.save(&mut self.process.stack);
                return Err(Exit::Leave(Outcome::WaitForModule(Box::new(module.index))));
            }
        }
        Ok(())
    }
}
