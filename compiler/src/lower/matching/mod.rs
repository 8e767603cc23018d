//! Pattern matching: clauses → decision graph → branches.
//!
//! Three steps. `rows` turns patterns into *tests* on *occurrences* (a root value, or a part of
//! another occurrence); a row is what is left to test of one clause, as persistent lists, so that specialising a row
//! shares what it does not change. `tree` builds a decision tree from the rows: it takes the test
//! of the first row whose occurrence most rows look at, and splits the rows into those that
//! still can match when it succeeds and when it fails, by what the one test tells about the other
//! (`relate`): nothing known is asked again. Several constants become a switch. A tree that would grow out of
//! proportion is given up for several, each for some of the clauses, tried one after the other.
//! `emit` turns the graph into blocks; parts of values are fetched where they are first needed.
//!
//! Constants are compared strictly. A value that is no collection counts as a vector with one
//! entry, so a constant and `[p]` do not exclude one another.

mod emit;
mod relate;
mod rows;
mod tree;

use foldhash::HashMap;
use rata_bytecode::operand::{ConstId, TypeId};

use super::Lowerer;
use crate::hir::{Expr, Pattern, Var};
use crate::ir::{BlockId, Val};
use crate::span::Span;

/// What a clause's pattern is matched with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum View {
    /// The root itself.
    Whole,
    /// The type of an exception.
    Type,
    /// The type and message of an exception.
    Parts,
}

/// A clause as `matching` sees it.
pub(super) struct Row<'a> {
    /// (root, pattern), left to right.
    pub(super) patterns: Vec<(u32, &'a Pattern<'a>)>,
    /// What of the roots the patterns are matched with.
    pub(super) view: View,
    /// Types of roots, checked when the patterns matched and before the guard; a parameter's name with each.
    pub(super) checks: Vec<(u32, TypeId, ConstId)>,
    /// `when …`
    pub(super) guard: Option<&'a Expr<'a>>,
}

impl<'a> Row<'a> {
    /// A row without guard and types.
    pub(super) fn new(patterns: Vec<(u32, &'a Pattern<'a>)>) -> Row<'a> {
        Row { patterns, view: View::Whole, checks: Vec::new(), guard: None }
    }
}

/// Where a clause's body begins.
pub(super) struct Arm {
    /// The block.
    pub(super) block: BlockId,
    /// The variables of the pattern.
    pub(super) bound: Vec<(Var, Val)>,
}

/// Index of an occurrence.
type Occ = u32;
/// Index into a persistent list; `NIL` ends it.
type Link = u32;
const NIL: Link = u32::MAX;

/// Which part of its parent an occurrence is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Part {
    Root(u32),
    ListEntry(u32),
    VectorEntry(u32),
    VectorRest(u32),
    MapValue(ConstId),
    /// The value of a computed key; every such test has one of its own.
    MapValueAt(u32),
    PrefixRest(ConstId),
    ExceptionType,
    ExceptionParts,
}

/// A test of a row.
#[derive(Clone, Copy, Debug)]
enum Ask<'a> {
    Const(ConstId),
    List(&'a [Pattern<'a>]),
    Vector(&'a [Pattern<'a>]),
    Longer(&'a [Pattern<'a>], &'a Pattern<'a>),
    Map,
    Key(ConstId, &'a Pattern<'a>),
    KeyAt(&'a Expr<'a>, Occ, &'a Pattern<'a>),
    Prefix(ConstId, &'a Pattern<'a>),
}

/// What is left of one clause.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// Tests, leftmost first.
    tests: Link,
    /// Variables bound to occurrences, newest first.
    binds: Link,
    /// Occurrences that must equal something, newest first.
    sames: Link,
    clause: u32,
}

/// A step of the decision graph.
#[derive(Clone, Copy, Debug)]
enum Node<'a> {
    Fail,
    /// All tests of the row passed; `rest` goes on when its guard fails.
    Leaf {
        row: u32,
        rest: u32,
    },
    /// `row` is the row that asks (for the variables in computed keys).
    Test {
        occ: Occ,
        ask: Ask<'a>,
        row: u32,
        yes: u32,
        no: u32,
    },
    /// Cases are a slice of `Scratch::cases`.
    Switch {
        occ: Occ,
        start: u32,
        len: u32,
        default: u32,
    },
}

/// No node (yet).
const NO_NODE: u32 = u32::MAX;

/// Storage reused from match to match.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    occs: Vec<(Occ, Part)>,
    children: HashMap<(Occ, Part), Occ>,
    tests: Vec<(Occ, Ask<'a>, Link)>,
    binds: Vec<(Var, Occ, Link)>,
    sames: Vec<(Occ, &'a Expr<'a>, Link)>,
    rows: Vec<Rest>,
    nodes: Vec<Node<'a>>,
    cases: Vec<(ConstId, u32)>,
    /// How often each clause stands at a leaf.
    leaves: Vec<u32>,
    /// Nodes that several edges lead to (they are entered knowing nothing).
    shared: Vec<bool>,
}

impl<'a> Lowerer<'a, '_> {
    /// Ends the current block with what finds the first row that matches `roots`. Where none
    /// does, control goes on at `fail`. Gives, by row, where its body begins.
    pub(super) fn matching(
        &mut self,
        roots: &[Val],
        rows: &[Row<'a>],
        fail: BlockId,
        at: Span,
    ) -> Vec<Option<Arm>> {
        let mut s = std::mem::take(&mut self.scratch);
        s.clear();
        for root in 0..roots.len() as u32 {
            s.occs.push((root, Part::Root(root)));
        }
        s.leaves.resize(rows.len(), 0);
        let first: Vec<u32> = rows
            .iter()
            .zip(0..)
            .map(|(row, clause)| self.initial_row(&mut s, row, clause))
            .collect();
        let start = tree::build(self, &mut s, rows, &first);
        let arms = emit::Emit::new(self, &s, roots, rows, fail, at).run(start);
        self.scratch = s;
        arms
    }
}

impl Scratch<'_> {
    fn clear(&mut self) {
        self.occs.clear();
        self.children.clear();
        self.tests.clear();
        self.binds.clear();
        self.sames.clear();
        self.rows.clear();
        self.nodes.clear();
        self.cases.clear();
        self.leaves.clear();
        self.shared.clear();
    }

    /// The occurrence that is a part of `parent`.
    fn child(&mut self, parent: Occ, part: Part) -> Occ {
        let occs = &mut self.occs;
        *self.children.entry((parent, part)).or_insert_with(|| {
            occs.push((parent, part));
            occs.len() as u32 - 1
        })
    }
}
