//! Computed literals. One instruction makes them, unless it would name so many values that the frame became
//! huge: then they are made in chunks that are joined.

use rata_bytecode::module::Const;

use super::Lowerer;
use crate::hir::Expr;
use crate::ir::{Op, Val};
use crate::span::Span;

/// Most operands that a literal's instruction is given.
const MOST: usize = 1024;

impl<'a> Lowerer<'a, '_> {
    fn exprs<'e>(&mut self, items: impl Iterator<Item = &'e Expr<'a>>) -> Vec<Val>
    where
        'a: 'e,
    {
        items.map(|item| self.expr(item)).collect()
    }

    /// `{key: value}`
    pub(super) fn map(&mut self, entries: &[(Expr<'a>, Expr<'a>)], at: Span) -> Val {
        if entries.len() <= MOST
            && let Some(keys) = self.distinct_keys(entries)
        {
            let keys = self.konst(Const::List(keys));
            let values = self.exprs(entries.iter().map(|(_, value)| value));
            return self.inst(Op::MapKeys(keys), &values, at);
        }
        let flat = entries.iter().flat_map(|(key, value)| [key, value]);
        self.gather(Op::Map, flat, at)
    }

    /// A list, map, set or text of these entries.
    pub(super) fn gather<'e>(
        &mut self,
        op: Op,
        items: impl Iterator<Item = &'e Expr<'a>>,
        at: Span,
    ) -> Val
    where
        'a: 'e,
    {
        let mut items = items.peekable();
        let values = self.exprs(items.by_ref().take(MOST));
        let mut all = self.inst(op, &values, at);
        while items.peek().is_some() {
            let values = self.exprs(items.by_ref().take(MOST));
            let more = self.inst(op, &values, at);
            let join = match op {
                Op::List => "list_concat",
                Op::Map => "maps_merge",
                Op::Set => "set_union",
                // texts print as they are
                _ => {
                    all = self.inst(op, &[all, more], at);
                    continue;
                }
            };
            let native = self.out.pools.native(join, 2);
            all = self.inst(Op::CallNative(native), &[all, more], at);
        }
        all
    }

    /// `[items | tail]`
    pub(super) fn vector(&mut self, items: &[Expr<'a>], tail: Option<&Expr<'a>>, at: Span) -> Val {
        if items.len() > MOST {
            return self.long_vector(items, tail, at);
        }
        let mut values = self.exprs(items.iter());
        let Some(tail) = tail else { return self.inst(Op::Vector, &values, at) };
        let tail = self.expr(tail);
        if items.is_empty() {
            return tail;
        }
        values.push(tail);
        self.inst(Op::Cons, &values, at)
    }

    /// Entries are evaluated from the left and wait in lists; then they are put before one another
    /// from the right, so that types are joined as in a short vector.
    fn long_vector(&mut self, items: &[Expr<'a>], tail: Option<&Expr<'a>>, at: Span) -> Val {
        let mut chunks = Vec::new();
        for items in items.chunks(MOST) {
            let values = self.exprs(items.iter());
            chunks.push((self.inst(Op::List, &values, at), items.len()));
        }
        let mut all = tail.map(|tail| self.expr(tail));
        while let Some((list, len)) = chunks.pop() {
            let entries = (0..len as u32).map(|i| self.inst(Op::ListEntry(i), &[list], at));
            let mut values: Vec<Val> = entries.collect();
            let op = if all.is_some() { Op::Cons } else { Op::Vector };
            values.extend(all);
            all = Some(self.inst(op, &values, at));
        }
        all.unwrap_or_else(|| self.nil(at))
    }
}
