//! One instruction at a time: how compiled code has done what it does not do itself.
//!
//! In: a machine whose registers are an image of those the instruction names. Out: the machine at the next
//! instruction, its result written. Only instructions that neither call nor wait come here; whatever
//! cannot be done without more is refused, and has not been done: the interpreter's loop does it then.
#![allow(unsafe_code)]

use super::env::{Env, Exit, Raised};
use super::machine::Machine;
use crate::code::emit::SwitchTable;
use crate::code::exec::{Ex, args_words};
use crate::code::function::Function;
use crate::code::module::{Global, Link};
use crate::code::types::RtType;
use crate::data::map::Shape;
use crate::helpers::{access, arith, construct, pattern, types};
use crate::value::{Value, Word};
use std::sync::atomic::Ordering;

type Done = Result<(), Exit>;

/// The answer to instructions that are not done here.
fn refused() -> Exit {
    Exit::Raise(Raised::new(Word::NIL))
}

impl Env<'_> {
    /// Executes the instruction at the machine's pc.
    pub(crate) fn single(&mut self, m: &mut Machine) -> Done {
        match m.op() {
            Ex::Vector | Ex::Cons | Ex::Map | Ex::Set | Ex::Text => self.rare(m),
            Ex::ExceptionType | Ex::ExceptionParts => self.rare(m),
            Ex::VectorEntry | Ex::VectorRest | Ex::MapEntryAt | Ex::Prefix => self.rare(m),
            Ex::List | Ex::MapKeys | Ex::Closure | Ex::Range | Ex::Neg | Ex::Not | Ex::Field => {
                self.value_at(m)
            }
            Ex::Switch
            | Ex::UnlessConst
            | Ex::UnlessMap
            | Ex::UnlessVector
            | Ex::UnlessLonger
            | Ex::Uncons
            | Ex::UnlessType
            | Ex::MapEntry
            | Ex::CheckType => self.test_at(m),
            Ex::Global | Ex::Member | Ex::CheckDefined => self.known_at(m),
            _ => Err(refused()),
        }
    }

    /// Instructions that make a value.
    fn value_at(&mut self, m: &mut Machine) -> Done {
        let at = args_words(m.a());
        let (word, d, length) = match m.op() {
            Ex::List => (self.list(m.args()), m.ext(at), at + 1),
            Ex::MapKeys if m.ext(at + 1) != 0 => {
                // SAFETY: the word is a shape with as many keys as there are values.
                let shape = unsafe { m.object::<Shape>(at + 1) };
                (self.shaped_map(shape, m.args()), m.ext(at), at + 3)
            }
            Ex::MapKeys => return self.rare(m),
            Ex::Closure => (self.closure(m.ext(at + 1) as usize, m.args()), m.ext(at), at + 2),
            Ex::Range => {
                let word = self.binary(construct::range, m.get(m.b()), m.get(m.c()))?;
                (word, m.a() as u64, 1)
            }
            Ex::Neg => (self.unary(arith::neg, m.get(m.b()))?, m.a() as u64, 1),
            Ex::Not => (Word::bool(!self.truth(m.get(m.b()))?), m.a() as u64, 1),
            _ => {
                let map = self.process.heap.value(m.get(m.b()));
                let word = match (access::cached_field(map, m.cached(2)), map.as_map()) {
                    (Some(value), _) => value.word(),
                    (None, Some(map)) => {
                        let name = m.constant(1).as_symbol().ok_or_else(refused)?;
                        let found = access::field_of(map, name, Some(m.cache(2)));
                        found.ok_or_else(refused)?.word()
                    }
                    (None, None) => return Err(refused()),
                };
                (word, m.a() as u64, 4)
            }
        };
        m.set(d as u16 as usize, word);
        m.next(length);
        Ok(())
    }

    /// Instructions that jump unless a value is as wanted, and take it apart.
    fn test_at(&mut self, m: &mut Machine) -> Done {
        let heap = &self.process.heap;
        let value = heap.value(m.get(match m.op() {
            Ex::Uncons => m.c(),
            Ex::MapEntry => m.b(),
            _ => m.a(),
        }));
        let (holds, length) = match m.op() {
            Ex::Switch => {
                // SAFETY: the word after a Switch is its table.
                let table = unsafe { m.object::<SwitchTable>(1) };
                m.jump(pattern::switch(heap, table, value.word()) as i64);
                return Ok(());
            }
            Ex::UnlessConst => (self.same(m.get(m.a()), m.constant(2).word())?, 3),
            Ex::UnlessMap => (value.as_map().is_some(), 2),
            Ex::UnlessVector => (pattern::length(value) == Some(m.count()), 2),
            Ex::UnlessLonger => (pattern::length(value).is_some_and(|n| n >= m.count()), 2),
            Ex::UnlessType | Ex::CheckType => {
                let at = if m.op() == Ex::UnlessType { 2 } else { 1 };
                // SAFETY: the word is a type of the module.
                let holds = types::matches(heap, value, unsafe { m.object::<RtType>(at) });
                if m.op() == Ex::CheckType && !holds {
                    return Err(refused());
                }
                (holds, 3)
            }
            Ex::Uncons => {
                let parts = pattern::uncons(heap, value);
                if let Some((head, tail)) = parts.map(|(h, t)| (h.word(), t.word())) {
                    m.set(m.a(), head);
                    m.set(m.b(), tail);
                }
                (parts.is_some(), 2)
            }
            _ => {
                let found = access::cached_field(value, m.cached(3));
                let found = found.or_else(|| pattern::map_entry(value, m.constant(2), m.cache(3)));
                if let Some(word) = found.map(Value::word) {
                    m.set(m.a(), word);
                }
                (found.is_some(), 4)
            }
        };
        if holds {
            m.next(length)
        } else {
            m.jump_ext()
        }
        Ok(())
    }

    /// What is there already of modules.
    fn known_at(&mut self, m: &mut Machine) -> Done {
        // SAFETY: the next word is a global, a link, a function of the module.
        let word = unsafe {
            match m.op() {
                Ex::Global => m.object::<Global>(1).get(),
                Ex::Member => m.object::<Link>(1).value(),
                _ if m.object::<Function>(1).defined.load(Ordering::Acquire) => {
                    m.next(2);
                    return Ok(());
                }
                _ => None,
            }
        };
        m.set(m.a(), word.ok_or_else(refused)?);
        m.next(3);
        Ok(())
    }
}
