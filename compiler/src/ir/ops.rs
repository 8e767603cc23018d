//! What instructions and terminators do. They mirror those of the bytecode; operands are told apart by
//! their position in the list that goes with them.

use rata_bytecode::operand::{
    Arith, Cmp, ConstId, Failure, FnId, FnSetId, GlobalId, ImportId, NativeId, TypeId,
};

use super::BlockId;

/// What an instruction does; its operands are in [`super::Inst::args`], in the order told here.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Op {
    /// A constant.
    Const(ConstId),
    /// [items…]
    Vector,
    /// [items…, tail]
    Cons,
    /// [items…]
    List,
    /// [values…]
    MapKeys(ConstId),
    /// [key, value, …]
    Map,
    /// [items…]
    Set,
    /// [parts…]
    Text,
    /// [captures…]
    Closure(FnSetId),
    /// [a, b]
    Range,
    /// [a, b]
    Arith(Arith),
    /// [a]
    ArithInt(Arith, i32),
    /// [s]
    Neg,
    /// [s]
    Not,
    /// [a, b]
    Compare(Cmp),
    /// [a]
    CompareInt(Cmp, i32),
    /// [v, i]
    Index,
    /// [m]
    Field(ConstId),
    /// [s]
    ListEntry(u32),
    /// [s]
    VectorEntry(u32),
    /// [s]
    VectorRest(u32),
    /// [s]
    ExceptionType,
    /// [s]
    ExceptionParts,
    /// [args…]
    Call(FnId),
    /// [args…]
    CallImport(ImportId),
    /// [f, args…]
    CallValue,
    /// [object, args…]
    CallField(ConstId),
    /// [f, args…, named…]; how many are named
    CallNamed { names: ConstId, named: u32 },
    /// [args…]
    CallNative(NativeId),
    /// []
    Global(GlobalId),
    /// [s]
    SetGlobal(GlobalId),
    /// []
    Member(ImportId),
    /// []
    Define(FnId),
    /// []
    CheckDefined(FnId),
    /// [s]
    CheckType { ty: TypeId, what: ConstId },
    /// []
    RecvStart,
    /// [ref]
    RecvMark,
    /// []
    RecvTake,
    /// []
    RecvSkip,
}

impl Op {
    /// Whether leaving it out changes nothing but its result. (Taking values apart counts: the
    /// lowering does so only after the test that proves the shape.)
    pub(crate) fn is_pure(self) -> bool {
        use Op::*;
        matches!(
            self,
            Const(_)
                | List
                | MapKeys(_)
                | Map
                | Set
                | Closure(_)
                | Compare(Cmp::Eq | Cmp::Ne)
                | CompareInt(Cmp::Eq | Cmp::Ne, _)
                | ListEntry(_)
                | VectorEntry(_)
                | VectorRest(_)
                | ExceptionType
                | ExceptionParts
        )
    }
}

/// What a `Branch` asks; its operands are in [`super::Term::args`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Test {
    /// [s]: truthy?
    Truthy,
    /// [a, b]
    Compare(Cmp),
    /// [a]
    CompareInt(Cmp, i32),
    /// [s]: strictly equal to the constant?
    Const(ConstId),
    /// [a, b]: strictly equal?
    Same,
    /// [s]: a list of that many entries?
    List(u32),
    /// [s]: counts as a vector of that many entries?
    Vector(u32),
    /// [s]: counts as a vector of at least so many entries?
    Longer(u32),
    /// [s] defines first entry and rest
    Uncons,
    /// [s]
    Map,
    /// [s] defines the value
    MapEntry(ConstId),
    /// [s, key] defines the value
    MapEntryAt,
    /// [s] defines what follows
    Prefix(ConstId),
    /// [s]
    Type(TypeId),
    /// [s]: the marker for an omitted argument?
    Missing,
    /// [] defines the message looked at
    RecvPeek,
    /// [timeout]: a message came (then), or the time is up (els)
    RecvWait,
}

impl Test {
    /// How many values it defines on the edge to `then`.
    pub(crate) fn defs(self) -> usize {
        match self {
            Test::Uncons => 2,
            Test::MapEntry(_) | Test::MapEntryAt | Test::Prefix(_) | Test::RecvPeek => 1,
            _ => 0,
        }
    }

    /// Whether asking does nothing else (cannot raise, does not wait).
    pub(crate) fn is_pure(self) -> bool {
        match self {
            Test::Truthy | Test::RecvPeek | Test::RecvWait => false,
            Test::Compare(op) | Test::CompareInt(op, _) => matches!(op, Cmp::Eq | Cmp::Ne),
            _ => true,
        }
    }
}

/// How a block ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum TermKind {
    /// Not ended yet.
    Unset,
    /// [arguments of the block…]
    Jump(BlockId),
    /// Two ways on.
    Branch { test: Test, then: BlockId, els: BlockId },
    /// [s]: by strict equality with a constant; the cases are a slice of [`super::Function::cases`].
    Switch { start: u32, len: u32, default: BlockId },
    /// [s]
    Return,
    /// [args…]
    TailCall(FnId),
    /// [args…]
    TailImport(ImportId),
    /// [f, args…]
    TailValue,
    /// [object, args…]
    TailField(ConstId),
    /// [f, args…, named…]
    TailNamed { names: ConstId, named: u32 },
    /// [args…]
    TailNative(NativeId),
    /// [s]
    Raise,
    /// [s]
    Reraise,
    /// [values…]
    Fail(Failure),
}
