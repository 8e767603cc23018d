//! Resolved tree → IR. What enters is a [`hir::Module`] without errors; what leaves is an
//! [`ir::Module`]: one control-flow graph per function, with the constants, types, imports and
//! function sets they refer to.
//!
//! The model. `expr` leaves a value in the current block. `expr_to` ends the current block and
//! sends the value to a *destination*: the caller (`Return`: here tail calls are made), a block that
//! takes it as a parameter (`Join`), or one that does not want it (`Ignore`). `cond` ends the
//! current block with a branch. Variables bind once, so a variable simply *is* the value bound to it
//! (`vars`), and SSA form costs nothing. After a `return` or `raise` lowering goes on in a fresh block that
//! nothing reaches; the passes drop it.
//!
//! Patterns are compiled in `matching`.

mod call;
mod control;
mod expr;
mod function;
mod gather;
mod guard;
mod limits;
mod literal;
mod matching;
mod receive;
mod shell;
mod tries;

use foldhash::HashMap;
use rata_bytecode::module::{Const, Type};
use rata_bytecode::operand::{ConstId, FnId, FnSetId, TypeId};

use crate::diagnostics::{Diagnostic, Severity};
use crate::hir;
use crate::ir::{self, Block, BlockId, Inst, Op, RegionId, Term, TermKind, Test, Val};
use crate::names::{Name, Names};
use crate::passes;
use crate::source_map::SourceMap;
use crate::span::Span;

/// Where the value of an expression goes.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Dest {
    /// It is what the function returns.
    Return,
    /// To the one parameter of a block.
    Join(BlockId),
    /// Nowhere; control goes on at a block.
    Ignore(BlockId),
}

/// A `try` with an `after` around what is being lowered.
struct After {
    /// The block that runs it; its parameters are why it was entered and with which value.
    entry: BlockId,
    /// Whether something returns through it.
    returns: bool,
}

/// Lowers one module.
struct Lowerer<'a, 'd> {
    hir: &'d hir::Module<'a>,
    names: &'d Names,
    diagnostics: &'d mut Vec<Diagnostic>,
    out: ir::Module,
    /// The value of each variable in the function being lowered.
    vars: Vec<Val>,
    /// The constants among the values of the function being lowered, by value.
    loaded: HashMap<Val, ConstId>,
    /// The function being lowered.
    f: ir::Function,
    /// The block being filled.
    cur: BlockId,
    /// The region of new blocks.
    region: Option<RegionId>,
    /// What `return` must run first; inner ones last.
    afters: Vec<After>,
    /// The result type of the clause being lowered.
    result: Option<TypeId>,
    /// The result type that all clauses of a named function declare, by function.
    declared: Vec<Option<TypeId>>,
    /// Captured arities of a set that has several.
    captured: Vec<((hir::SetIdx, u32), FnSetId)>,
    scratch: matching::Scratch<'a>,
}

/// Lowers a module that resolution found no error in, and runs the passes. What is wrong with it goes
/// to `diagnostics`.
pub fn lower_module<'a>(
    module: &hir::Module<'a>,
    names: &Names,
    map: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> ir::Module {
    let before = diagnostics.len();
    let (mut out, declared) = lower(module, names, diagnostics);
    let ir::Module { functions, pools, shell, .. } = &mut out;
    let arities: Vec<u32> = functions.iter().map(|f| f.arity).collect();
    let around = passes::Around { sets: &shell.fn_sets, arities: &arities, declared: &declared };
    for f in functions {
        passes::run(f, pools, &around);
        limits::check(f, module.file, diagnostics);
    }
    out.failed = diagnostics[before..].iter().any(|d| d.severity == Severity::Error);
    if let Some(file) = map.get(module.file) {
        out.shell.file = file.path.clone();
        out.line_starts = file.line_starts();
    }
    out
}

fn lower<'a>(
    module: &hir::Module<'a>,
    names: &Names,
    diagnostics: &mut Vec<Diagnostic>,
) -> (ir::Module, Vec<Option<TypeId>>) {
    let mut lowerer = Lowerer {
        hir: module,
        names,
        diagnostics,
        out: ir::Module { shell: shell::shell(module, names), ..ir::Module::default() },
        vars: vec![Val::NONE; module.var_names.len()],
        loaded: HashMap::default(),
        f: ir::Function::default(),
        cur: BlockId::ENTRY,
        region: None,
        afters: Vec::new(),
        result: None,
        declared: Vec::new(),
        captured: Vec::new(),
        scratch: matching::Scratch::default(),
    };
    lowerer.functions();
    (lowerer.out, lowerer.declared)
}

impl<'a> Lowerer<'a, '_> {
    fn functions(&mut self) {
        let hir = self.hir;
        self.out.functions.resize_with(hir.functions.len(), ir::Function::default);
        self.declared = hir.functions.iter().map(|f| self.declared_result(f)).collect();
        for (at, def) in hir.functions.iter().enumerate() {
            self.out.functions[at] = self.function(def, &function::Closed::default());
        }
        if let Some(init) = hir.init {
            let f = self.function(init, &function::Closed::default());
            self.out.functions.push(f);
            self.out.shell.init = Some(FnId(self.out.functions.len() as u32 - 1));
        }
    }

    // ---- blocks and instructions --------------------------------------------------------------

    fn new_block(&mut self) -> BlockId {
        self.f.block(0, self.region)
    }

    fn new_join(&mut self) -> BlockId {
        self.f.block(1, self.region)
    }

    /// The only parameter of a block made by `new_join`.
    fn param(&self, block: BlockId) -> Val {
        self.f.vals(self.f.blocks[block.index()].params)[0]
    }

    fn switch_to(&mut self, block: BlockId) {
        self.cur = block;
    }

    fn current(&mut self) -> &mut Block {
        &mut self.f.blocks[self.cur.index()]
    }

    fn inst(&mut self, op: Op, args: &[Val], at: Span) -> Val {
        let d = self.f.val();
        let args = self.f.list(args);
        self.current().insts.push(Inst { op, d, args, at: at.start });
        d
    }

    /// An instruction without a result.
    fn effect(&mut self, op: Op, args: &[Val], at: Span) {
        let args = self.f.list(args);
        self.current().insts.push(Inst { op, d: Val::NONE, args, at: at.start });
    }

    fn term(&mut self, kind: TermKind, args: &[Val], at: Span) {
        let args = self.f.list(args);
        let block = self.current();
        debug_assert!(block.term.kind == TermKind::Unset, "a block ends once");
        block.term = Term::new(kind, args, at.start);
    }

    /// Ends the block with a terminator after which nothing follows, and goes on in a block that
    /// nothing reaches.
    fn leave(&mut self, kind: TermKind, args: &[Val], at: Span) {
        self.term(kind, args, at);
        self.cur = self.new_block();
    }

    fn jump(&mut self, to: BlockId, args: &[Val], at: Span) {
        self.term(TermKind::Jump(to), args, at);
    }

    /// Ends the block with a test; the values it defines are valid in `then`.
    fn branch(
        &mut self,
        test: Test,
        args: &[Val],
        then: BlockId,
        els: BlockId,
        at: Span,
    ) -> [Val; 2] {
        let mut defs = [Val::NONE; 2];
        for d in &mut defs[..test.defs()] {
            *d = self.f.val();
        }
        self.term(TermKind::Branch { test, then, els }, args, at);
        self.current().term.defs = defs;
        defs
    }

    // ---- constants and types ------------------------------------------------------------------

    fn konst(&mut self, value: Const) -> ConstId {
        self.out.pools.consts.add(value)
    }

    fn symbol(&mut self, name: Name) -> ConstId {
        self.out.pools.consts.symbol(name, self.names)
    }

    fn load(&mut self, k: ConstId, at: Span) -> Val {
        let d = self.inst(Op::Const(k), &[], at);
        self.loaded.insert(d, k);
        d
    }

    fn nil(&mut self, at: Span) -> Val {
        let k = self.konst(Const::Nil);
        self.load(k, at)
    }

    fn load_str(&mut self, text: &str, at: Span) -> Val {
        let k = self.konst(Const::Str(text.into()));
        self.load(k, at)
    }

    /// The type to check for, unless everything fits.
    fn checked_type(&mut self, ty: Option<&hir::Type<'_>>) -> Option<TypeId> {
        let id = self.ty(ty?);
        (self.out.pools.types()[id.0 as usize] != Type::Any).then_some(id)
    }

    fn ty(&mut self, ty: &hir::Type<'_>) -> TypeId {
        use hir::TypeKind as K;
        let ty = match ty.kind {
            K::Any => Type::Any,
            K::Int => Type::Int,
            K::Float => Type::Float,
            K::Numeric => Type::Numeric,
            K::Posint => Type::Posint,
            K::Bool => Type::Bool,
            K::String => Type::String,
            K::Symbol => Type::Symbol,
            K::Nil => Type::Nil,
            K::Function => Type::Function,
            K::Pid => Type::Pid,
            K::Ref => Type::Ref,
            K::Vector => Type::Vector,
            K::List => Type::List,
            K::Map => Type::Map,
            K::Set => Type::Set,
            K::Table => Type::Table,
            K::VectorOf(item) => Type::VectorOf(self.ty(item)),
            K::ListOf(items) => Type::ListOf(items.iter().map(|item| self.ty(item)).collect()),
            K::Union(items) => {
                // `int | int` says no more than `int`.
                let mut members: Vec<_> = items.iter().map(|item| self.ty(item)).collect();
                members.sort_by_key(|member| member.0);
                members.dedup();
                Type::Union(members)
            }
        };
        self.out.pools.ty(ty)
    }

    /// The text of a name.
    fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }
}

#[cfg(test)]
mod tests;
