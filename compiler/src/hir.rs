//! The resolved tree: what `resolve` makes of the source tree, and `types` and `lower` read.
//!
//! Sugar is gone: every name is a variable, a module constant, a function or a member of a known or
//! unknown module; pipes, captures, `~`, named arguments, defaults, clause groups, docstrings and
//! `use` are expressed by the plain forms below. Evaluation order is the order written here.
//! Lives in a `bumpalo` arena like the source tree, and keeps its bound on depth.

#![allow(missing_docs)] // fields of variants speak for themselves beside their text

pub mod print;

use crate::names::Name;
use crate::span::{FileId, Span};
pub use rata_bytecode::operand::{Arith, Cmp};

/// A variable; unique within its module. Functions within functions refer to the outer one's
/// variables by the same id; [`Lambda::captures`] lists which.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Var(pub u32);

/// An index into [`Module::functions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FnIdx(pub u32);

/// An index into [`Module::sets`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct SetIdx(pub u32);

/// An index into [`Module::globals`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct GlobalIdx(pub u32);

/// A resolved module.
#[derive(Debug)]
pub struct Module<'a> {
    /// Dotted name; the file path for scripts, the title for tests.
    pub name: Name,
    /// What it was in the source.
    pub kind: rata_bytecode::module::ModuleKind,
    /// Where it comes from.
    pub file: FileId,
    /// Where it begins (its name).
    pub span: Span,
    /// Named functions, one per name and arity, and the entries that evaluate defaults.
    pub functions: Vec<FnDef<'a>>,
    /// The functions of one name.
    pub sets: Vec<FnSet>,
    /// Module constants.
    pub globals: Vec<Global>,
    /// Bindings and statements, in order; `None` when there are none.
    pub init: Option<&'a FnDef<'a>>,
    /// Names other modules may see: sets and globals.
    pub exports: Vec<Export>,
    /// Modules named by `use`.
    pub behaviours: Vec<Name>,
    /// Docstrings: of the module (`None`) and of functions.
    pub docs: Vec<(Option<(Name, u32)>, &'a str)>,
    /// Names of variables, by `Var`, for listings (temporaries are empty).
    pub var_names: Vec<Option<Name>>,
}

/// See [`Module::sets`].
#[derive(Debug, Clone)]
pub struct FnSet {
    /// The common name.
    pub name: Name,
    /// Fewest and most arguments that lead to the function; when fewer than its arity are given,
    /// `Missing` is passed for the others.
    pub entries: Vec<(u32, u32, FnIdx)>,
}

/// A module constant.
#[derive(Debug, Clone, Copy)]
pub struct Global {
    /// Its name.
    pub name: Name,
    /// Where it is bound.
    pub span: Span,
}

/// See [`Module::exports`].
#[derive(Debug, Clone, Copy)]
pub enum Export {
    /// All arities of a function.
    Set(SetIdx),
    /// A constant.
    Global(GlobalIdx),
}

/// A function: named, or one arity of a lambda.
#[derive(Debug, Clone, Copy)]
pub struct FnDef<'a> {
    /// Name for traces; anonymous ones have the name of what encloses them and `/fn`.
    pub name: Name,
    /// The whole definition (the first clause of several).
    pub span: Span,
    /// Number of parameters.
    pub arity: u32,
    /// Parameter names as the first clause spells them (`None`: a pattern, or no named arguments).
    pub params: &'a [Option<Name>],
    /// Tried in order; no match raises :function_clause.
    pub clauses: &'a [FnClause<'a>],
}

/// One clause of a function.
#[derive(Debug, Clone, Copy)]
pub struct FnClause<'a> {
    /// The whole clause.
    pub span: Span,
    /// One pattern per parameter.
    pub params: &'a [Pattern<'a>],
    /// The declared types, one per parameter. Checked, in order, when the clause was chosen and before its
    /// guard… a clause with a plain name and a type raises :type_error when it is the only clause;
    /// among several clauses a parameter type that does not fit raises as well once all patterns
    /// to its left and right matched.
    pub types: &'a [Option<Type<'a>>],
    /// `when …`
    pub guard: Option<&'a Expr<'a>>,
    /// The declared result type.
    pub result: Option<Type<'a>>,
    /// The body.
    pub body: Block<'a>,
}

/// Statements; the value is that of the last (nil when there is none; a `Bind` gives what was bound).
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Where.
    pub span: Span,
    /// In order.
    pub stmts: &'a [Stmt<'a>],
}

/// A statement.
#[derive(Debug, Clone, Copy)]
pub struct Stmt<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: StmtKind<'a>,
}

/// The kinds of [`Stmt`].
#[derive(Debug, Clone, Copy)]
pub enum StmtKind<'a> {
    /// `pattern = value`; raises :match_error.
    Bind { pattern: &'a Pattern<'a>, value: &'a Expr<'a> },
    /// An expression.
    Expr(&'a Expr<'a>),
    /// Sets a module constant.
    SetGlobal { global: GlobalIdx, value: &'a Expr<'a> },
    /// The definition of a script's top-level function runs here.
    Define(FnIdx),
}

/// An expression.
#[derive(Debug, Clone, Copy)]
pub struct Expr<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExprKind<'a>,
}

/// A constant without parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lit<'a> {
    /// Fits i64.
    Int(i64),
    /// A longer int: `-` and decimal digits.
    BigInt(&'a str),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// A symbol.
    Symbol(Name),
    /// A bool.
    Bool(bool),
    /// nil
    Nil,
    /// A module.
    Module(Name),
}

/// The kinds of [`Expr`].
#[derive(Debug, Clone, Copy)]
pub enum ExprKind<'a> {
    /// A constant.
    Lit(Lit<'a>),
    /// An omitted argument (only as an argument of a call to a function that evaluates defaults).
    Missing,
    /// The argument in `var`, or `default` when it was omitted.
    IfMissing { var: Var, default: &'a Expr<'a> },
    /// A variable.
    Var(Var),
    /// A constant of this module.
    Global(GlobalIdx),
    /// A function of this module as a value: all arities, or the one captured.
    Function { set: SetIdx, arity: Option<u32>, check: bool },
    /// `M.name` of another module as a value: its constant, or its function with any arity.
    Member { module: Name, name: Name },
    /// `M.f/2` of another module.
    Capture { module: Name, name: Name, arity: u32 },
    /// `[items | tail]`
    Vector { items: &'a [Expr<'a>], tail: Option<&'a Expr<'a>> },
    /// `{items}`
    List(&'a [Expr<'a>]),
    /// `{key: value}`; keys are evaluated too, key before value
    Map(&'a [(Expr<'a>, Expr<'a>)]),
    /// `#{items}`
    Set(&'a [Expr<'a>]),
    /// f-string: parts printed bare and joined.
    Text(&'a [Expr<'a>]),
    /// `-x`
    Neg(&'a Expr<'a>),
    /// `not x`
    Not(&'a Expr<'a>),
    /// Arithmetic.
    Arith { op: Arith, left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// Comparison.
    Compare { op: Cmp, left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// `a..b`
    Range { left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// Short-circuit; the value is that of the operand that decided.
    And { left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// Short-circuit.
    Or { left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// `v[i]`
    Index { object: &'a Expr<'a>, index: &'a Expr<'a> },
    /// `m.k` where m is no module known at compile time
    Field { object: &'a Expr<'a>, name: Name },
    /// A call; `args` has exactly as many entries as the target takes.
    Call { target: Target<'a>, args: &'a [Expr<'a>] },
    /// A call whose named arguments are bound at run time.
    CallNamed { callee: &'a Expr<'a>, args: &'a [Expr<'a>], named: &'a [(Name, Expr<'a>)] },
    /// A function made here.
    Lambda(&'a Lambda<'a>),
    /// Both branches always present (a missing else is an empty block).
    If { cond: &'a Expr<'a>, then: Block<'a>, otherwise: Block<'a> },
    /// `case`; none matching raises :case_clause.
    Case { subject: &'a Expr<'a>, clauses: &'a [Clause<'a>] },
    /// `try`
    Try(&'a Try<'a>),
    /// `receive`. `mark` is a variable holding a ref that every clause requires to stand in the message
    /// (pinned at the same position), if there is one: messages older than it need no look.
    Receive { clauses: &'a [Clause<'a>], after: Option<After<'a>>, mark: Option<Var> },
    /// `raise v`
    Raise(&'a Expr<'a>),
    /// `reraise e`
    Reraise(&'a Expr<'a>),
    /// `return e` from the enclosing function (or `fn`).
    Return(&'a Expr<'a>),
    /// `assert`; `text` is the source of the condition.
    Assert { cond: &'a Expr<'a>, text: &'a str, message: Option<&'a Expr<'a>> },
    /// A block with a scope of its own (its names are distinct variables anyway).
    Block(Block<'a>),
    /// Reported already; never lowered.
    Error,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A function of this module with exactly this arity. `check`: its definition may not have run.
    Local { f: FnIdx, check: bool },
    /// A function of another module (known or not).
    Import { module: Name, name: Name },
    /// A native (built-ins with an instruction or native of their own: type tests, `Vector.length`,
    /// `Maps.size`, …; and `Native.f(…)` in the standard library).
    Native(Name),
    /// A function value.
    Value(&'a Expr<'a>),
    /// `object.name(…)`, decided at run time.
    Field { object: &'a Expr<'a>, name: Name },
}

/// A function made by an expression.
#[derive(Debug, Clone, Copy)]
pub struct Lambda<'a> {
    /// One per arity.
    pub defs: &'a [FnDef<'a>],
    /// Fewest and most arguments per def (as in [`FnSet`]).
    pub ranges: &'a [(u32, u32)],
    /// Variables of the enclosing functions used inside, in order of first use; never `self_var`.
    pub captures: &'a [Var],
    /// The variable that holds the function itself, when it calls itself by name.
    pub self_var: Option<Var>,
    /// A `~` lambda: surplus arguments are ignored.
    pub lenient: bool,
}

/// A clause of `case` or `receive`.
#[derive(Debug, Clone, Copy)]
pub struct Clause<'a> {
    /// The whole clause.
    pub span: Span,
    /// What must match.
    pub pattern: &'a Pattern<'a>,
    /// `when …`
    pub guard: Option<&'a Expr<'a>>,
    /// The body.
    pub body: Block<'a>,
}

/// `after ms -> body`.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// Milliseconds or :infinity; evaluated once, before waiting.
    pub timeout: &'a Expr<'a>,
    /// What to do then.
    pub body: Block<'a>,
}

/// `try`.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The guarded block.
    pub body: Block<'a>,
    /// Receives what was raised, when there are clauses.
    pub raised: Var,
    /// What no clause takes is raised again.
    pub catch: Option<&'a [CatchClause<'a>]>,
    /// Runs when nothing was raised or returned; its value is that of the whole.
    pub otherwise: Option<Block<'a>>,
    /// Always runs, last; its value is dropped.
    pub after: Option<Block<'a>>,
}

/// A clause of `catch`.
#[derive(Debug, Clone, Copy)]
pub struct CatchClause<'a> {
    /// What the pattern is matched with.
    pub view: CatchView,
    /// The clause itself.
    pub clause: Clause<'a>,
    /// Variables bound to the whole of what was raised (`as e` of the catch, `pattern = e`).
    pub whole: &'a [Var],
}

/// See [`CatchClause::view`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchView {
    /// What was raised.
    Whole,
    /// A literal symbol pattern: the exception's type (or what was raised, when no exception).
    Type,
    /// `{:type, pattern}`: the exception's type and message (or what was raised).
    Parts,
}

/// A pattern.
#[derive(Debug, Clone, Copy)]
pub struct Pattern<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: PatternKind<'a>,
}

/// The kinds of [`Pattern`].
#[derive(Debug, Clone, Copy)]
pub enum PatternKind<'a> {
    /// Anything.
    Wild,
    /// Anything; binds it.
    Var(Var),
    /// What equals (strictly) the expression: a pinned variable or constant (`Var`, `Global`), or an
    /// earlier binding of the same name within this very pattern (`Var`).
    Same(&'a Expr<'a>),
    /// A constant.
    Lit(Lit<'a>),
    /// `"prefix" + rest`
    Prefix { prefix: &'a str, rest: &'a Pattern<'a> },
    /// `[items | tail]`
    Vector { items: &'a [Pattern<'a>], tail: Option<&'a Pattern<'a>> },
    /// `{items}`
    List(&'a [Pattern<'a>]),
    /// At least these keys (`Lit`, `Var` or `Global` expressions).
    Map(&'a [(Expr<'a>, Pattern<'a>)]),
    /// Binds the whole as well; if the name stood before in the pattern, the whole must equal that.
    Alias { pattern: &'a Pattern<'a>, var: Var, same: Option<&'a Expr<'a>> },
}

/// A type annotation.
#[derive(Debug, Clone, Copy)]
pub struct Type<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: TypeKind<'a>,
}

/// The kinds of [`Type`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum TypeKind<'a> {
    Any,
    Int,
    Float,
    Numeric,
    Posint,
    Bool,
    String,
    Symbol,
    Nil,
    Function,
    Pid,
    Ref,
    Vector,
    List,
    Map,
    Set,
    Table,
    VectorOf(&'a Type<'a>),
    ListOf(&'a [Type<'a>]),
    Union(&'a [Type<'a>]),
}
