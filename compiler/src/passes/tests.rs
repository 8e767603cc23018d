//! Passes on graphs made by hand.

use rata_bytecode::module::Const;
use rata_bytecode::operand::{Arith, Cmp, FnId};

use super::*;
use crate::ir::print::function as print;
use crate::ir::{BlockId, Inst, Op, Region, RegionId, Term, TermKind, Test, Val};

/// A function being built.
struct Build {
    f: Function,
    pools: Pools,
}

impl Build {
    fn new(arity: usize) -> Build {
        let mut f = Function { name: "f".into(), arity: arity as u32, ..Function::default() };
        f.block(arity, None);
        Build { f, pools: Pools::default() }
    }

    fn inst(&mut self, block: BlockId, op: Op, args: &[Val]) -> Val {
        let (d, args) = (self.f.val(), self.f.list(args));
        self.f.blocks[block.index()].insts.push(Inst { op, d, args, at: 0 });
        d
    }

    fn konst(&mut self, block: BlockId, value: Const) -> Val {
        let k = self.pools.consts.add(value);
        self.inst(block, Op::Const(k), &[])
    }

    fn term(&mut self, block: BlockId, kind: TermKind, args: &[Val]) {
        let args = self.f.list(args);
        self.f.blocks[block.index()].term = Term::new(kind, args, 0);
    }

    fn params(&self, block: BlockId) -> Vec<Val> {
        self.f.vals(self.f.blocks[block.index()].params).to_vec()
    }

    fn optimised(mut self) -> String {
        run(&mut self.f, &mut self.pools, &Around { sets: &[], arities: &[], declared: &[] });
        let text = print(&self.f, Some(&self.pools));
        text.lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n")
    }
}

/// What `a op b` is folded to, `None` if it stays.
fn folded(op: Arith, a: Const, b: Const) -> Option<Const> {
    let mut b0 = Build::new(0);
    let a = b0.konst(BlockId::ENTRY, a);
    let b = b0.konst(BlockId::ENTRY, b);
    let d = b0.inst(BlockId::ENTRY, Op::Arith(op), &[a, b]);
    b0.term(BlockId::ENTRY, TermKind::Return, &[d]);
    fold::run(&mut b0.f, &mut b0.pools, &[], &[]);
    match b0.f.blocks[0].insts[2].op {
        Op::Const(k) => Some(b0.pools.consts.get(k).clone()),
        _ => None,
    }
}

fn float(x: f64) -> Const {
    Const::Float(x.to_bits())
}

#[test]
fn folding_is_exact() {
    use Const::Int;
    assert_eq!(
        folded(Arith::Add, Int(i64::MAX), Int(1)),
        Some(Const::BigInt(false, vec![0, 0, 0, 0, 0, 0, 0, 0x80]))
    );
    assert_eq!(folded(Arith::Sub, Int(i64::MIN), Int(-1)), Some(Int(i64::MIN + 1)));
    // towards minus infinity, the sign of the divisor
    for (a, b, quotient, rest) in [(7, 3, 2, 1), (-7, 3, -3, 2), (7, -3, -3, -2), (-7, -3, 2, -1)] {
        assert_eq!(folded(Arith::IntDiv, Int(a), Int(b)), Some(Int(quotient)), "{a} %/% {b}");
        assert_eq!(folded(Arith::Mod, Int(a), Int(b)), Some(Int(rest)), "{a} %% {b}");
    }
    assert_eq!(folded(Arith::Div, Int(1), Int(2)), Some(float(0.5)));
    assert_eq!(folded(Arith::Pow, Int(2), Int(10)), Some(Int(1024)));
    assert_eq!(folded(Arith::Mul, float(0.1), Int(3)), Some(float(0.1 * 3.0)));
    let text = |s: &str| Const::Str(s.into());
    assert_eq!(folded(Arith::Add, text("a"), text("b")), Some(text("ab")));
}

#[test]
fn what_raises_or_only_the_runtime_knows_stays() {
    use Const::Int;
    for (op, a, b) in [
        (Arith::Div, Int(1), Int(0)),
        (Arith::Div, float(1.0), float(0.0)),
        (Arith::IntDiv, Int(1), Int(0)),
        (Arith::Mod, Int(1), Int(0)),
        (Arith::Pow, Int(2), Int(-1)),
        (Arith::Pow, Int(10), Int(1_000_000)),
        (Arith::Pow, float(2.0), float(0.5)),
        (Arith::Add, Int(1), Const::Nil),
        (Arith::Add, Const::Str("a".into()), Int(1)),
        // rounding would depend on how the runtime divides
        (Arith::Div, Int(i64::MAX), Int(3)),
        (Arith::Sub, Const::Str("a".into()), Const::Str("b".into())),
    ] {
        assert_eq!(folded(op, a.clone(), b.clone()), None, "{a:?} {op:?} {b:?}");
    }
}

#[test]
fn known_branches_go() {
    let mut b = Build::new(1);
    let (yes, no) = (b.f.block(0, None), b.f.block(0, None));
    let one = b.konst(BlockId::ENTRY, Const::Int(1));
    let two = b.konst(BlockId::ENTRY, Const::Int(2));
    let test = Test::Compare(Cmp::Lt);
    b.term(BlockId::ENTRY, TermKind::Branch { test, then: yes, els: no }, &[one, two]);
    b.term(yes, TermKind::Return, &[Val(0)]);
    b.term(no, TermKind::Raise, &[one]);
    assert_eq!(b.optimised(), "b0(v0):\nReturn v0");
}

#[test]
fn a_parameter_that_is_always_the_same_is_no_parameter() {
    let mut b = Build::new(2);
    let (yes, no, join) = (b.f.block(0, None), b.f.block(0, None), b.f.block(2, None));
    let test = Test::Truthy;
    b.term(BlockId::ENTRY, TermKind::Branch { test, then: yes, els: no }, &[Val(0)]);
    b.term(yes, TermKind::Jump(join), &[Val(1), Val(0)]);
    b.term(no, TermKind::Jump(join), &[Val(1), Val(1)]);
    let params = b.params(join);
    let d = b.inst(join, Op::List, &params);
    b.term(join, TermKind::Return, &[d]);
    let expected = "b0(v0, v1):\nif Truthy v0 then b1 else b2\nb1():\njump b3(v0)\nb2():\n\
                    jump b3(v1)\nb3(v3):\nv4 = List v1, v3\nReturn v4";
    assert_eq!(b.optimised(), expected);
}

#[test]
fn what_nobody_uses_goes_and_effects_stay() {
    let mut b = Build::new(1);
    let list = b.inst(BlockId::ENTRY, Op::List, &[Val(0)]);
    b.inst(BlockId::ENTRY, Op::ListEntry(0), &[list]);
    b.inst(BlockId::ENTRY, Op::Arith(Arith::Add), &[Val(0), Val(0)]);
    b.term(BlockId::ENTRY, TermKind::Return, &[Val(0)]);
    assert_eq!(b.optimised(), "b0(v0):\nv3 = Arith(Add) v0, v0\nReturn v0");
}

#[test]
fn constants_do_not_wait_through_calls() {
    let mut b = Build::new(1);
    let k = b.konst(BlockId::ENTRY, Const::Symbol("k".into()));
    b.inst(BlockId::ENTRY, Op::Call(FnId(0)), &[k]);
    let d = b.inst(BlockId::ENTRY, Op::List, &[k, k, Val(0)]);
    b.term(BlockId::ENTRY, TermKind::Return, &[d]);
    let expected =
        "b0(v0):\nv1 = :k\nv2 = Call(FnId(0)) v1\nv4 = :k\nv3 = List v4, v4, v0\nReturn v3";
    assert_eq!(b.optimised(), expected);
}

#[test]
fn endless_empty_loops_are_left() {
    let mut b = Build::new(0);
    let (one, two) = (b.f.block(0, None), b.f.block(0, None));
    b.term(BlockId::ENTRY, TermKind::Jump(one), &[]);
    b.term(one, TermKind::Jump(two), &[]);
    b.term(two, TermKind::Jump(one), &[]);
    assert!(b.optimised().contains("jump"));
}

#[test]
fn the_lint_sees_what_is_wrong() {
    let broken = |make: &dyn Fn(&mut Build)| {
        let mut b = Build::new(1);
        make(&mut b);
        lint::check(&b.f).expect_err("it is broken")
    };
    assert!(broken(&|_| ()).contains("does not end"));
    assert!(
        broken(&|b| {
            let to = b.f.block(2, None);
            b.term(BlockId::ENTRY, TermKind::Jump(to), &[Val(0)]);
            b.term(to, TermKind::Return, &[Val(0)]);
        })
        .contains("gives 1 values")
    );
    assert!(
        broken(&|b| {
            let (then, els) = (b.f.block(0, None), b.f.block(0, None));
            let test = Test::Truthy;
            b.term(BlockId::ENTRY, TermKind::Branch { test, then, els }, &[Val(0)]);
            let d = b.inst(then, Op::List, &[]);
            b.term(then, TermKind::Return, &[d]);
            b.term(els, TermKind::Return, &[d]);
        })
        .contains("may not be")
    );
    assert!(
        broken(&|b| {
            let val = b.f.val();
            b.term(BlockId::ENTRY, TermKind::Return, &[val]);
        })
        .contains("not defined")
    );
}

/// Random numbers that are the same every time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A random graph without loops: each block may use what its dominators define (here: the entry,
/// its own parameters and itself), some in a region.
fn random(rng: &mut Lcg) -> Build {
    let mut b = Build::new(3);
    let handler = b.f.block(1, None);
    b.f.regions.push(Region { parent: None, handler, guard: false });
    let count = 2 + rng.below(8);
    let blocks: Vec<(BlockId, usize)> = (0..count)
        .map(|_| {
            let region = (rng.below(3) == 0).then_some(RegionId(0));
            let params = rng.below(3);
            (b.f.block(params, region), params)
        })
        .collect();
    let mut global = b.params(BlockId::ENTRY);
    let fill = |b: &mut Build, block, known: &mut Vec<Val>, rng: &mut Lcg| {
        for _ in 0..rng.below(5) {
            let args: Vec<Val> = (0..rng.below(3)).map(|_| known[rng.below(known.len())]).collect();
            known.push(b.inst(block, Op::Call(FnId(0)), &args));
        }
    };
    fill(&mut b, BlockId::ENTRY, &mut global, rng);
    b.term(BlockId::ENTRY, TermKind::Jump(blocks[0].0), &global[..blocks[0].1]);
    for at in 0..count {
        let block = blocks[at].0;
        let mut known = global.clone();
        known.extend(b.params(block));
        fill(&mut b, block, &mut known, rng);
        let later = &blocks[at + 1..];
        if later.is_empty() || rng.below(5) == 0 {
            b.term(block, TermKind::Return, &[known[rng.below(known.len())]]);
        } else if rng.below(2) == 0 {
            let (to, params) = later[rng.below(later.len())];
            let args: Vec<Val> = (0..params).map(|_| known[rng.below(known.len())]).collect();
            b.term(block, TermKind::Jump(to), &args);
        } else {
            let plain: Vec<BlockId> = later.iter().filter(|b| b.1 == 0).map(|b| b.0).collect();
            let (then, els) = match plain[..] {
                [] => (handler, handler),
                _ => (plain[rng.below(plain.len())], plain[rng.below(plain.len())]),
            };
            if then == handler {
                b.term(block, TermKind::Raise, &[known[0]]);
            } else {
                let kind = TermKind::Branch { test: Test::Truthy, then, els };
                b.term(block, kind, &[known[rng.below(known.len())]]);
            }
        }
    }
    let caught = b.params(handler)[0];
    b.term(handler, TermKind::TailCall(FnId(0)), &[global[rng.below(global.len())], caught]);
    b
}

/// Walks a block backwards: no two values that are needed at one place share a register.
fn check_registers(f: &Function) {
    let order = cfg::order(f);
    let live = liveness::run(f, &order);
    let regs = registers::run(f, &order, &live);
    let mut most = f.arity;
    for &id in &order {
        let block = &f.blocks[id.index()];
        let mut needed: Vec<Val> = Vec::new();
        let add = |vals: &[Val], needed: &mut Vec<Val>| {
            needed.extend(vals);
            needed.sort_unstable();
            needed.dedup();
        };
        f.successors(id, |to| add(live.at_start(to), &mut needed));
        let mut apart = |needed: &[Val]| {
            let mut used: Vec<u32> = needed.iter().map(|&val| regs.get(val)).collect();
            used.sort_unstable();
            most = most.max(used.len() as u32);
            assert!(used.windows(2).all(|w| w[0] != w[1]), "b{}: {}", id.0, print(f, None));
        };
        apart(&needed);
        add(f.vals(block.term.args), &mut needed);
        apart(&needed);
        for inst in block.insts.iter().rev() {
            add(&[inst.d], &mut needed);
            apart(&needed);
            needed.retain(|&val| val != inst.d);
            add(f.vals(inst.args), &mut needed);
            apart(&needed);
        }
        add(f.vals(block.params), &mut needed);
        apart(&needed);
        needed.retain(|val| !f.vals(block.params).contains(val));
        assert_eq!(needed, live.at_start(id), "b{}: {}", id.0, print(f, None));
    }
    // unused results need a register for a moment, so one more may be there
    assert!(regs.count <= most + 1, "{} registers where {most} do: {}", regs.count, print(f, None));
}

#[test]
fn values_needed_together_have_registers_of_their_own() {
    let mut rng = Lcg(1);
    for _ in 0..2000 {
        let mut b = random(&mut rng);
        lint::check(&b.f).expect("well-formed");
        check_registers(&b.f);
        run(&mut b.f, &mut b.pools, &Around { sets: &[], arities: &[], declared: &[] });
        check_registers(&b.f);
    }
}

#[test]
fn order_puts_the_first_target_next() {
    let mut b = Build::new(1);
    let (then, els, join) = (b.f.block(0, None), b.f.block(0, None), b.f.block(0, None));
    let test = Test::Truthy;
    b.term(BlockId::ENTRY, TermKind::Branch { test, then, els }, &[Val(0)]);
    b.term(then, TermKind::Jump(join), &[]);
    b.term(els, TermKind::Jump(join), &[]);
    b.term(join, TermKind::Return, &[Val(0)]);
    assert_eq!(cfg::order(&b.f), [BlockId::ENTRY, then, els, join]);
}
