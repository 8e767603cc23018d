//! Checking values against types.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use rata_bytecode::module::Type;

use crate::code::types::{RtShape, RtType};
use crate::data::vector::{Entries, VecRef};
use crate::heap::Heap;
use crate::value::{Kind, Value};

/// Whether a value is of a type.
#[inline]
pub(crate) fn matches(heap: &Heap, value: Value<'_>, ty: &RtType) -> bool {
    match &ty.shape {
        RtShape::Plain(ty) => plain(value, ty),
        _ => Check { heap, steps: 0, known: HashMap::default() }.matches(value, ty),
    }
}

/// Checks of collections before results are remembered.
const PASS: u32 = if cfg!(test) { 4 } else { 1_000 };
/// Results remembered at a time.
const REMEMBERED: usize = 1 << 16;

/// A check under way. Values that share parts can be exponentially larger than the memory they take, so
/// a long one remembers what it has found out.
struct Check<'h> {
    heap: &'h Heap,
    steps: u32,
    /// By value and type.
    known: HashMap<(u64, usize), bool, FixedState>,
}

impl<'h> Check<'h> {
    /// Recursion is bounded: the loader bounds the depth of types.
    fn matches(&mut self, value: Value<'h>, ty: &RtType) -> bool {
        if let RtShape::Plain(ty) = &ty.shape {
            return plain(value, ty);
        }
        if self.steps < PASS || !value.kind().is_collection() {
            self.steps += 1;
            return self.parts_match(value, ty);
        }
        let key = (value.word().bits(), std::ptr::from_ref(ty) as usize);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let found = self.parts_match(value, ty);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key, found);
        found
    }

    fn parts_match(&mut self, value: Value<'h>, ty: &RtType) -> bool {
        match &ty.shape {
            RtShape::Plain(ty) => plain(value, ty),
            RtShape::Union(parts) => parts.iter().any(|part| self.matches(value, part)),
            RtShape::ListOf(parts) => value.as_list().is_some_and(|entries| {
                entries.len() == parts.len()
                    && entries.iter().zip(parts).all(|(entry, part)| self.matches(*entry, part))
            }),
            RtShape::VectorOf(of) => match VecRef::of(value) {
                Some(vec) => self.vector_of(vec, of),
                None => false,
            },
        }
    }

    /// Whether all entries are of a type or nil. Packed entries are of one type, so one look is enough.
    fn vector_of(&mut self, vec: VecRef<'h>, of: &RtType) -> bool {
        if vec.is_empty() {
            return true;
        }
        let heap = self.heap;
        let uniform = match (vec.entries(), &of.shape) {
            (_, RtShape::Plain(Type::Any)) => return true,
            (Entries::Floats(_) | Entries::Bools(_), _) => true,
            (Entries::Range(..), _) => {
                // All that a type can tell of an int is its sign, and they ascend.
                let ends = [vec.get(heap, 0), vec.get(heap, vec.len() - 1)];
                return ends.into_iter().flatten().all(|end| self.matches(end, of));
            }
            (Entries::Ints(_), RtShape::Plain(ty)) => *ty != Type::Posint,
            _ => false,
        };
        if uniform {
            let first = (0..vec.len()).filter_map(|i| vec.get(heap, i)).find(|v| !v.is_nil());
            return first.is_none_or(|entry| self.matches(entry, of));
        }
        vec.iter(heap).all(|entry| entry.is_nil() || self.matches(entry, of))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::types::link_types;
    use crate::data::{list, vector};
    use rata_bytecode::operand::TypeId;

    #[test]
    fn values_larger_than_memory_are_checked_soon() {
        let heap = Heap::new();
        // [[…[int]…]], of a vector that holds another twice, which holds another twice …
        let mut types = vec![Type::Int, Type::VectorOf(TypeId(0))];
        types.extend((1..60).map(|i| Type::VectorOf(TypeId(i))));
        let types = link_types(&types).unwrap();
        let twice = |v| vector::from_values(&heap, &[v, v]).unwrap();
        let build = |last| (0..59).fold(twice(last), |v, _| twice(v));
        assert!(matches(&heap, build(heap.int(1)), types[60]));
        assert!(!matches(&heap, build(heap.string("a")), types[60]));
    }

    #[test]
    fn long_ranges_are_checked_at_once() {
        let heap = Heap::new();
        let types = [
            Type::Int,
            Type::Posint,
            Type::String,
            Type::Union(vec![TypeId(1), TypeId(2)]),
            Type::VectorOf(TypeId(0)),
            Type::VectorOf(TypeId(3)),
            Type::Union(vec![TypeId(0), TypeId(2)]),
            Type::VectorOf(TypeId(6)),
        ];
        let types = link_types(&types).unwrap();
        let check = |first, ty: usize| {
            matches(&heap, vector::range(&heap, first, 1 << 60).unwrap(), types[ty])
        };
        assert!(check(0, 4) && check(1, 5) && !check(0, 5) && check(-9, 7));
        assert!(!matches(&heap, list::new(&heap, &[heap.int(1)]), types[7]));
    }
}
