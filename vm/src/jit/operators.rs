//! Instructions that have an operator of numbers, seen alike: operator, operands, what becomes of the result.
//!
//! In: an instruction. Out: its operator, if it has one that machines calculate with.

use super::analyse::Ins;
use super::helpers::Operator;
use crate::code::exec::Ex;

/// The second operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operand {
    Register(u16),
    Int(i64),
}

/// What becomes of an operator's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Goes into a register.
    Value(u16),
    /// Is used by the instruction.
    Used,
    /// Decides a jump, taken if it is this.
    Branch(bool),
}

/// An operator on numbers, as an instruction has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numeric {
    pub(crate) operator: Operator,
    pub(crate) x: u16,
    pub(crate) y: Operand,
    pub(crate) form: Form,
}

/// Adding an int below zero is subtracting one, so that errors name the right operator.
fn offset(n: i64) -> (Operator, i64) {
    if n < 0 { (Operator::Sub, -n) } else { (Operator::Add, n) }
}

/// The operator of an instruction that has one of numbers.
pub(crate) fn numeric(ins: &Ins) -> Option<Numeric> {
    use Operator::{Add, Div, Eq, Ge, Gt, IntDiv, Le, Lt, Mod, Mul, Ne, Sub};
    let (rc, ic) = (Operand::Register(ins.c), Operand::Int(ins.c_int()));
    let (rb, ib) = (Operand::Register(ins.b), Operand::Int(ins.b_int()));
    let value = |operator, y| Numeric { operator, x: ins.b, y, form: Form::Value(ins.a) };
    let branch =
        |operator, y, wanted| Numeric { operator, x: ins.a, y, form: Form::Branch(wanted) };
    Some(match ins.op {
        Ex::Add => value(Add, rc),
        Ex::Sub => value(Sub, rc),
        Ex::Mul => value(Mul, rc),
        Ex::Div => value(Div, rc),
        Ex::IntDiv => value(IntDiv, rc),
        Ex::Mod => value(Mod, rc),
        Ex::AddInt => value(Add, ic),
        Ex::SubInt => value(Sub, ic),
        Ex::MulInt => value(Mul, ic),
        Ex::IntDivInt => value(IntDiv, ic),
        Ex::ModInt => value(Mod, ic),
        Ex::CountTailSelf2 | Ex::CallAddInt => {
            let (operator, n) = offset(ins.c_int());
            let counted = value(operator, Operand::Int(n));
            let form = if ins.op == Ex::CallAddInt { Form::Used } else { counted.form };
            Numeric { form, ..counted }
        }
        Ex::ReturnAdd => Numeric { form: Form::Used, ..value(Add, rc) },
        Ex::Eq => value(Eq, rc),
        Ex::Ne => value(Ne, rc),
        Ex::Lt => value(Lt, rc),
        Ex::Le => value(Le, rc),
        Ex::Gt => value(Gt, rc),
        Ex::Ge => value(Ge, rc),
        Ex::EqInt => value(Eq, ic),
        Ex::NeInt => value(Ne, ic),
        Ex::LtInt => value(Lt, ic),
        Ex::LeInt => value(Le, ic),
        Ex::GtInt => value(Gt, ic),
        Ex::GeInt => value(Ge, ic),
        Ex::IfEq => branch(Eq, rb, true),
        Ex::IfNe => branch(Ne, rb, true),
        Ex::IfLt => branch(Lt, rb, true),
        Ex::IfLe => branch(Le, rb, true),
        Ex::IfGt => branch(Gt, rb, true),
        Ex::IfGe => branch(Ge, rb, true),
        Ex::UnlessEq => branch(Eq, rb, false),
        Ex::UnlessNe => branch(Ne, rb, false),
        Ex::UnlessLt => branch(Lt, rb, false),
        Ex::UnlessLe => branch(Le, rb, false),
        Ex::UnlessGt => branch(Gt, rb, false),
        Ex::UnlessGe => branch(Ge, rb, false),
        Ex::IfEqInt => branch(Eq, ib, true),
        Ex::IfNeInt => branch(Ne, ib, true),
        Ex::IfLtInt => branch(Lt, ib, true),
        Ex::IfLeInt => branch(Le, ib, true),
        Ex::IfGtInt => branch(Gt, ib, true),
        Ex::IfGeInt => branch(Ge, ib, true),
        Ex::UnlessEqInt => branch(Eq, ib, false),
        Ex::UnlessNeInt => branch(Ne, ib, false),
        Ex::UnlessLtInt => branch(Lt, ib, false),
        Ex::UnlessLeInt => branch(Le, ib, false),
        Ex::UnlessGtInt => branch(Gt, ib, false),
        Ex::UnlessGeInt => branch(Ge, ib, false),
        _ => return None,
    })
}
