//! Natives of Set.

use super::ops::order;
use super::support::{Answer, Arg, Roots, Steps, finish_set, fold_keys, run, value};
use rata_vm::data::set::{self, SetBuilder, SetRef};
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

const STEP: usize = 512;

/// `new()`
pub fn set_empty<'h>(cx: &mut Cx<'h, '_>, []: [Value<'h>; 0]) -> Answer<'h> {
    value(set::empty(cx.heap()))
}

/// `size(s)`
pub fn set_size<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::count(Arg("Set.size", "s").set(cx, s)?.len()))
}

/// A set of the entries of a vector or a list.
pub fn set_from<'h>(cx: &mut Cx<'h, '_>, [entries]: [Value<'h>; 1]) -> Answer<'h> {
    let entries = Arg("Set.from_vector", "v").seq(cx, entries)?;
    fold_keys(
        cx,
        entries,
        SetBuilder::new(),
        |builder, cx, entry| {
            builder.add(cx.heap(), entry);
            Ok(true)
        },
        |builder, cx| finish_set(cx, builder),
    )
}

/// `add(s, x)`
pub fn set_add<'h>(cx: &mut Cx<'h, '_>, [s, x]: [Value<'h>; 2]) -> Answer<'h> {
    let set = Arg("Set.add", "s").set(cx, s)?;
    if set.contains(x) { value(s) } else { Ok(cx.edit(set.edit(x))) }
}

/// `delete(s, x)`
pub fn set_delete<'h>(cx: &mut Cx<'h, '_>, [s, x]: [Value<'h>; 2]) -> Answer<'h> {
    let set = Arg("Set.delete", "s").set(cx, s)?;
    value(set.remove(cx.heap(), x).unwrap_or(s))
}

/// `member?(s, x)`
pub fn set_member<'h>(cx: &mut Cx<'h, '_>, [s, x]: [Value<'h>; 2]) -> Answer<'h> {
    value(Value::bool(Arg("Set.member?", "s").set(cx, s)?.contains(x)))
}

/// What two sets are put together to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    /// Members of the other set are added.
    Union,
    /// Members that are in the other set are kept.
    Intersection,
    /// Members that are not in the other set are kept.
    Difference,
    /// All members are in the other set.
    Subset,
    /// No member is in the other set.
    Disjoint,
}

/// The members of one set being looked up in the other.
struct Combining {
    members: Vec<Word>,
    next: usize,
    other: Word,
    op: Op,
    builder: SetBuilder,
}

impl Roots for Combining {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        for word in &mut self.members[self.next..] {
            visit(word);
        }
        self.other.roots(visit);
        self.builder.roots(visit);
    }
}

impl Steps for Combining {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let other = heap.value(self.other).as_set();
        let end = self.members.len().min(self.next + STEP);
        cx.charge(1 + (end - self.next) as u64 / 2);
        for &member in &self.members[self.next..end] {
            let member = heap.value(member);
            let shared = other.is_some_and(|o| o.contains(member));
            match self.op {
                Op::Subset if !shared => return Ok(Some(Value::FALSE)),
                Op::Disjoint if shared => return Ok(Some(Value::FALSE)),
                Op::Subset | Op::Disjoint => {}
                _ if self.op == Op::Union || shared == (self.op == Op::Intersection) => {
                    self.builder.add(heap, member);
                }
                _ => {}
            }
        }
        self.next = end;
        if end < self.members.len() {
            return Ok(None);
        }
        cx.charge(self.builder.len().min(STEP) as u64 / 4);
        Ok(match self.op {
            Op::Subset | Op::Disjoint => Some(Value::TRUE),
            _ => self.builder.finish_some(heap, STEP),
        })
    }
}

fn combine<'h>(
    cx: &mut Cx<'h, '_>,
    function: &'static str,
    op: Op,
    a: Value<'h>,
    b: Value<'h>,
) -> Answer<'h> {
    let left = Arg(function, "a").set(cx, a)?;
    let right = Arg(function, "b").set(cx, b)?;
    match op {
        Op::Union if right.is_empty() => return value(a),
        Op::Union if left.is_empty() => return value(b),
        Op::Subset if left.len() > right.len() => return value(Value::FALSE),
        _ => {}
    }
    cx.charge((left.len() + right.len()) as u64 / 32);
    let words = |set: SetRef<'h>| set.members().into_iter().map(|m| m.word());
    let members: Vec<Word> = if op == Op::Union {
        words(left).chain(words(right)).collect()
    } else {
        words(left).collect()
    };
    run(cx, Combining { members, next: 0, other: b.word(), op, builder: SetBuilder::new() })
}

/// `union(a, b)`
pub fn set_union<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    combine(cx, "Set.union", Op::Union, a, b)
}

/// `intersection(a, b)`
pub fn set_intersection<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    combine(cx, "Set.intersection", Op::Intersection, a, b)
}

/// `difference(a, b)`
pub fn set_difference<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    combine(cx, "Set.difference", Op::Difference, a, b)
}

/// `subset?(a, b)`
pub fn set_is_subset<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    combine(cx, "Set.subset?", Op::Subset, a, b)
}

/// `disjoint?(a, b)`
pub fn set_is_disjoint<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    combine(cx, "Set.disjoint?", Op::Disjoint, a, b)
}

/// `to_vector(s)`: the members in term order.
pub fn set_to_vector<'h>(cx: &mut Cx<'h, '_>, [s]: [Value<'h>; 1]) -> Answer<'h> {
    let set = Arg("Set.to_vector", "s").set(cx, s)?;
    members(cx, set)
}

/// The members in term order.
pub fn members<'h>(cx: &mut Cx<'h, '_>, set: SetRef<'h>) -> Answer<'h> {
    cx.charge(set.len() as u64 / 32);
    order::sorted(cx, &set.members())
}
