//! Tagged 64-bit words and the branded values made of them.
//!
//! In: a word read from a register, a heap object or a message. Out: what it means (`View`, `Kind`),
//! without the reader ever touching a bit or a pointer.
//!
//! | low bits | meaning |
//! |---|---|
//! | `…0` | small int, 63 bits: `n << 1` |
//! | `…001` | pointer to a heap object (address + 1) |
//! | `…101` | pointer to a boxed float (address + 5) |
//! | `…011` | local pid: serial (35 bits), process-table slot (26 bits) |
//! | `…111` | bits 3..6: 0 special (0 nil, 1 false, 2 true), 1 symbol, 2 module; payload `w >> 6` |
//!
//! **The rule that makes this sound.** A `Value<'h>` borrows its heap for `'h`; only
//! `Heap::collect(&mut self)` moves objects, so no `Value` survives a collection. A bare [`Word`] has
//! no such borrow: whoever stores one (register, mailbox, suspended native) must report it to every
//! collection of its heap as a root, and only then may turn it back into a value with
//! [`Heap::value`](crate::heap::Heap::value). Values of two heaps are never mixed; what goes from one
//! to another goes through a [`Fragment`](crate::heap::Fragment).
#![allow(unsafe_code)]

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
use crate::symbols::{Symbol, sym};
use std::marker::PhantomData;

/// One machine word of a rata value, as it lies in registers and heap objects.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Word(u64);

impl Word {
    /// The word of `nil`.
    pub const NIL: Word = Word(0b111);
    /// The word of `false`.
    pub const FALSE: Word = Word(1 << 6 | 0b111);
    /// The word of `true`.
    pub const TRUE: Word = Word(2 << 6 | 0b111);
    /// The smallest small int, -2^62.
    pub const MIN_SMALL: i64 = i64::MIN >> 1;
    /// The largest small int, 2^62 - 1.
    pub const MAX_SMALL: i64 = i64::MAX >> 1;

    /// The word with these bits. The bits must be those of a word that is valid where it is used.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Word {
        Word(bits)
    }

    /// The bits of this word.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The word of a small int, or nothing if `n` needs more than 63 bits.
    #[inline(always)]
    pub const fn small(n: i64) -> Option<Word> {
        if (n << 1) >> 1 == n { Some(Word((n << 1) as u64)) } else { None }
    }

    /// The word of an int known to fit 63 bits.
    #[inline(always)]
    pub const fn small_wrapping(n: i64) -> Word {
        Word((n << 1) as u64)
    }

    /// The word of a bool.
    #[inline(always)]
    pub const fn bool(b: bool) -> Word {
        Word(((b as u64 + 1) << 6) | 0b111)
    }

    /// The word of a symbol.
    #[inline(always)]
    pub const fn symbol(s: Symbol) -> Word {
        Word((s.id() as u64) << 6 | 1 << 3 | 0b111)
    }

    /// The word of the module with this name.
    #[inline(always)]
    pub const fn module(name: Symbol) -> Word {
        Word((name.id() as u64) << 6 | 2 << 3 | 0b111)
    }

    /// The word of a local pid.
    #[inline(always)]
    pub const fn pid(pid: Pid) -> Word {
        Word(pid.0 << 3 | 0b011)
    }

    /// Whether this is a small int.
    #[inline(always)]
    pub const fn is_small(self) -> bool {
        self.0 & 1 == 0
    }

    /// The small int this word is.
    #[inline(always)]
    pub const fn as_small(self) -> Option<i64> {
        if self.is_small() { Some(self.0 as i64 >> 1) } else { None }
    }

    /// Whether this word points to an object (floats included).
    #[inline(always)]
    pub const fn is_pointer(self) -> bool {
        self.0 & 3 == 1
    }

    /// Whether this word points to a boxed float.
    #[inline(always)]
    pub const fn is_float(self) -> bool {
        self.0 & 7 == 5
    }

    /// Whether this word points to an object that is no float.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & 7 == 1
    }

    /// Whether this is `nil`.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.0 == Word::NIL.0
    }

    /// The bool this word is.
    #[inline(always)]
    pub const fn as_bool(self) -> Option<bool> {
        match self {
            Word::TRUE => Some(true),
            Word::FALSE => Some(false),
            _ => None,
        }
    }

    /// The symbol this word is.
    #[inline(always)]
    pub const fn as_symbol(self) -> Option<Symbol> {
        if self.0 & 63 == 1 << 3 | 7 { Some(Symbol::from_id((self.0 >> 6) as u32)) } else { None }
    }

    /// The name of the module this word is.
    #[inline(always)]
    pub const fn as_module(self) -> Option<Symbol> {
        if self.0 & 63 == 2 << 3 | 7 { Some(Symbol::from_id((self.0 >> 6) as u32)) } else { None }
    }

    /// The local pid this word is.
    #[inline(always)]
    pub const fn as_pid(self) -> Option<Pid> {
        if self.0 & 7 == 3 { Some(Pid(self.0 >> 3)) } else { None }
    }

    /// The address this pointer word points to.
    #[inline(always)]
    pub(crate) const fn address(self) -> *mut u64 {
        (self.0 & !7) as *mut u64
    }

    /// The word pointing to an object (not a float) at this address.
    #[inline(always)]
    pub(crate) fn object(address: *mut u64) -> Word {
        Word(address as u64 | 1)
    }

    /// The word pointing to a boxed float at this address.
    #[inline(always)]
    pub(crate) fn float(address: *mut u64) -> Word {
        Word(address as u64 | 5)
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.as_small(), self.as_symbol()) {
            (Some(n), _) => write!(f, "Word({n})"),
            (_, Some(s)) => write!(f, "Word(:{})", s.text()),
            _ => write!(f, "Word({:#x})", self.0),
        }
    }
}

/// A process of this node: its creation serial and its slot in the process table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Pid(u64);

impl Pid {
    /// Bits of the payload that hold the slot.
    pub const SLOT_BITS: u32 = 26;
    /// Bits of the payload that hold the serial.
    pub const SERIAL_BITS: u32 = 35;

    /// The pid of the `serial`-th process created, which lives in `slot`.
    pub const fn new(serial: u64, slot: u32) -> Pid {
        let serial = serial & ((1 << Pid::SERIAL_BITS) - 1);
        Pid(serial << Pid::SLOT_BITS | (slot as u64 & ((1 << Pid::SLOT_BITS) - 1)))
    }

    /// Which process of this node it was, counted from the first.
    pub const fn serial(self) -> u64 {
        self.0 >> Pid::SLOT_BITS
    }

    /// Its slot in the process table.
    pub const fn slot(self) -> u32 {
        (self.0 & ((1 << Pid::SLOT_BITS) - 1)) as u32
    }
}

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

/// The type of an entry: what `typeof` tells, and what the entries of a vector have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The kind of an empty vector's entries; no value has it.
    Empty = 0,
    /// Only `nil`.
    Nil = 1,
    /// Ints, small and big.
    Int = 2,
    /// Floats.
    Float = 3,
    /// Bools.
    Bool = 4,
    /// Strings.
    Str = 5,
    /// Symbols.
    Symbol = 6,
    /// References.
    Ref = 7,
    /// Functions.
    Fn = 8,
    /// Pids.
    Pid = 9,
    /// Modules.
    Module = 10,
    /// Exceptions.
    Exception = 11,
    /// Lists.
    List = 12,
    /// Maps.
    Map = 13,
    /// Vectors (of another length than one, or of collections).
    Vector = 14,
    /// Sets.
    Set = 15,
    /// Tables.
    Table = 16,
    /// Other objects of the host.
    Host = 17,
}

impl Kind {
    /// All kinds, in order of their numbers.
    pub const ALL: [Kind; 18] = [
        Kind::Empty,
        Kind::Nil,
        Kind::Int,
        Kind::Float,
        Kind::Bool,
        Kind::Str,
        Kind::Symbol,
        Kind::Ref,
        Kind::Fn,
        Kind::Pid,
        Kind::Module,
        Kind::Exception,
        Kind::List,
        Kind::Map,
        Kind::Vector,
        Kind::Set,
        Kind::Table,
        Kind::Host,
    ];

    /// The name `typeof` gives.
    pub const fn name(self) -> Symbol {
        match self {
            Kind::Empty | Kind::Vector => sym::VECTOR,
            Kind::Nil => sym::NIL,
            Kind::Int => sym::INT,
            Kind::Float => sym::FLOAT,
            Kind::Bool => sym::BOOL,
            Kind::Str => sym::STRING,
            Kind::Symbol => sym::SYMBOL,
            Kind::Ref => sym::REF,
            Kind::Fn => sym::FUNCTION,
            Kind::Pid => sym::PID,
            Kind::Module => sym::MODULE,
            Kind::Exception => sym::EXCEPTION,
            Kind::List => sym::LIST,
            Kind::Map => sym::MAP,
            Kind::Set => sym::SET,
            Kind::Table => sym::TABLE,
            Kind::Host => sym::HOST,
        }
    }

    /// Whether values of this kind are collections, so that `[x]` is not `x`.
    #[inline]
    pub const fn is_collection(self) -> bool {
        matches!(self, Kind::List | Kind::Map | Kind::Vector | Kind::Set | Kind::Table)
    }

    /// The kind with this number; `Empty` for a number that is none.
    #[inline]
    pub(crate) const fn from_number(n: u8) -> Kind {
        if (n as usize) < Kind::ALL.len() { Kind::ALL[n as usize] } else { Kind::Empty }
    }
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
    #[inline]
    pub fn as_list(self) -> Option<&'h [Value<'h>]> {
        self.object_of(layout::LIST).map(|o| o.values())
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
    #[inline]
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
        self.object().is_some_and(|o| matches!(o.tag(), layout::VEC | layout::RANGE))
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
            0b011 => View::Pid(Pid(word.bits() >> 3)),
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

/// Something that holds words and reports each of them to a collection.
pub trait Trace {
    /// Calls `visit` on every word held.
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word));
}

impl Trace for Word {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(self);
    }
}

impl<T: Trace> Trace for Vec<T> {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for item in self {
            item.trace(visit);
        }
    }
}

impl<T: Trace> Trace for Option<T> {
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        if let Some(item) = self {
            item.trace(visit);
        }
    }
}
