//! The tree of one source file, as written: sugar and all, with the span of every part.
//!
//! Everything lives in a `bumpalo` arena, so lists are slices, children are references and dropping
//! a tree of any depth is free. Entered by `parser`, left to `resolve`. The parser bounds the depth
//! (`parser::MAX_DEPTH`), so later stages may recurse over it.

#![allow(missing_docs)] // the fields of a variant are shown by the source text it stands for

use crate::names::Name;
use crate::span::Span;

/// A name where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ident {
    /// What it says.
    pub name: Name,
    /// Where.
    pub span: Span,
}

/// `Dabber.Repo`: interned as one dotted text, and its parts.
#[derive(Clone, Copy, Debug)]
pub struct ModPath<'a> {
    /// The whole dotted text.
    pub name: Name,
    /// The parts between the dots.
    pub parts: &'a [Ident],
    /// Where.
    pub span: Span,
}

/// A whole file.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// What stands at the top, in order.
    pub items: &'a [Item<'a>],
}

/// What may stand at the top of a file or module.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ItemKind<'a>,
}

/// The kinds of [`Item`].
#[derive(Clone, Copy, Debug)]
pub enum ItemKind<'a> {
    /// `module Name { … }`
    Module { path: ModPath<'a>, items: &'a [Item<'a>] },
    /// `module "Any Text" { … }`
    TestModule { title: &'a str, title_span: Span, items: &'a [Item<'a>] },
    /// `library Math`, `library Math as m`, `library ./lib/loader as Loader`
    Library { source: LibrarySource<'a>, alias: Option<Alias>, names: Option<&'a [Ident]> },
    /// `use GenServer`
    Use { path: ModPath<'a> },
    /// `export [f, g]`
    Export { names: &'a [Ident] },
    /// Any statement.
    Stmt(Stmt<'a>),
}

/// What a `library` line names.
#[derive(Clone, Copy, Debug)]
pub enum LibrarySource<'a> {
    /// A module.
    Module(ModPath<'a>),
    /// A file path as written (`./lib/loader`), without the ending.
    Path { path: &'a str, span: Span },
}

/// `as m` or `as Loader`.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The new name.
    pub ident: Ident,
    /// Written like a module (upper case)?
    pub is_module: bool,
}

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: StmtKind<'a>,
}

/// The kinds of [`Stmt`]. `return` is an expression.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind<'a> {
    /// `pattern = value`; a plain name is `PatternKind::Name`.
    Bind { pattern: &'a Pattern<'a>, value: &'a Expr<'a> },
    /// An expression; a docstring is a plain string literal here (resolve decides).
    Expr(&'a Expr<'a>),
    /// `{ … }` in a clause body, decided to be a block (language.md section 6).
    Block(Block<'a>),
}

/// `{ statements }`, or a clause body.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Braces included where there are any.
    pub span: Span,
    /// In order; may be empty (value nil).
    pub stmts: &'a [Stmt<'a>],
}

/// An expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExprKind<'a>,
}

/// The kinds of [`Expr`].
#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    /// An int that fits i64.
    Int(i64),
    /// A longer int: its decimal digits.
    BigInt(&'a str),
    /// A float.
    Float(f64),
    /// A string, escapes resolved, indentation of `"""` removed.
    Str(&'a str),
    /// `f"…"`.
    FString(&'a [FPart<'a>]),
    /// `:name`, `:"any text"`
    Symbol(Name),
    /// `true`, `false`
    Bool(bool),
    /// `nil`
    Nil,
    /// A name in lower case.
    Name(Name),
    /// A module name standing for itself: one part or the head of a dotted path; `Outer.Inner.f`
    /// is parsed as Module(Outer.Inner) followed by `.f`.
    Module(ModPath<'a>),
    /// `__module__`
    ThisModule,
    /// `.x` as a parameter of `~`.
    Dot(Name),
    /// `[a, b | tail]`
    Vector { items: &'a [Expr<'a>], tail: Option<&'a Expr<'a>> },
    /// `{a, b, key: v}`; `{,}` has no items. Trailing pairs are gathered in `pairs`.
    List { items: &'a [Expr<'a>], pairs: &'a [Entry<'a>] },
    /// `{key: v}`, `{}`
    Map(&'a [Entry<'a>]),
    /// `#{a, b}`
    Set(&'a [Expr<'a>]),
    /// `-x`, `!x`, `not x`
    Unary { op: UnOp, operand: &'a Expr<'a> },
    /// `a + b`; `op_span` is the operator's.
    Binary { op: BinOp, op_span: Span, left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// `x |> f(a)`
    Pipe { left: &'a Expr<'a>, right: &'a Expr<'a> },
    /// `f(a, b, name: v)`
    Call { callee: &'a Expr<'a>, args: &'a [Expr<'a>], named: &'a [NamedArg<'a>] },
    /// `v[i]`
    Index { object: &'a Expr<'a>, index: &'a Expr<'a> },
    /// `m.k`, and `M.f` when `object` is `Module` or `ThisModule`.
    Field { object: &'a Expr<'a>, name: Ident },
    /// `f/2`, `m.f/2` or `M.f/2` written without spaces: a capture, or a division where the name is
    /// a variable or module constant (resolve decides). `target` is Name or Field.
    CaptureOrDivide { target: &'a Expr<'a>, arity: i64, op_span: Span, arity_span: Span },
    /// `~ expr`
    Tilde(&'a Expr<'a>),
    /// `fn … end`
    Fn { clauses: &'a [FnClause<'a>] },
    /// `function(…): type when guard { … }`
    Function(&'a Function<'a>),
    /// `if c { … } else …`; `else if` is an `If` inside `Else::If`.
    If { cond: &'a Expr<'a>, then: Block<'a>, otherwise: Option<Else<'a>> },
    /// `case v { … }`
    Case { subject: &'a Expr<'a>, clauses: &'a [Clause<'a>] },
    /// `try { … } catch as e { … } else { … } after { … }`
    Try(&'a Try<'a>),
    /// `receive { … after ms -> … }`
    Receive { clauses: &'a [Clause<'a>], after: Option<After<'a>> },
    /// `raise v`
    Raise(&'a Expr<'a>),
    /// `reraise e`
    Reraise(&'a Expr<'a>),
    /// `return e`
    Return(Option<&'a Expr<'a>>),
    /// `assert cond, "message"`
    Assert { cond: &'a Expr<'a>, message: Option<&'a Expr<'a>> },
    /// What could not be parsed; an error has been reported.
    Error,
}

/// Text or `{expr}` of an f-string.
#[derive(Clone, Copy, Debug)]
pub enum FPart<'a> {
    /// Plain text.
    Text(&'a str),
    /// An expression in braces.
    Expr(&'a Expr<'a>),
}

/// One `key: value` of a map literal.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: Key<'a>,
    /// The value.
    pub value: &'a Expr<'a>,
}

/// The key of an [`Entry`].
#[derive(Clone, Copy, Debug)]
pub enum Key<'a> {
    /// `name:`, a symbol.
    Symbol(Ident),
    /// `"text":`
    Str(&'a str, Span),
    /// `(expr):`
    Computed(&'a Expr<'a>),
}

/// `name: value` in a call.
#[derive(Clone, Copy, Debug)]
pub struct NamedArg<'a> {
    /// The parameter's name.
    pub name: Ident,
    /// The value.
    pub value: &'a Expr<'a>,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnOp {
    /// `-`
    Neg,
    /// `!` and `not`
    Not,
}

/// Binary operators, the pipe excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Range,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    IntDiv,
    Pow,
}

/// One clause of `fn`.
#[derive(Clone, Copy, Debug)]
pub struct FnClause<'a> {
    /// The whole clause.
    pub span: Span,
    /// Its parameters.
    pub params: &'a [Param<'a>],
    /// `when …`
    pub guard: Option<&'a Expr<'a>>,
    /// After `->`.
    pub body: Block<'a>,
}

/// `function(…) …`: one clause of a named function, or an anonymous one.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// The whole.
    pub span: Span,
    /// Its parameters.
    pub params: &'a [Param<'a>],
    /// `: type`
    pub result: Option<&'a TypeExpr<'a>>,
    /// `when …`
    pub guard: Option<&'a Expr<'a>>,
    /// The body.
    pub body: Block<'a>,
}

/// A parameter: pattern, type, default. An alias (`{a, b} = name`) is part of the pattern.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// Where.
    pub span: Span,
    /// What it matches.
    pub pattern: &'a Pattern<'a>,
    /// `: type`
    pub ty: Option<&'a TypeExpr<'a>>,
    /// `= expr` or `\\= expr`
    pub default: Option<&'a Expr<'a>>,
}

/// What follows `else`.
#[derive(Clone, Copy, Debug)]
pub enum Else<'a> {
    /// `else if …`: an `If` expression.
    If(&'a Expr<'a>),
    /// `else { … }`
    Block(Block<'a>),
}

/// A clause of `case`, `receive` or `catch`.
#[derive(Clone, Copy, Debug)]
pub struct Clause<'a> {
    /// The whole clause.
    pub span: Span,
    /// Before `when` and `->`.
    pub pattern: &'a Pattern<'a>,
    /// `when …`
    pub guard: Option<&'a Expr<'a>>,
    /// After `->`.
    pub body: Block<'a>,
}

/// `after ms -> body` of a `receive`.
#[derive(Clone, Copy, Debug)]
pub struct After<'a> {
    /// Milliseconds or `:infinity`.
    pub timeout: &'a Expr<'a>,
    /// What to do then.
    pub body: Block<'a>,
}

/// The parts of a `try`.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// The guarded block.
    pub body: Block<'a>,
    /// `catch as e { … }`
    pub catch: Option<Catch<'a>>,
    /// `else { … }`
    pub otherwise: Option<Block<'a>>,
    /// `after { … }`
    pub after: Option<Block<'a>>,
}

/// The catch part of a `try`.
#[derive(Clone, Copy, Debug)]
pub struct Catch<'a> {
    /// `as e`: the whole exception.
    pub name: Option<Ident>,
    /// Its clauses.
    pub clauses: &'a [Clause<'a>],
}

/// A pattern.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: PatternKind<'a>,
}

/// The kinds of [`Pattern`].
#[derive(Clone, Copy, Debug)]
pub enum PatternKind<'a> {
    /// `_` and names beginning with `_` that are exactly `_`.
    Wildcard,
    /// A name to bind.
    Name(Name),
    /// `^name`
    Pin(Ident),
    /// Literals.
    Int(i64),
    /// A longer int: optional `-` and decimal digits.
    BigInt(&'a str),
    /// A float.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// `"prefix" + rest`
    Prefix { prefix: &'a str, rest: &'a Pattern<'a> },
    /// `:ok`
    Symbol(Name),
    /// `true`, `false`
    Bool(bool),
    /// `nil`
    Nil,
    /// `Math`
    Module(ModPath<'a>),
    /// `[a, b | rest]`
    Vector { items: &'a [Pattern<'a>], tail: Option<&'a Pattern<'a>> },
    /// `{p, q}`, `{,}`; trailing pairs are one map pattern.
    List { items: &'a [Pattern<'a>], pairs: &'a [PatternEntry<'a>] },
    /// `{key: p}`, `{}`
    Map(&'a [PatternEntry<'a>]),
    /// `pattern = name`
    Alias { pattern: &'a Pattern<'a>, name: Ident },
    /// What could not be parsed; an error has been reported.
    Error,
}

/// One `key: pattern` of a map pattern.
#[derive(Clone, Copy, Debug)]
pub struct PatternEntry<'a> {
    /// The key.
    pub key: PatternKey<'a>,
    /// What its value must match.
    pub value: &'a Pattern<'a>,
}

/// The key of a [`PatternEntry`].
#[derive(Clone, Copy, Debug)]
pub enum PatternKey<'a> {
    /// `name:`
    Symbol(Ident),
    /// `"text":`
    Str(&'a str, Span),
    /// `(literal):` or `(name):`, the name being bound already
    Computed(&'a Pattern<'a>),
}

/// A type annotation.
#[derive(Clone, Copy, Debug)]
pub struct TypeExpr<'a> {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: TypeKind<'a>,
}

/// The kinds of [`TypeExpr`].
#[derive(Clone, Copy, Debug)]
pub enum TypeKind<'a> {
    /// `int`, `numeric`, `nil`, `function`, …: one of the names listed in language.md section 4
    /// (the parser reports others).
    Named(Name),
    /// `[T]`
    VectorOf(&'a TypeExpr<'a>),
    /// `{T1, T2}`
    ListOf(&'a [TypeExpr<'a>]),
    /// `T | U | …`
    Union(&'a [TypeExpr<'a>]),
    /// Reported.
    Error,
}
