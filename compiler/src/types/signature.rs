//! What functions declare: the kinds that each parameter takes and that the result can have.

use super::kinds::{Kinds, type_text};
use crate::hir::{
    Expr, ExprKind, FnClause, FnDef, FnIdx, Module, PatternKind, StmtKind, Target, Type,
};
use crate::names::Name;
use crate::span::{FileId, Span};
use foldhash::{HashMap, HashMapExt};

/// One parameter.
#[derive(Clone, Copy)]
pub(super) struct Param<'a> {
    /// What it takes.
    pub(super) kinds: Kinds,
    /// The types that the clauses declare are those of this one.
    pub(super) ty: Option<&'a Type<'a>>,
    /// Its place in the first clause, pattern and type.
    pub(super) span: Span,
}

/// What is declared of a function.
pub(super) struct Signature<'a> {
    /// The function.
    pub(super) def: &'a FnDef<'a>,
    /// Where it is.
    pub(super) file: FileId,
    /// As many as its arity.
    pub(super) params: Vec<Param<'a>>,
    /// What it can give.
    pub(super) result: Kinds,
}

impl<'a> Signature<'a> {
    /// The signature of a function; nothing if it declares no type.
    pub(super) fn of(def: &'a FnDef<'a>, file: FileId) -> Option<Signature<'a>> {
        let typed = |c: &FnClause<'_>| c.result.is_some() || c.types.iter().any(Option::is_some);
        if !def.clauses.iter().any(typed) {
            return None;
        }
        let params = (0..def.arity as usize).map(|at| param(def, at)).collect();
        let result = def.clauses.iter().fold(Kinds::NEVER, |all, clause| {
            all | clause.result.as_ref().map_or(Kinds::ANY, Kinds::of_type)
        });
        Some(Signature { def, file, params, result })
    }

    /// The types that a parameter's clauses declare, as text.
    pub(super) fn expected(&self, at: usize) -> String {
        let mut texts: Vec<String> = Vec::new();
        for ty in self.def.clauses.iter().filter_map(|c| c.types.get(at)?.as_ref()) {
            let text = type_text(ty);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(" | ")
    }

    /// What a parameter is called, if it has a name.
    pub(super) fn name(&self, at: usize, module: &Module<'_>) -> Option<Name> {
        let pattern = self.def.clauses.first()?.params.get(at)?;
        match pattern.kind {
            PatternKind::Var(var) | PatternKind::Alias { var, .. } => {
                module.var_names.get(var.0 as usize).copied().flatten()
            }
            _ => self.def.params.get(at).copied().flatten(),
        }
    }
}

fn param<'a>(def: &'a FnDef<'a>, at: usize) -> Param<'a> {
    let kinds = def.clauses.iter().fold(Kinds::NEVER, |all, clause| {
        all | clause.types[at].as_ref().map_or(Kinds::ANY, Kinds::of_type)
    });
    let mut span = def.span;
    let mut ty = None;
    if let Some(first) = def.clauses.first() {
        span = first.params[at].span;
        if let Some(first_type) = &first.types[at] {
            span = span.to(first_type.span);
            ty = (def.clauses.len() == 1).then_some(first_type);
        }
    }
    Param { kinds, ty, span }
}

/// The signatures of all functions of the project.
pub(super) struct Signatures<'a> {
    modules: Vec<Vec<Option<Signature<'a>>>>,
    /// For each function the one that has its signature: itself, or for the entry that evaluates
    /// defaults the one that it calls.
    bodies: Vec<Vec<FnIdx>>,
    by_name: HashMap<Name, usize>,
}

impl<'a> Signatures<'a> {
    /// Gathers what the modules declare.
    pub(super) fn of(modules: &'a [Module<'a>]) -> Signatures<'a> {
        let mut all = Signatures {
            modules: Vec::with_capacity(modules.len()),
            bodies: Vec::with_capacity(modules.len()),
            by_name: HashMap::with_capacity(modules.len()),
        };
        for (index, module) in modules.iter().enumerate() {
            all.by_name.insert(module.name, index);
            let functions = module.functions.iter();
            all.modules.push(functions.map(|def| Signature::of(def, module.file)).collect());
            let indices = (0..module.functions.len() as u32).map(FnIdx);
            all.bodies.push(indices.map(|f| body_of(module, f)).collect());
        }
        all
    }

    /// The signature of a function of a module.
    pub(super) fn local(&self, module: usize, f: FnIdx) -> Option<&Signature<'a>> {
        let body = self.body(module, f);
        self.modules[module].get(body.0 as usize)?.as_ref()
    }

    /// The function that the entry for defaults `f` calls; otherwise `f`.
    pub(super) fn body(&self, module: usize, f: FnIdx) -> FnIdx {
        self.bodies[module].get(f.0 as usize).copied().unwrap_or(f)
    }

    /// The signature of `module.name` called with `count` arguments, and where the module is.
    pub(super) fn import(
        &self,
        modules: &[Module<'_>],
        module: Name,
        name: Name,
        count: usize,
    ) -> Option<(usize, &Signature<'a>)> {
        let &index = self.by_name.get(&module)?;
        let count = u32::try_from(count).ok()?;
        let exported = modules[index].exports.iter().find_map(|export| match *export {
            crate::hir::Export::Set(set) => {
                let set = &modules[index].sets[set.0 as usize];
                (set.name == name).then_some(set)
            }
            crate::hir::Export::Global(_) => None,
        })?;
        let entry = exported.entries.iter().find(|e| e.0 <= count && count <= e.1)?;
        Some((index, self.local(index, entry.2)?))
    }
}

/// For the entry that evaluates defaults, the function that it calls at last; otherwise `f`.
fn body_of(module: &Module<'_>, f: FnIdx) -> FnIdx {
    let def = &module.functions[f.0 as usize];
    let called = defaults_of(def).and_then(|(_, call)| match call.kind {
        ExprKind::Call { target: Target::Local { f, .. }, .. } => Some(f),
        _ => None,
    });
    match called {
        Some(body) if module.functions[body.0 as usize].span == def.span => body,
        _ => f,
    }
}

/// The bindings of an entry that evaluates defaults, one per parameter, and its call.
pub(super) fn defaults_of<'a>(
    def: &FnDef<'a>,
) -> Option<(&'a [crate::hir::Stmt<'a>], &'a Expr<'a>)> {
    let [clause] = def.clauses else { return None };
    let [stmt] = clause.body.stmts else { return None };
    let StmtKind::Expr(Expr { kind: ExprKind::Block(block), .. }) = stmt.kind else { return None };
    let (last, binds) = block.stmts.split_last()?;
    let StmtKind::Expr(call) = last.kind else { return None };
    let is_default = |stmt: &crate::hir::Stmt<'_>| match stmt.kind {
        StmtKind::Bind { value, .. } => matches!(value.kind, ExprKind::IfMissing { .. }),
        _ => false,
    };
    (binds.len() == def.arity as usize && binds.iter().any(is_default)).then_some((binds, call))
}
