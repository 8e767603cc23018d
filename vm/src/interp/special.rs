//! The less frequent instructions: what the match loop hands over whole.
//!
//! In: the machine at an instruction, or its operands. Out: a word, a push, what is raised.

use std::sync::atomic::AtomicU64;

use smallvec::SmallVec;

use super::calls::{Called, How, Words};
use super::env::{Env, Exit, Values};
use super::machine::{Args, Machine};
use crate::code::exec::args_words;
use crate::code::function::Function;
use crate::code::types::RtType;
use crate::data::map::Shape;
use crate::heap::layout;
use crate::helpers::{access, call as helper, fail};
use crate::symbols::Symbol;
use crate::value::{Value, Word};
use crate::vm::Member;

impl Env<'_> {
    /// `object.name(args)`; the machine is at the instruction.
    #[inline(never)]
    pub(crate) fn call_field_at(&mut self, m: &mut Machine, how: How) -> Called {
        let at = args_words(m.a());
        let object = m.get(m.ext(at) as u16 as usize);
        let name = m.constant(at + 1).word();
        let args = m.args();
        self.call_field(m, object, name, args, how)
    }

    /// `f(args, names: named)`; the machine is at the instruction.
    #[inline(never)]
    pub(crate) fn call_named_at(&mut self, m: &mut Machine, how: How) -> Called {
        let at = args_words(m.a());
        let callee = m.get(m.ext(at) as u16 as usize);
        let names = m.constant(at + 1).word();
        let args = m.args();
        self.call_named(m, callee, args, names, how)
    }

    /// What a `Fail` raises.
    #[inline(never)]
    pub(crate) fn fail(&mut self, kind: u64, function: &Function, args: Args) -> Word {
        let cx = self.cx();
        let heap = cx.heap();
        let values: Values<'_> = args.words().map(|w| heap.value(w)).collect();
        fail::failure(&cx, kind, function, &values).word()
    }

    /// A closure with captures in registers.
    #[inline(never)]
    pub(crate) fn closure(&mut self, handle: usize, args: Args) -> Word {
        let heap = &self.process.heap;
        let capture = |i| heap.value(args.get(i));
        heap.object_from(layout::CLOSURE, &[handle as u64], args.len(), capture).word()
    }

    /// A value that is not of the declared type.
    #[cold]
    #[inline(never)]
    pub(crate) fn type_mismatch(
        &mut self,
        function: &Function,
        what: Value<'_>,
        ty: &RtType,
        word: Word,
    ) -> Word {
        let cx = self.cx();
        fail::type_mismatch(&cx, function, what, ty, cx.heap().value(word)).word()
    }

    /// A list of values in registers.
    #[inline(always)]
    pub(crate) fn list(&mut self, args: Args) -> Word {
        let heap = &self.process.heap;
        match args.len() {
            0 => crate::data::list::empty().word(),
            n => heap.object_from(layout::LIST, &[], n, |i| heap.value(args.get(i))).word(),
        }
    }

    /// A map of a shape with values in registers.
    #[inline(never)]
    pub(crate) fn shaped_map(&mut self, shape: &Shape, args: Args) -> Word {
        let heap = &self.process.heap;
        debug_assert!(shape.len() == args.len());
        let value = |i| heap.value(args.get(i));
        heap.object_from(layout::MAP, &[shape.id() as u64], args.len(), value).word()
    }

    /// `m.name` of a map or a module.
    #[inline(never)]
    pub(crate) fn field(&mut self, m: Word, name: Word, cache: &AtomicU64) -> Result<Field, Word> {
        let mut cx = self.cx();
        let m = cx.heap().value(m);
        match (m.as_module(), name.as_symbol()) {
            (Some(module), Some(name)) => self.module_member(module, name),
            (None, Some(name)) => {
                let found = access::field(&mut cx, m, name, Some(cache));
                super::env::words(found).map(Field::Value)
            }
            (_, None) => Err(cx.type_error("a name expected").word()),
        }
    }

    /// `m.name` of a module: its function as a value, or its constant.
    fn module_member(&mut self, module: Symbol, name: Symbol) -> Result<Field, Word> {
        match self.vm.member(module, name, false) {
            Some(Member::Functions(set)) => Ok(Field::Value(set.function_value())),
            Some(Member::Global(global)) => Ok(match global.get() {
                Some(word) => Field::Value(word),
                None => Field::Load(global.module, global.number),
            }),
            None => Err(helper::undefined_member(&mut self.cx(), module, name).value),
        }
    }

    /// Replaces the frame by a call given as lists, or as a function alone. False: there was nothing to call, nil was
    /// returned.
    pub(crate) fn apply(&mut self, m: &mut Machine) -> Result<bool, Exit> {
        let (a, list) = (m.get(m.a()), m.get(m.b()));
        let heap = &self.process.heap;
        let entries = |word: Word| -> Words {
            heap.value(word).as_list().unwrap_or(&[]).iter().map(|v| v.word()).collect()
        };
        let (callee, words): (Word, SmallVec<[Word; 8]>) = match m.c() {
            0 => (a, entries(list)),
            _ if a.is_nil() => {
                m.ret(Word::NIL);
                return Ok(false);
            }
            _ if heap.value(a).as_list().is_none() => (a, SmallVec::new()),
            _ => {
                let all = entries(a);
                let Some((&callee, words)) = all.split_first() else {
                    m.ret(Word::NIL);
                    return Ok(false);
                };
                (callee, words.into())
            }
        };
        self.call_value_words(m, callee, &words, How::Tail)?;
        Ok(true)
    }

    /// The init of a module has ended, well or not.
    pub(crate) fn end_load(&mut self, module: Word, well: bool) {
        let Some(module) = self.vm.module_of(module) else { return };
        if let Some(cold) = &mut self.process.core.cold {
            cold.loading.retain(|other| other.index != module.index);
        }
        // Others see that it is loaded, and may tell.
        self.host.before_effect();
        if well { module.finish() } else { module.abandon() }
    }

    /// A global of a module that is loaded now.
    pub(crate) fn loaded_global(&mut self, module: Word, number: Word) -> Result<Word, Word> {
        let Some(number) = number.as_small() else { return Ok(Word::NIL) };
        let module = self.vm.module_of(module);
        let global = module.and_then(|module| module.globals.get(number as usize));
        match global.and_then(|global| global.get()) {
            Some(word) => Ok(word),
            None => {
                let name = global.map_or("", |g| g.name.lasting_text());
                let text = format!("the constant {name} was not set while its module was loaded");
                Err(self.cx().runtime_error(&text).word())
            }
        }
    }

    /// The module at a position of a list, and the next position.
    pub(crate) fn next_module(&self, list: Word, position: Word) -> Option<(Word, Word)> {
        let at = position.as_small()?;
        let modules = self.process.heap.value(list).as_list()?;
        let module = modules.get(at as usize)?.word();
        Some((module, Word::small_wrapping(at + 1)))
    }
}

/// What a field of a module is.
pub(crate) enum Field {
    Value(Word),
    /// A constant: module and number. The module has to be loaded first.
    Load(u32, u32),
}
