//! Which executed instruction an operator is.

use rata_bytecode::operand::{Arith, Cmp};

use crate::code::exec::Ex;

pub(super) type ByCmp = [Ex; 6];
pub(super) const COMPARE: ByCmp = [Ex::Eq, Ex::Ne, Ex::Lt, Ex::Le, Ex::Gt, Ex::Ge];
pub(super) const COMPARE_INT: ByCmp =
    [Ex::EqInt, Ex::NeInt, Ex::LtInt, Ex::LeInt, Ex::GtInt, Ex::GeInt];
pub(super) const IF: ByCmp = [Ex::IfEq, Ex::IfNe, Ex::IfLt, Ex::IfLe, Ex::IfGt, Ex::IfGe];
pub(super) const IF_INT: ByCmp =
    [Ex::IfEqInt, Ex::IfNeInt, Ex::IfLtInt, Ex::IfLeInt, Ex::IfGtInt, Ex::IfGeInt];
pub(super) const UNLESS: ByCmp =
    [Ex::UnlessEq, Ex::UnlessNe, Ex::UnlessLt, Ex::UnlessLe, Ex::UnlessGt, Ex::UnlessGe];
pub(super) const UNLESS_INT: ByCmp = [
    Ex::UnlessEqInt,
    Ex::UnlessNeInt,
    Ex::UnlessLtInt,
    Ex::UnlessLeInt,
    Ex::UnlessGtInt,
    Ex::UnlessGeInt,
];

pub(super) fn pick(table: ByCmp, op: Cmp) -> Ex {
    table[op as usize]
}

pub(super) fn arith(op: Arith) -> Ex {
    match op {
        Arith::Add => Ex::Add,
        Arith::Sub => Ex::Sub,
        Arith::Mul => Ex::Mul,
        Arith::Div => Ex::Div,
        Arith::IntDiv => Ex::IntDiv,
        Arith::Mod => Ex::Mod,
        Arith::Pow => Ex::Pow,
    }
}

pub(super) fn arith_int(op: Arith) -> Option<Ex> {
    match op {
        Arith::Add => Some(Ex::AddInt),
        Arith::Sub => Some(Ex::SubInt),
        Arith::Mul => Some(Ex::MulInt),
        Arith::IntDiv => Some(Ex::IntDivInt),
        Arith::Mod => Some(Ex::ModInt),
        Arith::Div | Arith::Pow => None,
    }
}
