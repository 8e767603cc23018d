//! The types of values, as `typeof` names them.

use crate::symbols::{Symbol, sym};

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
