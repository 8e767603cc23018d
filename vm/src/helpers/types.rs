//! Checking values against types.

use rata_bytecode::module::Type;

use crate::code::types::{RtShape, RtType};
use crate::data::vector::{Entries, VecRef};
use crate::heap::Heap;
use crate::value::{Kind, Value};

/// Whether a value is of a type. Recursion is bounded: the loader bounds the depth of types.
pub(crate) fn matches(heap: &Heap, value: Value<'_>, ty: &RtType) -> bool {
    match &ty.shape {
        RtShape::Plain(ty) => plain(value, ty),
        RtShape::Union(parts) => parts.iter().any(|part| matches(heap, value, part)),
        RtShape::ListOf(parts) => value.as_list().is_some_and(|entries| {
            entries.len() == parts.len()
                && entries.iter().zip(parts).all(|(entry, part)| matches(heap, *entry, part))
        }),
        RtShape::VectorOf(of) => match VecRef::of(value) {
            Some(vec) => vector_of(heap, vec, of),
            None => false,
        },
    }
}

fn plain(value: Value<'_>, ty: &Type) -> bool {
    let kind = value.kind();
    match ty {
        Type::Any => true,
        Type::Int => kind == Kind::Int,
        Type::Float => kind == Kind::Float,
        Type::Numeric => matches!(kind, Kind::Int | Kind::Float),
        Type::Posint => match value.as_small() {
            Some(n) => n > 0,
            None => matches!(value.view(), crate::value::View::BigInt(n) if !n.is_negative()),
        },
        Type::Bool => kind == Kind::Bool,
        Type::String => kind == Kind::Str,
        Type::Symbol => kind == Kind::Symbol,
        Type::Nil => kind == Kind::Nil,
        Type::Function => kind == Kind::Fn,
        Type::Pid => kind == Kind::Pid,
        Type::Ref => kind == Kind::Ref,
        Type::Module => kind == Kind::Module,
        Type::Exception => kind == Kind::Exception,
        Type::Vector => VecRef::of(value).is_some(),
        Type::List => kind == Kind::List,
        Type::Map => kind == Kind::Map,
        Type::Set => kind == Kind::Set,
        Type::Table => kind == Kind::Table,
        // Types with parts are shapes of their own.
        Type::VectorOf(_) | Type::ListOf(_) | Type::Union(_) => false,
    }
}

/// Whether all entries are of a type or nil. Packed entries are of one type, so one look is enough.
fn vector_of(heap: &Heap, vec: VecRef<'_>, of: &RtType) -> bool {
    if vec.is_empty() {
        return true;
    }
    let uniform = match (vec.entries(), &of.shape) {
        (_, RtShape::Plain(Type::Any)) => return true,
        (Entries::Floats(_) | Entries::Bools(_), _) => true,
        (Entries::Range(first, _), RtShape::Plain(Type::Posint)) => return first > 0,
        (Entries::Ints(_) | Entries::Range(..), RtShape::Plain(ty)) => *ty != Type::Posint,
        _ => false,
    };
    if uniform {
        let first = (0..vec.len()).filter_map(|i| vec.get(heap, i)).find(|v| !v.is_nil());
        return first.is_none_or(|entry| matches(heap, entry, of));
    }
    vec.iter(heap).all(|entry| entry.is_nil() || matches(heap, entry, of))
}

/// The type as a program writes it.
pub(crate) fn text(ty: &RtType) -> String {
    match &ty.shape {
        RtShape::Plain(plain) => format!("{plain:?}").to_lowercase(),
        RtShape::VectorOf(of) => format!("[{}]", text(of)),
        RtShape::ListOf(parts) => format!("{{{}}}", join(parts, ", ")),
        RtShape::Union(parts) => join(parts, " | "),
    }
}

fn join(parts: &[&RtType], between: &str) -> String {
    parts.iter().map(|part| text(part)).collect::<Vec<_>>().join(between)
}
