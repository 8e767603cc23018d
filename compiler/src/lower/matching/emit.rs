//! Decision graph → blocks.

use foldhash::HashMap;
use smallvec::SmallVec;

use super::{Arm, Ask, NIL, NO_NODE, Node, Occ, Part, Rest, Row, Scratch};
use crate::hir::{Expr, ExprKind, PatternKind, Var};
use crate::ir::{BlockId, Op, Region, RegionId, TermKind, Test, Val};
use crate::lower::{Lowerer, guard};
use crate::span::Span;

/// Values of occurrences known at a place: a list through [`Emit::envs`] that ends with `NIL`.
type Env = u32;

/// How many known values are looked through for one that could be fetched again.
const LOOK_BACK: usize = 256;

/// Turns one decision graph into blocks.
pub(super) struct Emit<'l, 'r, 'a, 'd> {
    l: &'l mut Lowerer<'a, 'd>,
    s: &'r Scratch<'a>,
    roots: &'r [Val],
    rows: &'r [Row<'a>],
    fail: BlockId,
    at: Span,
    envs: Vec<(Occ, Val, Env)>,
    tasks: Vec<(u32, BlockId, Env)>,
    /// The blocks of shared nodes.
    blocks: HashMap<u32, BlockId>,
    arms: Vec<Option<Arm>>,
}

impl<'l, 'r, 'a, 'd> Emit<'l, 'r, 'a, 'd> {
    /// Ready to run.
    pub(super) fn new(
        l: &'l mut Lowerer<'a, 'd>,
        s: &'r Scratch<'a>,
        roots: &'r [Val],
        rows: &'r [Row<'a>],
        fail: BlockId,
        at: Span,
    ) -> Self {
        Emit {
            l,
            s,
            roots,
            rows,
            fail,
            at,
            envs: Vec::new(),
            tasks: Vec::new(),
            blocks: HashMap::default(),
            arms: Vec::new(),
        }
    }

    /// Emits everything reachable from `start` into the current block and new ones.
    pub(super) fn run(mut self, start: u32) -> Vec<Option<Arm>> {
        self.arms.resize_with(self.rows.len(), || None);
        if start == 0 {
            self.l.jump(self.fail, &[], self.at);
            return self.arms;
        }
        self.tasks.push((start, self.l.cur, NIL));
        while let Some((node, block, env)) = self.tasks.pop() {
            self.l.switch_to(block);
            match self.s.nodes[node as usize] {
                Node::Fail => self.l.jump(self.fail, &[], self.at),
                Node::Leaf { row, rest } => self.leaf(row, rest, env),
                Node::Test { occ, ask, row, yes, no } => self.test(occ, &ask, row, yes, no, env),
                Node::Switch { occ, start, len, default } => {
                    self.switch(occ, start, len, default, env);
                }
            }
        }
        self.arms
    }

    /// Whether several edges may lead to `node`.
    fn is_shared(&self, node: u32) -> bool {
        self.s.shared.get(node as usize) == Some(&true)
    }

    /// The block where `node` is, or will be.
    fn block(&mut self, node: u32, env: Env) -> BlockId {
        if node == 0 {
            return self.fail;
        }
        if self.is_shared(node) {
            if let Some(&block) = self.blocks.get(&node) {
                return block;
            }
            let block = self.l.new_block();
            self.blocks.insert(node, block);
            self.tasks.push((node, block, NIL));
            return block;
        }
        let block = self.l.new_block();
        self.tasks.push((node, block, env));
        block
    }

    /// The value of an occurrence: known, or fetched here from that of its parent.
    fn value(&mut self, occ: Occ, env: &mut Env) -> Val {
        let (parent, part) = self.s.occs[occ as usize];
        let found = |part: Part| {
            matches!(part, Part::MapValue(_) | Part::MapValueAt(_) | Part::PrefixRest(_))
        };
        let mut link = *env;
        let mut steps = 0;
        while let Some(&(known, value, next)) = self.envs.get(link as usize) {
            if known == occ {
                return value;
            }
            link = next;
            steps += 1;
            // in a very wide pattern it is better to fetch something twice than to look forever
            if steps > LOOK_BACK && !found(part) {
                break;
            }
        }
        let op = match part {
            Part::Root(root) => return self.roots[root as usize],
            Part::ListEntry(i) => Op::ListEntry(i),
            Part::VectorEntry(i) => Op::VectorEntry(i),
            Part::VectorRest(n) => Op::VectorRest(n),
            Part::ExceptionType => Op::ExceptionType,
            Part::ExceptionParts => Op::ExceptionParts,
            Part::MapValue(_) | Part::MapValueAt(_) | Part::PrefixRest(_) => {
                unreachable!("known since the test that passed on the way here")
            }
        };
        // parts of parts were tested on the way, so this goes up one step only (a root's view: two)
        let parent = self.value(parent, env);
        let value = self.l.inst(op, &[parent], self.at);
        self.know(occ, value, env);
        value
    }

    fn know(&mut self, occ: Occ, value: Val, env: &mut Env) {
        self.envs.push((occ, value, *env));
        *env = self.envs.len() as u32 - 1;
    }

    fn test(&mut self, occ: Occ, ask: &Ask<'a>, row: u32, yes: u32, no: u32, mut env: Env) {
        let subject = self.value(occ, &mut env);
        let mut args: SmallVec<[Val; 2]> = SmallVec::from_slice(&[subject]);
        let (test, parts): (Test, [Option<Part>; 2]) = match *ask {
            Ask::Const(k) => (Test::Const(k), [None; 2]),
            Ask::List(items) => (Test::List(items.len() as u32), [None; 2]),
            Ask::Vector(items) => (Test::Vector(items.len() as u32), [None; 2]),
            Ask::Longer([_], tail) if !matches!(tail.kind, PatternKind::Wild) => {
                (Test::Uncons, [Some(Part::VectorEntry(0)), Some(Part::VectorRest(1))])
            }
            Ask::Longer(items, _) => (Test::Longer(items.len() as u32), [None; 2]),
            Ask::Map => (Test::Map, [None; 2]),
            Ask::Key(key, _) => (Test::MapEntry(key), [Some(Part::MapValue(key)), None]),
            Ask::KeyAt(key, part, _) => {
                let binds = self.binds(&self.s.rows[row as usize]);
                let key = self.operand(key, &binds, &mut env);
                args.push(key);
                (Test::MapEntryAt, [Some(self.s.occs[part as usize].1), None])
            }
            Ask::Prefix(k, _) => (Test::Prefix(k), [Some(Part::PrefixRest(k)), None]),
        };
        let no = self.block(no, env);
        let then = self.l.new_block();
        let defs = self.l.branch(test, &args, then, no, self.at);
        for (part, def) in parts.into_iter().zip(defs) {
            // a part that no pattern names has no occurrence
            if let Some(&part) = part.and_then(|part| self.s.children.get(&(occ, part))) {
                self.know(part, def, &mut env);
            }
        }
        if !self.is_shared(yes) {
            self.tasks.push((yes, then, env));
            return;
        }
        // no row is left that passes: on to the next tree, which others lead to as well
        let next = self.block(yes, env);
        self.l.switch_to(then);
        self.l.jump(next, &[], self.at);
    }

    fn switch(&mut self, occ: Occ, start: u32, len: u32, default: u32, mut env: Env) {
        let subject = self.value(occ, &mut env);
        let home = self.l.cur;
        let cases = &self.s.cases[start as usize..][..len as usize];
        let targets: Vec<_> = cases.iter().map(|&(k, node)| (k, self.block(node, env))).collect();
        let default = self.block(default, env);
        let f = &mut self.l.f;
        let start = f.cases.len() as u32;
        f.cases.extend(targets);
        self.l.switch_to(home);
        self.l.term(TermKind::Switch { start, len, default }, &[subject], self.at);
    }

    /// The variables that a row bound, ordered by variable.
    fn binds(&self, row: &Rest) -> SmallVec<[(Var, Occ); 8]> {
        let mut binds = SmallVec::new();
        let mut link = row.binds;
        while let Some(&(var, occ, next)) = self.s.binds.get(link as usize) {
            binds.push((var, occ));
            link = next;
        }
        binds.sort_unstable();
        binds
    }

    /// The value of a pinned variable, or of one that the row itself bound.
    fn operand(&mut self, e: &Expr<'a>, binds: &[(Var, Occ)], env: &mut Env) -> Val {
        if let ExprKind::Var(var) = e.kind
            && let Ok(at) = binds.binary_search_by_key(&var, |b| b.0)
        {
            return self.value(binds[at].1, env);
        }
        self.l.expr(e)
    }

    /// All tests of a row passed: what it equals, its types, its guard, its body.
    fn leaf(&mut self, row: u32, rest: u32, mut env: Env) {
        let rows = self.rows;
        let state = self.s.rows[row as usize];
        let clause = &rows[state.clause as usize];
        let binds = self.binds(&state);
        let mut sames: SmallVec<[(Val, Val); 2]> = SmallVec::new();
        let mut link = state.sames;
        while let Some(&(occ, e, next)) = self.s.sames.get(link as usize) {
            let value = self.value(occ, &mut env);
            let same = self.operand(e, &binds, &mut env);
            sames.insert(0, (value, same));
            link = next;
        }
        if let Some(guard) = clause.guard {
            let mut used = Vec::new();
            guard::variables(guard, &mut used);
            for &(var, occ) in &binds {
                if used.contains(&var) {
                    self.l.vars[var.0 as usize] = self.value(occ, &mut env);
                }
            }
        }
        // entered from several places, so what is fetched from here on is not known there
        let rest = if rest == NO_NODE { None } else { Some(self.block(rest, env)) };
        for (a, b) in sames {
            let next = self.l.new_block();
            self.l.branch(Test::Same, &[a, b], next, rest.unwrap_or(self.fail), self.at);
            self.l.switch_to(next);
        }
        for &(root, ty, what) in &clause.checks {
            let root = self.roots[root as usize];
            self.l.effect(Op::CheckType { ty, what }, &[root], self.at);
        }
        if let Some(guard) = clause.guard {
            self.guard(guard, rest.unwrap_or(self.fail));
        }
        self.arm(state.clause as usize, &binds, env);
    }

    /// Evaluates a guard; goes on where it holds.
    fn guard(&mut self, guard: &Expr<'a>, rest: BlockId) {
        let ok = self.l.new_block();
        if self.l.is_total(guard) {
            self.l.cond(guard, ok, rest);
            self.l.switch_to(ok);
            return;
        }
        let outer = self.l.region;
        let handler = self.l.new_join();
        self.l.region = Some(RegionId(self.l.f.regions.len() as u32));
        self.l.f.regions.push(Region { parent: outer, handler, guard: true });
        let inside = self.l.new_block();
        self.l.jump(inside, &[], guard.span);
        self.l.switch_to(inside);
        self.l.cond(guard, ok, rest);
        self.l.region = outer;
        self.l.switch_to(handler);
        self.l.jump(rest, &[], guard.span);
        self.l.switch_to(ok);
    }

    /// The body follows: right here when nothing else leads to it.
    fn arm(&mut self, clause: usize, binds: &[(Var, Occ)], mut env: Env) {
        let values: Vec<Val> = binds.iter().map(|&(_, occ)| self.value(occ, &mut env)).collect();
        let vars = binds.iter().map(|b| b.0);
        if self.s.leaves[clause] <= 1 {
            self.arms[clause] = Some(Arm { block: self.l.cur, bound: vars.zip(values).collect() });
            return;
        }
        let block = match &self.arms[clause] {
            Some(arm) => arm.block,
            None => {
                let block = self.l.f.block(values.len(), self.l.region);
                let params = self.l.f.vals(self.l.f.blocks[block.index()].params);
                let bound = vars.zip(params.iter().copied()).collect();
                self.arms[clause] = Some(Arm { block, bound });
                block
            }
        };
        self.l.jump(block, &values, self.at);
    }
}
