//! One function: blocks in order, values in registers, jumps as labels.

use rata_bytecode::for_each_op;
use rata_bytecode::module::{Function, Handler};
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op as Out;

use super::consts::Consts;
use crate::ir::{self, BlockId, Inst, Op, RegionId, Term, TermKind, Test, Val, Vals};
use crate::passes::registers::Registers;
use crate::passes::{cfg, liveness, registers};

/// What has to be set right once all blocks have their place: labels name blocks until then, and
/// constants have the numbers of the IR's pool.
trait Fix {
    fn fix(&mut self, _starts: &[u32], _consts: &mut Consts<'_>) {}
}

impl Fix for Label {
    fn fix(&mut self, starts: &[u32], _: &mut Consts<'_>) {
        self.0 = starts[self.0 as usize];
    }
}

impl Fix for ConstId {
    fn fix(&mut self, _: &[u32], consts: &mut Consts<'_>) {
        *self = consts.get(*self);
    }
}

impl Fix for Cases {
    fn fix(&mut self, starts: &[u32], consts: &mut Consts<'_>) {
        for (k, to) in &mut self.0 {
            k.fix(starts, consts);
            to.fix(starts, consts);
        }
    }
}

macro_rules! nothing_to_fix {
    ($($ty:ty),*) => { $(impl Fix for $ty {})* };
}
nothing_to_fix!(
    Def, Use, Uses, FnId, FnSetId, ImportId, NativeId, GlobalId, TypeId, Count, Imm, Arith, Cmp,
    Failure
);

macro_rules! define_fix {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        fn fix(op: &mut Out, starts: &[u32], consts: &mut Consts<'_>) {
            match op {
                $( Out::$name { $($field),* } => {
                    let _ = (&starts, &consts);
                    $( Fix::fix($field, starts, consts); )*
                } ),*
            }
        }
    };
}
for_each_op!(define_fix);

struct Code<'f> {
    f: &'f ir::Function,
    /// By block: it is the handler of a guard.
    guards: Vec<bool>,
    regs: Registers,
    /// Registers in all, with one to swap through if that was needed.
    count: u32,
    ops: Vec<Out>,
    lines: Vec<(u32, u32)>,
    line_starts: &'f [u32],
    /// The offsets of the line that the last instruction stands in.
    line: std::ops::Range<u32>,
}

/// Emits one function.
pub(super) fn function(f: &ir::Function, consts: &mut Consts<'_>, line_starts: &[u32]) -> Function {
    let order = cfg::order(f);
    let live = liveness::run(f, &order);
    let regs = registers::run(f, &order, &live);
    let count = regs.count;
    let mut guards = vec![false; f.blocks.len()];
    for region in f.regions.iter().filter(|region| region.guard) {
        guards[region.handler.index()] = true;
    }
    let mut code = Code {
        f,
        guards,
        regs,
        count,
        ops: Vec::new(),
        lines: Vec::new(),
        line_starts,
        line: 1..1,
    };
    let mut starts = vec![0; f.blocks.len()];
    let mut spans = Vec::with_capacity(order.len());
    let order: Vec<BlockId> = order.into_iter().filter(|&id| code.entered_at(id) == id).collect();
    for (at, &id) in order.iter().enumerate() {
        let start = code.ops.len() as u32;
        starts[id.index()] = start;
        code.block(id, order.get(at + 1).copied());
        spans.push((f.blocks[id.index()].region, start, code.ops.len() as u32));
    }
    let handlers = code.handlers(&spans, &starts);
    let mut ops = code.ops;
    for op in &mut ops {
        fix(op, &starts, consts);
    }
    Function {
        name: f.name.clone(),
        arity: f.arity,
        captures: f.captures,
        wants_self: f.wants_self,
        registers: code.count,
        params: f.params.clone(),
        code: ops,
        handlers,
        lines: code.lines,
    }
}

impl Code<'_> {
    fn reg(&self, val: Val) -> Reg {
        self.regs.get(val) as Reg
    }

    fn uses(&self, vals: &[Val]) -> Uses {
        Uses(vals.iter().map(|&val| self.reg(val)).collect())
    }

    fn push(&mut self, op: Out, at: u32) {
        if !self.line.contains(&at) {
            let line = self.line_starts.partition_point(|&start| start <= at);
            let end = self.line_starts.get(line).copied().unwrap_or(u32::MAX);
            self.line = self.line_starts.get(line.wrapping_sub(1)).copied().unwrap_or(0)..end;
            self.lines.push((self.ops.len() as u32, line as u32));
        }
        self.ops.push(op);
    }

    fn block(&mut self, id: BlockId, next: Option<BlockId>) {
        let block = &self.f.blocks[id.index()];
        for inst in &block.insts {
            let op = self.inst(inst);
            self.push(op, inst.at);
        }
        self.term(&block.term, next);
    }

    fn inst(&self, inst: &Inst) -> Out {
        let args = self.f.vals(inst.args);
        let d = Def(if inst.d.is_some() { self.reg(inst.d) } else { 0 });
        let arg = |at: usize| Use(self.reg(args[at]));
        let all = || self.uses(args);
        let rest = || self.uses(&args[1..]);
        match inst.op {
            Op::Const(k) => Out::Const { d, k },
            Op::Vector => Out::Vector { d, items: all() },
            Op::Cons => {
                let (&tail, items) = args.split_last().expect("a tail");
                Out::Cons { d, items: self.uses(items), tail: Use(self.reg(tail)) }
            }
            Op::List => Out::List { d, items: all() },
            Op::MapKeys(keys) => Out::MapKeys { d, keys, values: all() },
            Op::Map => Out::Map { d, entries: all() },
            Op::Set => Out::Set { d, items: all() },
            Op::Text => Out::Text { d, parts: all() },
            Op::Closure(set) => Out::Closure { d, set, captures: all() },
            Op::Range => Out::Range { d, a: arg(0), b: arg(1) },
            Op::Arith(op) => Out::Arith { op, d, a: arg(0), b: arg(1) },
            Op::ArithInt(op, imm) => Out::ArithInt { op, d, a: arg(0), imm: Imm(imm) },
            Op::Neg => Out::Neg { d, s: arg(0) },
            Op::Not => Out::Not { d, s: arg(0) },
            Op::Compare(op) => Out::Compare { op, d, a: arg(0), b: arg(1) },
            Op::CompareInt(op, imm) => Out::CompareInt { op, d, a: arg(0), imm: Imm(imm) },
            Op::Index => Out::Index { d, v: arg(0), i: arg(1) },
            Op::Field(name) => Out::Field { d, m: arg(0), name },
            Op::ListEntry(i) => Out::ListEntry { d, s: arg(0), i: Count(i) },
            Op::VectorEntry(i) => Out::VectorEntry { d, s: arg(0), i: Count(i) },
            Op::VectorRest(n) => Out::VectorRest { d, s: arg(0), n: Count(n) },
            Op::ExceptionType => Out::ExceptionType { d, s: arg(0) },
            Op::ExceptionParts => Out::ExceptionParts { d, s: arg(0) },
            Op::Call(f) => Out::Call { d, f, args: all() },
            Op::CallImport(import) => Out::CallImport { d, import, args: all() },
            Op::CallValue => Out::CallValue { d, f: arg(0), args: rest() },
            Op::CallField(name) => Out::CallField { d, object: arg(0), name, args: rest() },
            Op::CallNamed { names, named } => {
                let (args, named) = args.split_at(args.len() - named as usize);
                let (f, args) = (Use(self.reg(args[0])), self.uses(&args[1..]));
                Out::CallNamed { d, f, args, names, named: self.uses(named) }
            }
            Op::CallNative(native) => Out::CallNative { d, native, args: all() },
            Op::Global(g) => Out::Global { d, g },
            Op::SetGlobal(g) => Out::SetGlobal { g, s: arg(0) },
            Op::Member(import) => Out::Member { d, import },
            Op::Define(f) => Out::Define { f },
            Op::CheckDefined(f) => Out::CheckDefined { f },
            Op::CheckType { ty, what } => Out::CheckType { s: arg(0), ty, what },
            Op::RecvStart => Out::RecvStart {},
            Op::RecvMark => Out::RecvMark { s: arg(0) },
            Op::RecvTake => Out::RecvTake {},
            Op::RecvSkip => Out::RecvSkip {},
        }
    }

    fn term(&mut self, term: &Term, next: Option<BlockId>) {
        let f = self.f;
        let args = f.vals(term.args);
        let arg = |at: usize| Use(self.reg(args[at]));
        let op = match term.kind {
            TermKind::Unset => return,
            TermKind::Jump(to) => {
                self.moves(f.blocks[to.index()].params, term.args, term.at);
                return self.go(to, next, term.at);
            }
            TermKind::Branch { test, then, els } => {
                return self.branch(test, term, then, els, next);
            }
            TermKind::Switch { start, len, default } => {
                let cases = &f.cases[start as usize..][..len as usize];
                let cases = cases.iter().map(|&(k, to)| (k, Label(to.0))).collect();
                Out::Switch { s: arg(0), cases: Cases(cases), default: Label(default.0) }
            }
            TermKind::Return => Out::Return { s: arg(0) },
            TermKind::TailCall(f) => Out::TailCall { f, args: self.uses(args) },
            TermKind::TailImport(import) => Out::TailImport { import, args: self.uses(args) },
            TermKind::TailValue => Out::TailValue { f: arg(0), args: self.uses(&args[1..]) },
            TermKind::TailField(name) => {
                Out::TailField { object: arg(0), name, args: self.uses(&args[1..]) }
            }
            TermKind::TailNamed { names, named } => {
                let (args, named) = args.split_at(args.len() - named as usize);
                let (f, args) = (Use(self.reg(args[0])), self.uses(&args[1..]));
                Out::TailNamed { f, args, names, named: self.uses(named) }
            }
            TermKind::TailNative(native) => Out::TailNative { native, args: self.uses(args) },
            TermKind::Raise => Out::Raise { s: arg(0) },
            TermKind::Reraise => Out::Reraise { s: arg(0) },
            TermKind::Fail(kind) => Out::Fail { kind, values: self.uses(args) },
        };
        self.push(op, term.at);
    }

    /// Goes on at a block: by falling through, if it comes next.
    fn go(&mut self, to: BlockId, next: Option<BlockId>, at: u32) {
        if next != Some(to) {
            self.push(Out::Jump { to: Label(to.0) }, at);
        }
    }

    fn branch(
        &mut self,
        test: Test,
        term: &Term,
        then: BlockId,
        els: BlockId,
        next: Option<BlockId>,
    ) {
        let args = self.f.vals(term.args);
        let arg = |at: usize| Use(self.reg(args[at]));
        let def = |at: usize| Def(self.reg(term.defs[at]));
        let to = Label(els.0);
        // these know both directions: jump where the block that follows is not
        let yes = Label(then.0);
        let both = match test {
            Test::Truthy => Some(Out::If { s: arg(0), to: yes }),
            Test::Compare(op) => Some(Out::IfCompare { op, a: arg(0), b: arg(1), to: yes }),
            Test::CompareInt(op, imm) => {
                Some(Out::IfCompareInt { op, a: arg(0), imm: Imm(imm), to: yes })
            }
            _ => None,
        };
        if let Some(op) = both
            && next == Some(els)
        {
            return self.push(op, term.at);
        }
        let op = match test {
            Test::Truthy => Out::Unless { s: arg(0), to },
            Test::Compare(op) => Out::UnlessCompare { op, a: arg(0), b: arg(1), to },
            Test::CompareInt(op, imm) => Out::UnlessCompareInt { op, a: arg(0), imm: Imm(imm), to },
            Test::Const(k) => Out::UnlessConst { s: arg(0), k, to },
            Test::Same => Out::UnlessSame { a: arg(0), b: arg(1), to },
            Test::List(n) => Out::UnlessList { s: arg(0), n: Count(n), to },
            Test::Vector(n) => Out::UnlessVector { s: arg(0), n: Count(n), to },
            Test::Longer(n) => Out::UnlessLonger { s: arg(0), n: Count(n), to },
            Test::Uncons => Out::Uncons { h: def(0), t: def(1), s: arg(0), to },
            Test::Map => Out::UnlessMap { s: arg(0), to },
            Test::MapEntry(key) => Out::MapEntry { d: def(0), s: arg(0), key, to },
            Test::MapEntryAt => Out::MapEntryAt { d: def(0), s: arg(0), key: arg(1), to },
            Test::Prefix(prefix) => Out::Prefix { d: def(0), s: arg(0), prefix, to },
            Test::Type(ty) => Out::UnlessType { s: arg(0), ty, to },
            Test::Missing => Out::UnlessMissing { s: arg(0), to },
            Test::RecvPeek => Out::RecvPeek { d: def(0), to },
            Test::RecvWait => Out::RecvWait { timeout: arg(0), to },
        };
        self.push(op, term.at);
        self.go(then, next, term.at);
    }

    /// Moves what a jump gives into the registers of the parameters, all at once.
    fn moves(&mut self, params: Vals, args: Vals, at: u32) {
        let f = self.f;
        let pairs = f.vals(params).iter().zip(f.vals(args));
        let mut moves: Vec<(u32, u32)> = pairs
            .map(|(&param, &arg)| (self.regs.get(param), self.regs.get(arg)))
            .filter(|(d, s)| d != s)
            .collect();
        while !moves.is_empty() {
            // one whose target nobody reads any more
            let free = moves.iter().position(|&(d, _)| moves.iter().all(|&(_, s)| s != d));
            let (d, s) = match free {
                Some(at) => moves.swap_remove(at),
                None => {
                    // all are in circles: free one target by way of one more register
                    let (d, s) = moves[0];
                    let spare = self.regs.count;
                    self.count = self.count.max(spare + 1);
                    for m in moves.iter_mut().filter(|m| m.1 == d) {
                        m.1 = spare;
                    }
                    moves.swap_remove(0);
                    self.push(Out::Move { d: Def(spare as Reg), s: Use(d as Reg) }, at);
                    (d, s)
                }
            };
            self.push(Out::Move { d: Def(d as Reg), s: Use(s as Reg) }, at);
        }
    }

    /// Where to go on when `handler` is entered: a guard's handler mostly just jumps, and nothing else
    /// leads to it. (Its register is free where it jumps to, too.)
    fn entered_at(&self, handler: BlockId) -> BlockId {
        let block = &self.f.blocks[handler.index()];
        match block.term.kind {
            TermKind::Jump(to)
                if block.insts.is_empty()
                    && block.term.args.len() == 0
                    && self.guards[handler.index()] =>
            {
                to
            }
            _ => handler,
        }
    }

    /// The ranges where exceptions are caught, inner regions first.
    fn handlers(&self, spans: &[(Option<RegionId>, u32, u32)], starts: &[u32]) -> Vec<Handler> {
        let f = self.f;
        let mut ranges: Vec<(u32, RegionId, u32, u32)> = Vec::new();
        // by region: the index of its newest range
        let mut newest = vec![usize::MAX; f.regions.len()];
        for &(region, start, end) in spans {
            let chain = std::iter::successors(region, |r| f.regions[r.0 as usize].parent);
            let depth = chain.clone().count() as u32;
            for (up, region) in (0..).zip(chain) {
                match ranges.get_mut(newest[region.0 as usize]) {
                    Some(range) if range.3 == start => range.3 = end,
                    _ if start == end => {}
                    _ => {
                        newest[region.0 as usize] = ranges.len();
                        ranges.push((depth - up, region, start, end));
                    }
                }
            }
        }
        ranges.sort_by_key(|&(depth, _, start, _)| (std::cmp::Reverse(depth), start));
        let handler = |(_, region, start, end): (u32, RegionId, u32, u32)| {
            let region = &f.regions[region.0 as usize];
            let block = &f.blocks[region.handler.index()];
            let d = Def(self.reg(f.vals(block.params)[0]));
            let target = Label(starts[self.entered_at(region.handler).index()]);
            Handler { start: Label(start), end: Label(end), target, d, guard: region.guard }
        };
        ranges.into_iter().map(handler).collect()
    }
}
