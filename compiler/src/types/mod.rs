//! Mistakes of type that can be proven before a program runs: resolved modules in, diagnostics out.
//!
//! The model. Every expression is given the set of kinds of value that it may have (`kinds`); an
//! operator, a condition or a parameter that can take none of them is reported. The set is a
//! superset, so whatever is reported would raise each time it is reached.
//!
//! That alone is not enough: a place may be one that is never reached *because* of a kind, as in
//! `if is_string(x) { x + "!" }`. So what is known of a variable holds only in the code that runs
//! whenever the variable was bound; a branch (of `if`, `case`, `and`, a function made there …) starts
//! without it, and so does what stands below a branch that may have left by `return` or `raise`. A
//! parameter with a declared type is known in branches too, as long as the conditions passed are
//! comparisons of size or with numbers, which cannot tell kinds apart.
//!
//! Where a raise is what is wanted nothing is said: in the body of a `try` that catches, and in a
//! function without parameters that is passed on as an argument, as tests do.
//!
//! One walk over the tree, a few words per variable; depth is bounded by that of the source.

mod call;
mod control;
mod kinds;
mod operators;
mod report;
mod signature;
mod vector;
mod walk;

use crate::diagnostics::Diagnostic;
use crate::hir::{self, FnDef, Lambda, Module, PatternKind, Var};
use crate::names::Names;
use foldhash::{HashMap, HashMapExt};
use kinds::Kinds;
use signature::{Signature, Signatures};

/// Checks the modules of a project, in load order; what is wrong goes to `diagnostics`.
pub fn check(modules: &[Module<'_>], names: &Names, diagnostics: &mut Vec<Diagnostic>) {
    let signatures = Signatures::of(modules);
    for (index, module) in modules.iter().enumerate() {
        Checker {
            modules,
            index,
            module,
            names,
            signatures: &signatures,
            diagnostics,
            vars: vec![Known::default(); module.var_names.len()],
            globals: vec![Known::default(); module.globals.len()],
            lambdas: HashMap::new(),
            scope: Scope::default(),
            result: None,
            quiet: 0,
        }
        .run();
    }
}

/// What is known of a variable.
#[derive(Clone, Copy)]
struct Known {
    kinds: Kinds,
    /// When it was bound; 0: not at all, or by a pattern.
    stamp: u32,
    /// Known from its declared type.
    declared: bool,
}

impl Default for Known {
    fn default() -> Self {
        Known { kinds: Kinds::ANY, stamp: 0, declared: false }
    }
}

/// Which of the things known still hold at the place looked at.
#[derive(Clone, Copy, Default)]
struct Scope {
    /// Counts bindings.
    clock: u32,
    /// What was bound before this is not known here…
    floor: u32,
    /// … nor, before this, the kind of a parameter with a declared type.
    declared_floor: u32,
    /// Whether the branch may have left the function.
    left: bool,
}

/// What the function under way must give.
#[derive(Clone, Copy)]
struct Expected<'a> {
    function: &'a FnDef<'a>,
    ty: &'a hir::Type<'a>,
    kinds: Kinds,
    /// `Checker::quiet` at its beginning: a result is checked outside of every `try`.
    quiet: u32,
}

/// A function that a variable is bound to.
struct Local<'a> {
    lambda: &'a Lambda<'a>,
    /// One per entry of the lambda.
    signatures: Vec<Option<Signature<'a>>>,
}

/// Checks one module.
struct Checker<'a, 'x> {
    modules: &'a [Module<'a>],
    index: usize,
    module: &'a Module<'a>,
    names: &'x Names,
    signatures: &'x Signatures<'a>,
    diagnostics: &'x mut Vec<Diagnostic>,
    vars: Vec<Known>,
    globals: Vec<Known>,
    lambdas: HashMap<Var, Local<'a>>,
    scope: Scope,
    result: Option<Expected<'a>>,
    /// Above 0 nothing is reported.
    quiet: u32,
}

impl<'a> Checker<'a, '_> {
    fn run(mut self) {
        let module = self.module;
        for def in &module.functions {
            self.function(def);
        }
        if let Some(init) = module.init {
            self.function(init);
        }
    }

    /// Checks a function; what is known of the one around it is put aside.
    fn function(&mut self, def: &'a FnDef<'a>) {
        let (scope, result) = (self.scope, self.result.take());
        self.scope.floor = self.scope.clock + 1;
        self.scope.clock += 1;
        self.scope.left = false;
        self.defaults(def);
        for clause in def.clauses {
            let start = self.scope;
            for (pattern, ty) in clause.params.iter().zip(clause.types) {
                if let (PatternKind::Var(var) | PatternKind::Alias { var, .. }, Some(ty)) =
                    (pattern.kind, ty)
                {
                    self.bind(var, Kinds::of_type(ty), true);
                }
            }
            if let Some(guard) = clause.guard {
                self.guard(guard);
            }
            self.result = clause.result.as_ref().map(|ty| Expected {
                function: def,
                ty,
                kinds: Kinds::of_type(ty),
                quiet: self.quiet,
            });
            self.block(&clause.body, true);
            self.scope = Scope { clock: self.scope.clock, ..start };
        }
        self.scope = Scope { clock: self.scope.clock, ..scope };
        self.result = result;
    }

    /// Notes what a variable is bound to.
    fn bind(&mut self, var: Var, kinds: Kinds, declared: bool) {
        self.scope.clock += 1;
        if let Some(known) = self.vars.get_mut(var.0 as usize) {
            *known = Known { kinds, stamp: self.scope.clock, declared };
        }
    }

    /// The kinds of a variable, as far as they are known here.
    fn var(&self, var: Var) -> Kinds {
        self.vars.get(var.0 as usize).map_or(Kinds::ANY, |known| self.known(known))
    }

    fn known(&self, known: &Known) -> Kinds {
        let floor = if known.declared { self.scope.declared_floor } else { self.scope.floor };
        if known.stamp > 0 && known.stamp >= floor { known.kinds } else { Kinds::ANY }
    }

    /// Looks at code that does not run whenever the code around it does. `keep`: that it runs
    /// tells nothing of the kinds of parameters.
    fn branch<T>(&mut self, keep: bool, look: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scope;
        self.scope.clock += 1;
        self.scope.floor = self.scope.clock;
        if !keep {
            self.scope.declared_floor = self.scope.clock;
        }
        self.scope.left = false;
        let seen = look(self);
        let after = self.scope;
        self.scope = Scope { clock: after.clock, ..before };
        if after.left {
            // What follows runs only if this branch did not.
            self.scope.clock += 1;
            self.scope.left = true;
            self.scope.floor = self.scope.clock;
            if !keep {
                self.scope.declared_floor = self.scope.clock;
            }
        }
        seen
    }

    /// Reports, unless a raise may be what is wanted here.
    fn report(&mut self, make: impl FnOnce(&Self) -> Diagnostic) {
        if self.quiet == 0 {
            let diagnostic = make(self);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Looks at code whose mistakes are not reported.
    fn quietly<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.quiet += 1;
        let seen = look(self);
        self.quiet -= 1;
        seen
    }
}

#[cfg(test)]
mod tests;
