//! Constant folding: operators on constants, branches on constants, and calls of function values that are
//! constants. What would raise is left for run time, and so is what only the runtime computes
//! exactly as it does (powers of floats, modulo of floats).

use num_bigint::{BigInt, Sign};
use rata_bytecode::module::{Const, FnEntry, FnSet};
use rata_bytecode::operand::{Arith, Cmp, ConstId, FnId, FnSetId};

use super::cfg;
use crate::ir::pool::Pools;
use crate::ir::{BlockId, Function, Inst, Op, Term, TermKind, Test, Val, Vals};

/// Longest result of an exact power that is computed here, in bits.
const MOST_BITS: u64 = 4096;
/// Ints up to here are floats without rounding.
const EXACT: i64 = 1 << 53;

struct Fold<'p> {
    pools: &'p mut Pools,
    sets: &'p [FnSet],
    /// Numbers of parameters, by function.
    arities: &'p [u32],
    /// The constant that a value is, by value.
    known: Vec<Option<ConstId>>,
    branches: bool,
}

/// Runs the pass; whether branches went.
pub(crate) fn run(f: &mut Function, pools: &mut Pools, sets: &[FnSet], arities: &[u32]) -> bool {
    let known = vec![None; f.vals as usize];
    let mut fold = Fold { pools, sets, arities, known, branches: false };
    for block in cfg::order(f) {
        for at in 0..f.blocks[block.index()].insts.len() {
            let inst = f.blocks[block.index()].insts[at];
            f.blocks[block.index()].insts[at] = fold.inst(f, inst);
        }
        fold.term(f, block);
    }
    fold.branches
}

impl Fold<'_> {
    fn known(&self, val: Val) -> Option<&Const> {
        Some(self.pools.consts.get(self.known[val.index()]?))
    }

    fn inst(&mut self, f: &Function, mut inst: Inst) -> Inst {
        let args = f.vals(inst.args);
        let value = match inst.op {
            Op::Const(k) => {
                self.known[inst.d.index()] = Some(k);
                return inst;
            }
            Op::Arith(op) => self.arith(op, args[0], args[1]),
            Op::Neg => self.known(args[0]).and_then(negated),
            Op::Not => self.known(args[0]).and_then(truthy).map(|t| Const::Bool(!t)),
            Op::Compare(op) => self.compare(op, args[0], args[1]).map(Const::Bool),
            Op::CallValue => {
                if let Some(callee) = self.callee(args) {
                    inst.op = Op::Call(callee);
                    inst.args = f.skip_first(inst.args);
                }
                return inst;
            }
            _ => return inst,
        };
        if let Some(value) = value {
            let k = self.pools.consts.add(value);
            self.known[inst.d.index()] = Some(k);
            inst.op = Op::Const(k);
            inst.args = Vals::EMPTY;
        }
        inst
    }

    /// The function that a call of a constant function value leads to, when no argument is omitted.
    fn callee(&self, args: &[Val]) -> Option<FnId> {
        let FnSetId(set) = self.pools.as_fn(self.known[args[0].index()]?)?;
        let given = args.len() as u32 - 1;
        let takes = |e: &&FnEntry| (e.min..=e.max).contains(&given);
        let entry = self.sets[set as usize].entries.iter().find(takes)?;
        // the entry that evaluates defaults has more parameters than it is given arguments
        (self.arities.get(entry.f.0 as usize) == Some(&given)).then_some(entry.f)
    }

    fn term(&mut self, f: &mut Function, block: BlockId) {
        let term = f.blocks[block.index()].term;
        let args = f.vals(term.args);
        match term.kind {
            TermKind::Branch { test, then, els } => {
                let decided = match test {
                    Test::Truthy => self.known(args[0]).and_then(truthy),
                    Test::Compare(op) => self.compare(op, args[0], args[1]),
                    Test::Const(k) => self.same_const(args[0], k),
                    Test::Missing => {
                        self.known(args[0]).map(|known| matches!(known, Const::Missing))
                    }
                    _ => None,
                };
                if let Some(yes) = decided {
                    self.go(f, block, if yes { then } else { els });
                }
            }
            TermKind::Switch { start, len, default } => {
                let Some(k) = self.known[args[0].index()] else { return };
                if !is_scalar(self.pools.consts.get(k)) {
                    return;
                }
                let cases = &f.cases[start as usize..][..len as usize];
                let to = cases.iter().find(|&&(case, _)| case == k).map_or(default, |&(_, to)| to);
                self.go(f, block, to);
            }
            TermKind::TailValue => {
                if let Some(callee) = self.callee(args) {
                    let args = f.skip_first(term.args);
                    f.blocks[block.index()].term =
                        Term::new(TermKind::TailCall(callee), args, term.at);
                }
            }
            _ => {}
        }
    }

    fn go(&mut self, f: &mut Function, block: BlockId, to: BlockId) {
        let term = &mut f.blocks[block.index()].term;
        *term = Term::new(TermKind::Jump(to), Vals::EMPTY, term.at);
        self.branches = true;
    }

    /// Whether a value is strictly equal to a constant.
    fn same_const(&self, val: Val, k: ConstId) -> Option<bool> {
        let known = self.known[val.index()]?;
        let (a, b) = (self.pools.consts.get(known), self.pools.consts.get(k));
        let float = |k: &Const| matches!(k, Const::Float(_));
        (is_scalar(a) && is_scalar(b) && !(float(a) && float(b))).then_some(known == k)
    }

    fn arith(&self, op: Arith, a: Val, b: Val) -> Option<Const> {
        let (a, b) = (self.known(a)?, self.known(b)?);
        match (a, b) {
            (Const::Str(a), Const::Str(b)) if op == Arith::Add => {
                Some(Const::Str(format!("{a}{b}")))
            }
            (Const::Float(_), Const::Float(_) | Const::Int(_))
            | (Const::Int(_), Const::Float(_)) => float_arith(op, float(a)?, float(b)?),
            _ => int_arith(op, &int(a)?, &int(b)?),
        }
    }

    fn compare(&self, op: Cmp, a: Val, b: Val) -> Option<bool> {
        let (a, b) = (self.known(a)?, self.known(b)?);
        if let (Some(a), Some(b)) = (int(a), int(b)) {
            return Some(ordered(op, a.cmp(&b)));
        }
        if let (Const::Str(a), Const::Str(b)) = (a, b) {
            return Some(ordered(op, a.cmp(b)));
        }
        if let (Some(a), Some(b)) = (float(a), float(b)) {
            return a.partial_cmp(&b).map(|order| ordered(op, order));
        }
        let simple =
            |k: &Const| matches!(k, Const::Nil | Const::Bool(_) | Const::Symbol(_) | Const::Str(_));
        match op {
            Cmp::Eq if simple(a) && simple(b) => Some(a == b),
            Cmp::Ne if simple(a) && simple(b) => Some(a != b),
            _ => None,
        }
    }
}

fn ordered(op: Cmp, order: std::cmp::Ordering) -> bool {
    match op {
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
    }
}

fn int(k: &Const) -> Option<BigInt> {
    match k {
        Const::Int(n) => Some((*n).into()),
        Const::BigInt(minus, bytes) => {
            let sign = if *minus { Sign::Minus } else { Sign::Plus };
            Some(BigInt::from_bytes_le(sign, bytes))
        }
        _ => None,
    }
}

/// A float, or an int that is one without rounding.
fn float(k: &Const) -> Option<f64> {
    match k {
        Const::Float(bits) => Some(f64::from_bits(*bits)),
        Const::Int(n) if n.unsigned_abs() <= EXACT.unsigned_abs() => Some(*n as f64),
        _ => None,
    }
}

fn from_int(n: &BigInt) -> Const {
    match i64::try_from(n) {
        Ok(small) => Const::Int(small),
        Err(_) => {
            let (sign, bytes) = n.to_bytes_le();
            Const::BigInt(sign == Sign::Minus, bytes)
        }
    }
}

fn float_arith(op: Arith, a: f64, b: f64) -> Option<Const> {
    let x = match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Div if b != 0.0 => a / b,
        _ => return None,
    };
    Some(Const::Float(x.to_bits())).filter(|_| !x.is_nan())
}

fn int_arith(op: Arith, a: &BigInt, b: &BigInt) -> Option<Const> {
    let zero = b.sign() == Sign::NoSign;
    let result = match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Div => return float_arith(op, float(&from_int(a))?, float(&from_int(b))?),
        Arith::IntDiv | Arith::Mod if zero => return None,
        Arith::IntDiv | Arith::Mod => {
            // towards minus infinity, unlike the machine's
            let (mut quotient, mut rest) = (a / b, a % b);
            if rest.sign() != Sign::NoSign && rest.sign() != b.sign() {
                quotient -= 1;
                rest += b;
            }
            if op == Arith::IntDiv { quotient } else { rest }
        }
        Arith::Pow => {
            let exponent = u32::try_from(b).ok()?;
            if a.bits().checked_mul(u64::from(exponent))? > MOST_BITS {
                return None;
            }
            a.pow(exponent)
        }
    };
    Some(from_int(&result))
}

fn negated(k: &Const) -> Option<Const> {
    match k {
        Const::Float(bits) => Some(Const::Float((-f64::from_bits(*bits)).to_bits())),
        _ => Some(from_int(&-int(k)?)),
    }
}

/// Whether a condition that is this constant holds.
fn truthy(k: &Const) -> Option<bool> {
    Some(match k {
        Const::Nil => false,
        Const::Bool(b) => *b,
        Const::Int(n) => *n != 0,
        Const::Float(bits) => f64::from_bits(*bits) != 0.0,
        Const::Str(text) => !text.is_empty(),
        // a vector may be no condition, and the marker never gets here
        Const::Vector(_) | Const::Missing => return None,
        _ => true,
    })
}

fn is_scalar(k: &Const) -> bool {
    !matches!(k, Const::Vector(_) | Const::List(_) | Const::Map(_) | Const::Set(_) | Const::Missing)
}
