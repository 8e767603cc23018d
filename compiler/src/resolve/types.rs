//! Types of parameters and results, as they are written: their meaning, and whether they are small
//! enough to be checked at run time.

use super::Resolver;
use crate::hir;
use crate::syntax::tree::*;
use foldhash::HashSet;
use rata_bytecode::verify::{MAX_TYPE_DEPTH, MAX_TYPE_SIZE};

/// How much a check of a type may have to look at.
#[derive(Clone, Copy)]
struct Size {
    /// Types that it consists of, itself included.
    parts: u32,
    depth: u32,
}

impl Size {
    const ONE: Size = Size { parts: 1, depth: 1 };

    fn around(self, part: Size) -> Size {
        Size { parts: self.parts.saturating_add(part.parts), depth: self.depth.max(part.depth + 1) }
    }
}

impl<'a> Resolver<'a, '_> {
    /// A type annotation.
    pub(super) fn type_expr(&mut self, ty: &TypeExpr<'a>) -> hir::Type<'a> {
        let (resolved, size) = self.sized_type(ty);
        let label = if size.parts > MAX_TYPE_SIZE {
            format!("it consists of {} types, at most {MAX_TYPE_SIZE} are possible", size.parts)
        } else if size.depth > MAX_TYPE_DEPTH {
            format!("it nests {} levels deep, at most {MAX_TYPE_DEPTH} are possible", size.depth)
        } else {
            return resolved;
        };
        self.error("E0306", ty.span, "this type is too large").label = label;
        hir::Type { span: ty.span, kind: hir::TypeKind::Any }
    }

    fn sized_type(&mut self, ty: &TypeExpr<'a>) -> (hir::Type<'a>, Size) {
        let (kind, size) = match &ty.kind {
            TypeKind::Named(name) => (named_type(self.text(*name)), Size::ONE),
            TypeKind::VectorOf(inner) => {
                let (inner, size) = self.sized_type(inner);
                (hir::TypeKind::VectorOf(self.alloc(inner)), Size::ONE.around(size))
            }
            TypeKind::ListOf(items) => {
                let (items, size) = self.sized_types(items);
                (hir::TypeKind::ListOf(items), size)
            }
            TypeKind::Union(items) => {
                // `int | int` says no more than `int`
                let mut names = HashSet::default();
                let new = |t: &&TypeExpr<'a>| match t.kind {
                    TypeKind::Named(name) => names.insert(name),
                    _ => true,
                };
                let items: Vec<_> = items.iter().filter(new).copied().collect();
                let (items, size) = self.sized_types(&items);
                (hir::TypeKind::Union(items), size)
            }
            TypeKind::Error => (hir::TypeKind::Any, Size::ONE),
        };
        (hir::Type { span: ty.span, kind }, size)
    }

    fn sized_types(&mut self, items: &[TypeExpr<'a>]) -> (&'a [hir::Type<'a>], Size) {
        let mut all = Size::ONE;
        let mut resolved = Vec::with_capacity(items.len());
        for item in items {
            let (item, size) = self.sized_type(item);
            resolved.push(item);
            all = all.around(size);
        }
        (self.slice(&resolved), all)
    }
}

/// The parser lets only these through.
fn named_type<'a>(text: &str) -> hir::TypeKind<'a> {
    use hir::TypeKind as T;
    match text {
        "int" => T::Int,
        "float" => T::Float,
        "numeric" => T::Numeric,
        "posint" => T::Posint,
        "bool" => T::Bool,
        "string" => T::String,
        "symbol" => T::Symbol,
        "nil" => T::Nil,
        "function" => T::Function,
        "pid" => T::Pid,
        "ref" => T::Ref,
        "vector" => T::Vector,
        "list" => T::List,
        "map" => T::Map,
        "set" => T::Set,
        "table" => T::Table,
        _ => T::Any,
    }
}
