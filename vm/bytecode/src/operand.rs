//! What instructions are made of: the operand types that the op table (`ops.rs`) is written in.

/// A register of the current frame.
pub type Reg = u16;

/// A register that the instruction writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Def(pub Reg);

/// A register that the instruction reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Use(pub Reg);

/// Registers that the instruction reads, in order.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Uses(pub Box<[Reg]>);

/// An instruction of the same function, by its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// An index into [`crate::module::Module::consts`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct ConstId(pub u32);

/// An index into [`crate::module::Module::functions`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct FnId(pub u32);

/// An index into [`crate::module::Module::fn_sets`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct FnSetId(pub u32);

/// An index into [`crate::module::Module::imports`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct ImportId(pub u32);

/// An index into [`crate::module::Module::natives`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct NativeId(pub u32);

/// An index into [`crate::module::Module::globals`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct GlobalId(pub u32);

/// An index into [`crate::module::Module::types`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct TypeId(pub u32);

/// A small count or position (positions count from 0 in bytecode).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Count(pub u32);

/// An int written into the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Imm(pub i32);

/// The cases of a `Switch`: constant (int, symbol, string, bool, nil, module) → label.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Cases(pub Box<[(ConstId, Label)]>);

/// Arithmetic operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    IntDiv,
    Mod,
    Pow,
}

/// Comparison operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// What a `Fail` raises; its registers are the values the message shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Failure {
    /// `:case_clause`: [value]
    CaseClause,
    /// `:function_clause`: [arguments…] of the current function
    FunctionClause,
    /// `:match_error`: [value]
    Match,
    /// `:assertion_error` of a comparison: [source text, operator text, left, right, message or nil]
    AssertCompare,
    /// `:assertion_error` of anything else: [source text, value, message or nil]
    Assert,
    /// `:undefined_function`: [module or nil, name, arity]
    UndefinedFunction,
    /// `:argument_error`: [text]
    Argument,
}
