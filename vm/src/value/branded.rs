//! Branded values: words that borrow the heap they point into, and their views.
#![allow(unsafe_code)]

use super::{Kind, Pid, Word};
use crate::data::closure::{ClosureRef, FunRef};
use crate::data::exception::ExceptionRef;
use crate::data::int::BigRef;
use crate::data::map::MapRef;
use crate::data::reference::RefRef;
use crate::data::set::SetRef;
use crate::data::string;
use crate::data::vector::VecRef;
use crate::heap::layout::{self, Tag};
use crate::heap::{Heap, HostRef, Obj};
use crate::symbols::Symbol;
use std::marker::PhantomData;

/// A value that borrows the heap it lives in, and so cannot outlive a collection.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Value<'h> {
    word: Word,
    heap: PhantomData<&'h Heap>,
}

/// What a value is, taken apart. Ranges are vectors.
#[derive(Clone, Copy)]
pub enum View<'h> {
    /// `nil`, the missing value.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// An int of at most 63 bits.
    Int(i64),
    /// An int beyond 63 bits.
    BigInt(BigRef<'h>),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'h str),
    /// A symbol.
    Symbol(Symbol),
    /// A module, by name.
    Module(Symbol),
    /// A process of this node.
    Pid(Pid),
    /// A unique reference.
    Ref(RefRef<'h>),
    /// A function with captured values.
    Closure(ClosureRef<'h>),
    /// A function by name, callable with any of its arities.
    FunRef(FunRef),
    /// A vector (of another length than one, or of collections).
    Vec(VecRef<'h>),
    /// A list.
    List(&'h [Value<'h>]),
    /// A map.
    Map(MapRef<'h>),
    /// A set.
    Set(SetRef<'h>),
    /// An exception.
    Exception(ExceptionRef<'h>),
    /// An object of the host (a table, a compiled regex, a socket).
    Host(HostRef<'h>),
}

impl<'h> Value<'h> {
    /// `nil`.
    pub const NIL: Value<'static> = Value::from_immediate(Word::NIL);
    /// `true`.
    pub const TRUE: Value<'static> = Value::from_immediate(Word::TRUE);
    /// `false`.
    pub const FALSE: Value<'static> = Value::from_immediate(Word::FALSE);

    const fn from_immediate(word: Word) -> Value<'static> {
        Value { word, heap: PhantomData }
    }

    /// The value of a word that is valid for `'h`: an immediate, or a pointer to a live object.
    #[inline(always)]
    pub(crate) const fn new(word: Word) -> Value<'h> {
        Value { word, heap: PhantomData }
    }

    /// The bare word, to be stored where it is traced as a root.
    #[inline(always)]
    pub const fn word(self) -> Word {
        self.word
    }

    /// A bool.
    #[inline(always)]
    pub const fn bool(b: bool) -> Value<'static> {
        Value::from_immediate(Word::bool(b))
    }

    /// A symbol.
    #[inline(always)]
    pub const fn symbol(s: Symbol) -> Value<'static> {
        Value::from_immediate(Word::symbol(s))
    }

    /// A module.
    #[inline(always)]
    pub const fn module(name: Symbol) -> Value<'static> {
        Value::from_immediate(Word::module(name))
    }

    /// A pid.
    #[inline(always)]
    pub const fn pid(pid: Pid) -> Value<'static> {
        Value::from_immediate(Word::pid(pid))
    }

    /// A small int, or nothing if `n` needs more than 63 bits (use [`Heap::int`] for those).
    #[inline(always)]
    pub const fn small(n: i64) -> Option<Value<'static>> {
        match Word::small(n) {
            Some(word) => Some(Value::from_immediate(word)),
            None => None,
        }
    }

    /// A count or position: always a small int, as nothing in memory has 2^62 parts.
    #[inline(always)]
    pub const fn count(n: usize) -> Value<'static> {
        Value::from_immediate(Word::small_wrapping(n as i64))
    }

    /// The small int this is.
    #[inline(always)]
    pub const fn as_small(self) -> Option<i64> {
        self.word.as_small()
    }

    /// The float this is.
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        if !self.word.is_float() {
            return None;
        }
        // SAFETY: a float pointer that is live for 'h points to a header and the eight bytes of it.
        Some(unsafe { f64::from_bits(*self.word.address().add(1)) })
    }

    /// Whether this is `nil`.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.word.is_nil()
    }

    /// The bool this is.
    #[inline(always)]
    pub const fn as_bool(self) -> Option<bool> {
        self.word.as_bool()
    }

    /// The symbol this is.
    #[inline(always)]
    pub const fn as_symbol(self) -> Option<Symbol> {
        self.word.as_symbol()
    }

    /// The name of the module this is.
    #[inline(always)]
    pub const fn as_module(self) -> Option<Symbol> {
        self.word.as_module()
    }

    /// The local pid this is.
    #[inline(always)]
    pub const fn as_pid(self) -> Option<Pid> {
        self.word.as_pid()
    }

    /// The object this points to, if it is a pointer that is no float.
    #[inline(always)]
    pub(crate) fn object(self) -> Option<Obj<'h>> {
        // SAFETY: the word of a value is a pointer to an object that lives for 'h.
        if self.word.is_object() { Some(unsafe { Obj::new(self.word.address()) }) } else { None }
    }

    /// The object this points to, if it has this tag.
    #[inline(always)]
    pub(crate) fn object_of(self, tag: Tag) -> Option<Obj<'h>> {
        self.object().filter(|o| o.tag() == tag)
    }

    /// Raw words and values of the object this points to, if it has this tag.
    #[inline(always)]
    pub(crate) fn parts_of(self, tag: Tag) -> Option<(&'h [u64], &'h [Value<'h>])> {
        self.object()?.parts_of(tag)
    }

    /// The text, if this is a string.
    #[inline]
    pub fn as_str(self) -> Option<&'h str> {
        string::text_of(self)
    }

    /// The vector, if this is one. A value that is no collection is one with a single entry:
    /// [`VecRef::of`] takes those too.
    #[inline]
    pub fn as_vec(self) -> Option<VecRef<'h>> {
        VecRef::of_vector(self)
    }

    /// The entries, if this is a list.
    #[inline(always)]
    pub fn as_list(self) -> Option<&'h [Value<'h>]> {
        self.parts_of(layout::LIST).map(|(_, entries)| entries)
    }

    /// The map, if this is one.
    #[inline]
    pub fn as_map(self) -> Option<MapRef<'h>> {
        MapRef::of(self)
    }

    /// The set, if this is one.
    #[inline]
    pub fn as_set(self) -> Option<SetRef<'h>> {
        SetRef::of(self)
    }

    /// The exception, if this is one.
    #[inline]
    pub fn as_exception(self) -> Option<ExceptionRef<'h>> {
        ExceptionRef::of(self)
    }

    /// The reference, if this is one.
    #[inline]
    pub fn as_ref(self) -> Option<RefRef<'h>> {
        RefRef::of(self)
    }

    /// The closure, if this is one.
    #[inline(always)]
    pub fn as_closure(self) -> Option<ClosureRef<'h>> {
        ClosureRef::of(self)
    }

    /// The function by name, if this is one.
    #[inline]
    pub fn as_funref(self) -> Option<FunRef> {
        FunRef::of(self)
    }

    /// The host object, if this is one.
    #[inline]
    pub fn as_host(self) -> Option<HostRef<'h>> {
        HostRef::of(self)
    }

    /// Whether this is a vector proper (not a value counting as a vector with one entry).
    #[inline]
    pub fn is_vector(self) -> bool {
        self.object().is_some_and(|o| {
            matches!(
                o.tag(),
                layout::VEC | layout::RANGE | layout::OVEC | layout::STALE | layout::STALE_RAW
            )
        })
    }

    /// Whether this is a function of either sort.
    #[inline]
    pub fn is_function(self) -> bool {
        self.object().is_some_and(|o| matches!(o.tag(), layout::CLOSURE | layout::FUNREF))
    }

    /// The kind of this value.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.word.bits() & 7 {
            0b001 => self.object().map_or(Kind::Host, Obj::kind),
            0b101 => Kind::Float,
            0b011 => Kind::Pid,
            0b111 => match (self.word.bits() >> 3) & 7 {
                0 if self.word.is_nil() => Kind::Nil,
                0 => Kind::Bool,
                1 => Kind::Symbol,
                _ => Kind::Module,
            },
            _ => Kind::Int,
        }
    }

    /// The type's name as `typeof` gives it.
    pub fn type_of(self) -> Symbol {
        match self.as_host() {
            Some(host) => host.type_name(),
            None => self.kind().name(),
        }
    }

    /// Whether a condition takes this as true; nothing if it is a vector, which is no condition
    /// (unless its one entry is a collection, which is truthy).
    pub fn truthy(self) -> Option<bool> {
        match self.view() {
            View::Nil | View::Bool(false) | View::Int(0) => Some(false),
            View::Float(f) => Some(f != 0.0),
            View::Str(s) => Some(!s.is_empty()),
            View::Vec(v) if v.len() != 1 => None,
            _ => Some(true),
        }
    }

    /// The value taken apart.
    #[inline]
    pub fn view(self) -> View<'h> {
        let word = self.word;
        match word.bits() & 7 {
            0b001 => match self.object() {
                Some(object) => object.view(),
                None => View::Nil,
            },
            0b101 => View::Float(self.as_float().unwrap_or(0.0)),
            0b011 => View::Pid(Pid::from_payload(word.bits() >> 3)),
            0b111 => {
                let payload = (word.bits() >> 6) as u32;
                match (word.bits() >> 3) & 7 {
                    0 if payload == 0 => View::Nil,
                    0 => View::Bool(payload == 2),
                    1 => View::Symbol(Symbol::from_id(payload)),
                    _ => View::Module(Symbol::from_id(payload)),
                }
            }
            _ => View::Int(word.bits() as i64 >> 1),
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::inspect::inspect(*self))
    }
}
