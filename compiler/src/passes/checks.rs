//! Type checks that cannot fail go: the value was checked before on the way here, or what computes
//! it gives that type.

use super::cfg::{self, Preds};
use crate::ir::pool::Pools;
use crate::ir::{BlockId, Function, Inst, Op, TermKind, Test, Val};
use rata_bytecode::module::{Const, Type};
use rata_bytecode::operand::{Arith, Cmp, TypeId};

/// End of a list of facts.
const NIL: u32 = u32::MAX;

struct Checks<'p> {
    pools: &'p Pools,
    /// The result type that each function declares and checks.
    declared: &'p [Option<TypeId>],
    /// (value, its type, older facts).
    facts: Vec<(Val, TypeId, u32)>,
    /// By value: the type of what computes it.
    computed: Vec<Option<Type>>,
}

/// Runs the pass; `declared` are the result types of the module's named functions.
pub(crate) fn run(f: &mut Function, pools: &Pools, declared: &[Option<TypeId>]) {
    let order = cfg::order(f);
    let is_check = |inst: &Inst| matches!(inst.op, Op::CheckType { .. });
    if !order.iter().any(|block| f.blocks[block.index()].insts.iter().any(is_check)) {
        return;
    }
    let preds = Preds::new(f, &order, true);
    let computed = vec![None; f.vals as usize];
    let mut checks = Checks { pools, declared, facts: Vec::new(), computed };
    let mut at_end = vec![NIL; f.blocks.len()];
    for &block in &order {
        // where several ways meet, what held at the function's entry still holds
        let from = match preds.of(block) {
            [] => NIL,
            &[only] if only != block => at_end[only.index()],
            _ => at_end[BlockId::ENTRY.index()],
        };
        let mut facts = checks.tested(f, block, preds.of(block), from);
        let mut insts = std::mem::take(&mut f.blocks[block.index()].insts);
        insts.retain(|inst| checks.keep(f, inst, &mut facts));
        f.blocks[block.index()].insts = insts;
        at_end[block.index()] = facts;
    }
}

impl Checks<'_> {
    /// What a test that leads here tells.
    fn tested(&mut self, f: &Function, block: BlockId, preds: &[BlockId], facts: u32) -> u32 {
        let &[pred] = preds else { return facts };
        let term = &f.blocks[pred.index()].term;
        match term.kind {
            TermKind::Branch { test: Test::Type(ty), then, els }
                if then == block && els != block =>
            {
                self.know(f.vals(term.args)[0], ty, facts)
            }
            _ => facts,
        }
    }

    fn know(&mut self, val: Val, ty: TypeId, facts: u32) -> u32 {
        self.facts.push((val, ty, facts));
        self.facts.len() as u32 - 1
    }

    /// Whether an instruction is needed; learns from it.
    fn keep(&mut self, f: &Function, inst: &Inst, facts: &mut u32) -> bool {
        let args = f.vals(inst.args);
        if let Op::CheckType { ty, .. } = inst.op {
            let wanted = &self.pools.types()[ty.0 as usize];
            let known = self.types(args[0], *facts).any(|known| self.fits(known, wanted));
            if !known {
                *facts = self.know(args[0], ty, *facts);
            }
            return !known;
        }
        if inst.d.is_some() {
            self.computed[inst.d.index()] = self.result(inst.op, args, *facts);
        }
        true
    }

    /// The type of what an instruction computes.
    fn result(&self, op: Op, args: &[Val], facts: u32) -> Option<Type> {
        let int = |val: Val| {
            self.types(val, facts).any(|known| matches!(known, Type::Int | Type::Posint))
        };
        let whole =
            |op| matches!(op, Arith::Add | Arith::Sub | Arith::Mul | Arith::IntDiv | Arith::Mod);
        Some(match op {
            Op::Const(k) => match self.pools.consts.get(k) {
                Const::Int(_) | Const::BigInt(..) => Type::Int,
                Const::Float(_) => Type::Float,
                Const::Bool(_) => Type::Bool,
                Const::Str(_) => Type::String,
                Const::Symbol(_) => Type::Symbol,
                Const::Nil => Type::Nil,
                Const::Map(_) => Type::Map,
                Const::Set(_) => Type::Set,
                Const::List(_) => Type::List,
                Const::Fn(_) => Type::Function,
                _ => return None,
            },
            Op::Arith(op) if whole(op) && int(args[0]) && int(args[1]) => Type::Int,
            Op::ArithInt(op, _) if whole(op) && int(args[0]) => Type::Int,
            Op::Compare(Cmp::Eq | Cmp::Ne) | Op::CompareInt(Cmp::Eq | Cmp::Ne, _) | Op::Not => {
                Type::Bool
            }
            Op::Text => Type::String,
            Op::List => Type::List,
            Op::Map | Op::MapKeys(_) => Type::Map,
            Op::Set => Type::Set,
            Op::Closure(_) => Type::Function,
            Op::Call(callee) => {
                let ty = self.declared.get(callee.0 as usize).copied().flatten()?;
                self.pools.types()[ty.0 as usize].clone()
            }
            _ => return None,
        })
    }

    /// The types that a value is known to have.
    fn types(&self, val: Val, facts: u32) -> impl Iterator<Item = &Type> {
        let mut link = facts;
        let checked = std::iter::from_fn(move || {
            let &(known, ty, next) = self.facts.get(link as usize)?;
            link = next;
            Some((known, ty))
        });
        let checked = checked
            .filter(move |&(known, _)| known == val)
            .map(|(_, ty)| &self.pools.types()[ty.0 as usize]);
        checked.chain(&self.computed[val.index()])
    }

    /// Whether everything of one type is of the other as well.
    fn fits(&self, known: &Type, wanted: &Type) -> bool {
        let of = |ty: &TypeId| &self.pools.types()[ty.0 as usize];
        match (known, wanted) {
            _ if known == wanted => true,
            (_, Type::Any) => true,
            (Type::Union(parts), _) => parts.iter().all(|part| self.fits(of(part), wanted)),
            (_, Type::Union(parts)) => parts.iter().any(|part| self.fits(known, of(part))),
            (Type::Posint, Type::Int | Type::Numeric) => true,
            (Type::Int | Type::Float, Type::Numeric) => true,
            (Type::ListOf(_), Type::List) | (Type::VectorOf(_), Type::Vector) => true,
            _ => false,
        }
    }
}
