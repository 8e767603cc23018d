//! What kinds of value an expression may have: a set, as bits in a word.
//!
//! A value that is no vector has one of the kinds of the lower half. A *vector* here is what is
//! represented as one: it has no entry, or several, or one that is a collection (a vector of one entry
//! that is no collection is that entry). Its kind stands in the upper half: the kind of its entries,
//! nil ones aside. A set holds at least every kind that the value can have at run time; the empty
//! set is the type of what never has a value.

use crate::hir::{Lit, Type, TypeKind};
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Kinds(u64);

/// Where the kinds of vectors begin.
const VECTORS: u32 = 16;

impl Kinds {
    /// No value at all.
    pub(super) const NEVER: Kinds = Kinds(0);
    /// An int above 0.
    pub(super) const POSITIVE: Kinds = Kinds(1);
    /// An int of 0 or less.
    pub(super) const NOT_POSITIVE: Kinds = Kinds(1 << 1);
    pub(super) const INT: Kinds = Kinds(0b11);
    pub(super) const FLOAT: Kinds = Kinds(1 << 2);
    pub(super) const NUMBER: Kinds = Kinds(0b111);
    pub(super) const BOOL: Kinds = Kinds(1 << 3);
    pub(super) const STRING: Kinds = Kinds(1 << 4);
    pub(super) const SYMBOL: Kinds = Kinds(1 << 5);
    pub(super) const NIL: Kinds = Kinds(1 << 6);
    pub(super) const FUNCTION: Kinds = Kinds(1 << 7);
    pub(super) const PID: Kinds = Kinds(1 << 8);
    pub(super) const REF: Kinds = Kinds(1 << 9);
    pub(super) const MODULE: Kinds = Kinds(1 << 10);
    pub(super) const EXCEPTION: Kinds = Kinds(1 << 11);
    pub(super) const LIST: Kinds = Kinds(1 << 12);
    pub(super) const MAP: Kinds = Kinds(1 << 13);
    pub(super) const SET: Kinds = Kinds(1 << 14);
    pub(super) const TABLE: Kinds = Kinds(1 << 15);
    /// Collections that are no vectors.
    pub(super) const OTHER_COLLECTIONS: Kinds = Kinds(0b1111 << 12);
    /// Everything that is no vector.
    pub(super) const SCALARS: Kinds = Kinds((1 << VECTORS) - 1);
    /// A vector of vectors.
    pub(super) const NESTED: Kinds = Kinds(1 << 32);
    /// The vector without entries.
    pub(super) const EMPTY: Kinds = Kinds(1 << 33);
    /// Every vector that is no single value.
    pub(super) const ALL_VECTORS: Kinds = Kinds(((1 << 34) - 1) & !((1 << VECTORS) - 1));
    /// Any value.
    pub(super) const ANY: Kinds = Kinds((1 << 34) - 1);

    /// Vectors whose entries are of these kinds.
    pub(super) const fn vectors(self) -> Kinds {
        let nested = if self.0 >> VECTORS == 0 { 0 } else { Self::NESTED.0 };
        Kinds((self.0 & Self::SCALARS.0) << VECTORS | nested)
    }

    /// The kinds of entries of the vectors among these (not of vectors in vectors).
    pub(super) const fn entries(self) -> Kinds {
        Kinds(self.0 >> VECTORS & Self::SCALARS.0)
    }

    pub(super) const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    pub(super) const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// Whether a value may be of both.
    pub(super) const fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every value of this is one of `other`, and there is one.
    pub(super) const fn within(self, other: Kinds) -> bool {
        self.0 != 0 && self.0 & !other.0 == 0
    }

    /// The kind of a constant.
    pub(super) fn of_lit(lit: &Lit<'_>) -> Kinds {
        match lit {
            Lit::Int(n) if *n > 0 => Kinds::POSITIVE,
            Lit::Int(_) => Kinds::NOT_POSITIVE,
            Lit::BigInt(text) if text.starts_with('-') => Kinds::NOT_POSITIVE,
            Lit::BigInt(_) => Kinds::POSITIVE,
            Lit::Float(_) => Kinds::FLOAT,
            Lit::Str(_) => Kinds::STRING,
            Lit::Symbol(_) => Kinds::SYMBOL,
            Lit::Bool(_) => Kinds::BOOL,
            Lit::Nil => Kinds::NIL,
            Lit::Module(_) => Kinds::MODULE,
        }
    }

    /// The kinds that values of a declared type can have.
    pub(super) fn of_type(ty: &Type<'_>) -> Kinds {
        match ty.kind {
            TypeKind::Any => Kinds::ANY,
            TypeKind::Int => Kinds::INT,
            TypeKind::Float => Kinds::FLOAT,
            TypeKind::Numeric => Kinds::NUMBER,
            TypeKind::Posint => Kinds::POSITIVE,
            TypeKind::Bool => Kinds::BOOL,
            TypeKind::String => Kinds::STRING,
            TypeKind::Symbol => Kinds::SYMBOL,
            TypeKind::Nil => Kinds::NIL,
            TypeKind::Function => Kinds::FUNCTION,
            TypeKind::Pid => Kinds::PID,
            TypeKind::Ref => Kinds::REF,
            TypeKind::Vector => Kinds::ANY - Kinds::OTHER_COLLECTIONS,
            TypeKind::List | TypeKind::ListOf(_) => Kinds::LIST,
            TypeKind::Map => Kinds::MAP,
            TypeKind::Set => Kinds::SET,
            TypeKind::Table => Kinds::TABLE,
            TypeKind::VectorOf(of) => {
                let of = Kinds::of_type(of) | Kinds::NIL;
                // A vector of vectors may hold single values only.
                of & (Kinds::SCALARS - Kinds::OTHER_COLLECTIONS)
                    | of.vectors()
                    | Kinds::NESTED
                    | Kinds::EMPTY
            }
            TypeKind::Union(parts) => {
                parts.iter().fold(Kinds::NEVER, |all, part| all | Kinds::of_type(part))
            }
        }
    }

    /// The kinds in words: `an int`, `a string or nil`, `a vector of ints`.
    pub(super) fn describe(self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut rest = self;
        let numbers = (Kinds::NUMBER - Kinds::POSITIVE).vectors();
        if rest & numbers == numbers {
            parts.push("a vector of numbers".to_owned());
            rest = rest - Kinds::NUMBER.vectors();
        }
        for &(kinds, one, many) in WORDS {
            let (scalar, vector) = (rest.meets(kinds), rest.meets(kinds.vectors()));
            if scalar {
                parts.push(one.to_owned());
            }
            if vector {
                parts.push(format!("a vector of {many}"));
            }
            rest = rest - kinds - kinds.vectors();
        }
        if rest.meets(Kinds::NESTED) {
            parts.push("a vector of vectors".to_owned());
        }
        if rest.meets(Kinds::EMPTY) && parts.iter().all(|p| !p.starts_with("a vector")) {
            parts.push("an empty vector".to_owned());
        }
        match parts.split_last() {
            Some((only, [])) => only.clone(),
            Some((last, first)) if first.len() < 4 => format!("{} or {last}", first.join(", ")),
            _ if self.within(Kinds::ALL_VECTORS) => "a vector".to_owned(),
            _ => "another value".to_owned(),
        }
    }

    /// As [`Kinds::describe`], short where exactness would only distract: numbers in general where
    /// ints and floats may come, no nil beside other kinds.
    pub(super) fn brief(self) -> String {
        let mut shown = self;
        if shown != Kinds::NIL {
            shown = shown - Kinds::NIL;
        }
        if shown.meets(Kinds::SCALARS) {
            let same = (shown & Kinds::SCALARS).vectors();
            shown = shown - same - Kinds::EMPTY - Kinds::NIL.vectors();
        }
        if shown.within(Kinds::ALL_VECTORS) && shown.entries().meets(Kinds::SCALARS - Kinds::NIL) {
            shown = shown - Kinds::NIL.vectors() - Kinds::EMPTY;
        }
        shown.describe()
    }
}

/// How kinds are called, alone and as entries; wider ones before their parts.
const WORDS: &[(Kinds, &str, &str)] = &[
    (Kinds::BOOL, "a bool", "bools"),
    (Kinds::STRING, "a string", "strings"),
    (Kinds::SYMBOL, "a symbol", "symbols"),
    (Kinds::FUNCTION, "a function", "functions"),
    (Kinds::PID, "a pid", "pids"),
    (Kinds::REF, "a ref", "refs"),
    (Kinds::MODULE, "a module", "modules"),
    (Kinds::EXCEPTION, "an exception", "exceptions"),
    (Kinds::LIST, "a list", "lists"),
    (Kinds::MAP, "a map", "maps"),
    (Kinds::SET, "a set", "sets"),
    (Kinds::TABLE, "a table", "tables"),
    (Kinds::INT, "an int", "ints"),
    (Kinds::FLOAT, "a float", "floats"),
    (Kinds::NIL, "nil", "nils"),
];

impl BitOr for Kinds {
    type Output = Kinds;
    fn bitor(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

impl BitOrAssign for Kinds {
    fn bitor_assign(&mut self, other: Kinds) {
        self.0 |= other.0;
    }
}

impl BitAnd for Kinds {
    type Output = Kinds;
    fn bitand(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }
}

impl Sub for Kinds {
    type Output = Kinds;
    fn sub(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }
}

/// A declared type as the source writes it; of a very large one only the beginning.
pub(super) fn type_text(ty: &Type<'_>) -> String {
    let mut out = String::new();
    write_type(ty, &mut out);
    if out.len() > LONG_TYPE {
        out.push('…');
    }
    out
}

/// How long the text of a type may get.
const LONG_TYPE: usize = 200;

fn write_type(ty: &Type<'_>, out: &mut String) {
    let (open, parts, between, close) = match &ty.kind {
        TypeKind::VectorOf(of) => ("[", std::slice::from_ref(*of), "", "]"),
        TypeKind::ListOf(parts) => ("{", *parts, ", ", "}"),
        TypeKind::Union(parts) => ("", *parts, " | ", ""),
        plain => return out.push_str(plain_text(plain)),
    };
    out.push_str(open);
    for (i, part) in parts.iter().enumerate() {
        if out.len() > LONG_TYPE {
            return;
        }
        if i > 0 {
            out.push_str(between);
        }
        write_type(part, out);
    }
    out.push_str(close);
}

/// A type without parts.
fn plain_text(kind: &TypeKind<'_>) -> &'static str {
    match kind {
        TypeKind::Int => "int",
        TypeKind::Float => "float",
        TypeKind::Numeric => "numeric",
        TypeKind::Posint => "posint",
        TypeKind::Bool => "bool",
        TypeKind::String => "string",
        TypeKind::Symbol => "symbol",
        TypeKind::Nil => "nil",
        TypeKind::Function => "function",
        TypeKind::Pid => "pid",
        TypeKind::Ref => "ref",
        TypeKind::Vector => "vector",
        TypeKind::List => "list",
        TypeKind::Map => "map",
        TypeKind::Set => "set",
        TypeKind::Table => "table",
        _ => "any",
    }
}
