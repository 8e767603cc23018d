//! What a `.ratab` file holds, as plain data: written by the compiler, read by the loader.
//!
//! A package is one or more modules. A module's functions are indexed; function *sets* group those of
//! one name (by arity). The statements of a file outside any module belong to a module whose
//! `kind` is `Script`.

use crate::operand::*;
use crate::ops::Op;

/// A compiled program or library.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Package {
    /// In load order; imports of files come before their importers.
    pub modules: Vec<Module>,
    /// The module whose `main` is called after loading, an index into `modules`.
    pub entry: Option<u32>,
}

/// What a module was in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum ModuleKind {
    /// `module Name { … }`
    #[default]
    Named,
    /// The statements of a file outside any module.
    Script,
    /// `module "Any Text" { … }`
    Test,
}

/// One module.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Module {
    /// Dotted name; for scripts the file's path as given, for tests the title.
    pub name: String,
    /// What it was.
    pub kind: ModuleKind,
    /// Source file, as shown in stack traces.
    pub file: String,
    /// Constants; composite ones refer to lower indices only.
    pub consts: Vec<Const>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Function values by arity.
    pub fn_sets: Vec<FnSet>,
    /// What is called or read in other modules.
    pub imports: Vec<Import>,
    /// Natives called.
    pub natives: Vec<NativeRef>,
    /// Module constants.
    pub globals: Vec<Global>,
    /// Types checked.
    pub types: Vec<Type>,
    /// What other modules may see.
    pub exports: Vec<Export>,
    /// Runs the module's bindings and statements once, with no argument.
    pub init: Option<FnId>,
    /// Modules named by `use`.
    pub behaviours: Vec<String>,
    /// Docstrings: of the module (`None`) and of exports by name and arity.
    pub docs: Vec<(Option<(String, u32)>, String)>,
}

/// A constant.
#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    /// `nil`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// An int of 63 bits at most… or any i64: the loader boxes what does not fit.
    Int(i64),
    /// A longer int: sign and little-endian magnitude.
    BigInt(bool, Vec<u8>),
    /// A float, by its bits.
    Float(u64),
    /// A string.
    Str(String),
    /// A symbol.
    Symbol(String),
    /// A module as a value.
    Module(String),
    /// A vector.
    Vector(Vec<ConstId>),
    /// A list.
    List(Vec<ConstId>),
    /// A map: keys and values.
    Map(Vec<(ConstId, ConstId)>),
    /// A set.
    Set(Vec<ConstId>),
    /// A function value without captures.
    Fn(FnSetId),
    /// A function of another module as a value, callable with any of its arities
    /// (`None`) or captured with one (`M.f/2`).
    FnRef(String, String, Option<u32>),
    /// The marker for an omitted argument (never seen by programs).
    Missing,
}

/// A function body.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Function {
    /// Its name in traces (`fn` for anonymous ones, with the enclosing name: `f/fn`).
    pub name: String,
    /// Number of parameters: registers 0..arity on entry.
    pub arity: u32,
    /// Number of captured values: the registers after the parameters.
    pub captures: u32,
    /// Whether the register after the captures holds the closure itself.
    pub wants_self: bool,
    /// Registers used in all.
    pub registers: u32,
    /// Parameter names for named arguments (empty string: none).
    pub params: Vec<String>,
    /// The instructions.
    pub code: Vec<Op>,
    /// What catches exceptions where; inner ones first.
    pub handlers: Vec<Handler>,
    /// (first instruction, line), ascending by instruction.
    pub lines: Vec<(u32, u32)>,
}

/// A range of instructions whose exceptions are caught.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// First instruction.
    pub start: Label,
    /// Just past the last.
    pub end: Label,
    /// Where to go on.
    pub target: Label,
    /// Receives what was raised.
    pub d: Def,
    /// A guard: no stack trace is made, the value is dropped.
    pub guard: bool,
}

/// The functions that a function value may be called as.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FnSet {
    /// Name in printing (`Module.name` is made of it), empty for anonymous ones.
    pub name: String,
    /// Candidates; their argument ranges do not overlap.
    pub entries: Vec<FnEntry>,
    /// A `~` lambda: surplus arguments are ignored.
    pub lenient: bool,
}

/// A function with the numbers of arguments that lead to it; omitted ones are passed as
/// `Const::Missing`, so `min < arity` only for the entry that evaluates defaults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FnEntry {
    /// Fewest arguments.
    pub min: u32,
    /// Most arguments.
    pub max: u32,
    /// The function; its arity is at least `max`.
    pub f: FnId,
}

/// A name in another module. `arity` is the number of arguments of a call, `None` for a member
/// read as a value.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Import {
    /// The module's dotted name.
    pub module: String,
    /// The member's name.
    pub name: String,
    /// Arguments of the call.
    pub arity: Option<u32>,
}

/// A native by name and number of arguments.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct NativeRef {
    /// As in the natives table.
    pub name: String,
    /// As called.
    pub arity: u32,
}

/// A module constant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Global {
    /// Its name.
    pub name: String,
}

/// What other modules may see under a name.
#[derive(Clone, PartialEq, Debug)]
pub struct Export {
    /// The name.
    pub name: String,
    /// A function (set) or a constant.
    pub what: Exported,
}

/// See [`Export`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exported {
    /// Functions by arity; the set has no captures.
    Functions(FnSetId),
    /// A module constant.
    Global(GlobalId),
}

/// A type as it is checked at run time.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum Type {
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
    Module,
    Exception,
    Vector,
    List,
    Map,
    Set,
    Table,
    /// `[T]`
    VectorOf(TypeId),
    /// `{T1, T2}`
    ListOf(Vec<TypeId>),
    /// `T | U`
    Union(Vec<TypeId>),
}
