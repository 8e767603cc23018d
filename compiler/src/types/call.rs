//! Calls: arguments that no parameter of the known function takes, and calls of what is no function.

use super::Checker;
use super::kinds::Kinds;
use super::report::mismatch;
use super::signature::{Signature, defaults_of};
use crate::diagnostics::Diagnostic;
use crate::hir::*;
use smallvec::SmallVec;

/// What is known of a function that is called.
struct Callee<'a, 's> {
    signature: &'s Signature<'a>,
    /// An index into the project's modules.
    module: usize,
    /// How it is called in texts.
    name: String,
}

impl<'a> Checker<'a, '_> {
    pub(super) fn call(&mut self, target: &Target<'a>, args: &'a [Expr<'a>]) -> Kinds {
        match *target {
            Target::Local { f, .. } => {
                let kinds = self.arguments(args);
                let signatures = self.signatures;
                let Some(signature) = signatures.local(self.index, f) else { return Kinds::ANY };
                let name = self.names.text(signature.def.name).to_owned();
                self.takes(&Callee { signature, module: self.index, name }, args, &kinds)
            }
            Target::Import { module, name } => {
                let kinds = self.arguments(args);
                let signatures = self.signatures;
                let found = signatures.import(self.modules, module, name, args.len());
                let Some((index, signature)) = found else { return Kinds::ANY };
                let name = format!("{}.{}", self.names.text(module), self.names.text(name));
                self.takes(&Callee { signature, module: index, name }, args, &kinds)
            }
            Target::Native(name) => {
                self.arguments(args);
                match self.names.text(name) {
                    "vector_length" | "maps_size" => Kinds::INT,
                    name if name.starts_with("core_is_") => Kinds::BOOL,
                    _ => Kinds::ANY,
                }
            }
            Target::Value(callee) => self.call_value(callee, args),
            Target::Field { object, name } => {
                let kinds = self.value(object, false);
                let none = self.has_no_fields(object, kinds, name);
                self.arguments(args);
                if none { Kinds::NEVER } else { Kinds::ANY }
            }
        }
    }

    /// The kinds of arguments.
    fn arguments(&mut self, args: &'a [Expr<'a>]) -> SmallVec<[Kinds; 8]> {
        args.iter().map(|arg| self.argument(arg)).collect()
    }

    /// An argument. A function without parameters is passed on to be run where a raise may be
    /// what is looked for.
    pub(super) fn argument(&mut self, arg: &'a Expr<'a>) -> Kinds {
        match arg.kind {
            ExprKind::Lambda(lambda) if lambda.defs.iter().all(|def| def.arity == 0) => {
                self.quietly(|me| me.lambda(lambda));
                Kinds::FUNCTION
            }
            _ => self.value(arg, false),
        }
    }

    /// Checks arguments against what a function declares; gives what it gives.
    fn takes(&mut self, callee: &Callee<'a, '_>, args: &'a [Expr<'a>], kinds: &[Kinds]) -> Kinds {
        let mut fits = true;
        for (at, (arg, &kinds)) in args.iter().zip(kinds).enumerate() {
            if matches!(arg.kind, ExprKind::Missing) || !fits {
                continue;
            }
            fits = self.takes_one(callee, at, arg, kinds);
        }
        if fits { callee.signature.result } else { Kinds::NEVER }
    }

    fn takes_one(
        &mut self,
        callee: &Callee<'a, '_>,
        at: usize,
        arg: &Expr<'a>,
        kinds: Kinds,
    ) -> bool {
        let Some(param) = callee.signature.params.get(at) else { return true };
        let Some(found) = mismatch(self, arg, kinds, param.kinds, param.ty) else { return true };
        self.report(|me| {
            let signature = callee.signature;
            let (expected, function) = (signature.expected(at), &callee.name);
            let name = signature.name(at, &me.modules[callee.module]);
            let what = match name {
                Some(name) => format!("`{}` of `{function}`", me.names.text(name)),
                None => format!("argument {} of `{function}`", at + 1),
            };
            let message = format!("{what} must be {expected}, not {}", found.what);
            let diagnostic =
                Diagnostic::error("E0401", me.module.file, found.span, message).label(found.label);
            let declared = format!("declared as {expected} here");
            let diagnostic = if signature.file == me.module.file {
                diagnostic.also(param.span, declared)
            } else {
                diagnostic
            };
            found.help.into_iter().fold(diagnostic, Diagnostic::help)
        });
        false
    }

    /// A call of a function value.
    fn call_value(&mut self, callee: &'a Expr<'a>, args: &'a [Expr<'a>]) -> Kinds {
        let callee_kinds = match callee.kind {
            ExprKind::Lambda(lambda) => {
                self.lambda(lambda);
                Kinds::FUNCTION
            }
            _ => self.value(callee, false),
        };
        let kinds = self.arguments(args);
        let may_be_called = Kinds::FUNCTION | Kinds::FUNCTION.vectors() | Kinds::NESTED;
        if !callee_kinds.is_never() && !callee_kinds.meets(may_be_called) {
            self.report(|me| {
                let what = callee_kinds.brief();
                let message = format!("only functions can be called, not {what}");
                Diagnostic::error("E0405", me.module.file, callee.span, message)
                    .label(format!("this is {what}"))
            });
            return Kinds::NEVER;
        }
        match callee.kind {
            ExprKind::Var(var) => self.call_local(var, callee, args, &kinds),
            ExprKind::Lambda(lambda) => {
                self.arity_fits(lambda, None, callee, args.len());
                let file = self.module.file;
                let Some(def) = entry(lambda, args.len()).map(|at| &lambda.defs[at]) else {
                    return Kinds::ANY;
                };
                let Some(signature) = Signature::of(def, file) else { return Kinds::ANY };
                let name = self.names.text(def.name).to_owned();
                let callee = Callee { signature: &signature, module: self.index, name };
                self.takes(&callee, args, &kinds)
            }
            _ => Kinds::ANY,
        }
    }

    /// A call of a variable: of the function that it holds, if that is known.
    fn call_local(
        &mut self,
        var: Var,
        callee: &Expr<'a>,
        args: &'a [Expr<'a>],
        kinds: &[Kinds],
    ) -> Kinds {
        let Some(local) = self.lambdas.get(&var) else { return Kinds::ANY };
        let lambda = local.lambda;
        let name = self.module.var_names[var.0 as usize].map_or("", |name| self.names.text(name));
        let name = name.to_owned();
        let Some(at) = entry(lambda, args.len()) else {
            self.arity_fits(lambda, Some(name), callee, args.len());
            return Kinds::NEVER;
        };
        let at = body_of(lambda, at);
        if local.signatures[at].is_none() {
            return Kinds::ANY;
        }
        // Taken out while its arguments are looked at.
        let Some(signature) = self.lambdas.get_mut(&var).and_then(|l| l.signatures[at].take())
        else {
            return Kinds::ANY;
        };
        let found = Callee { signature: &signature, module: self.index, name };
        let gives = self.takes(&found, args, kinds);
        if let Some(local) = self.lambdas.get_mut(&var) {
            local.signatures[at] = Some(signature);
        }
        gives
    }

    /// Reports a number of arguments that a function made here does not take.
    fn arity_fits(
        &mut self,
        lambda: &Lambda<'a>,
        name: Option<String>,
        callee: &Expr<'a>,
        count: usize,
    ) {
        if entry(lambda, count).is_some() {
            return;
        }
        self.report(|me| {
            let mut counts: Vec<u32> =
                lambda.ranges.iter().flat_map(|&(min, max)| min..=max).collect();
            counts.sort_unstable();
            counts.dedup();
            let texts: Vec<String> = counts.iter().map(u32::to_string).collect();
            let takes = match texts.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, first)) => format!("{} or {last}", first.join(", ")),
                None => "no".to_owned(),
            };
            let plural = if takes == "1" { "" } else { "s" };
            let name = name.map_or("this function".to_owned(), |name| format!("`{name}`"));
            let message = format!("{name} takes {takes} argument{plural}, not {count}");
            Diagnostic::error("E0301", me.module.file, callee.span, message)
                .label("wrong number of arguments")
        });
    }

    /// For the entry that evaluates defaults: defaults that their parameters do not take.
    pub(super) fn defaults(&mut self, def: &'a FnDef<'a>) {
        let Some((binds, call)) = defaults_of(def) else { return };
        let ExprKind::Call { target: Target::Local { f, .. }, .. } = call.kind else { return };
        let signatures = self.signatures;
        let Some(signature) = signatures.local(self.index, f) else { return };
        let name = self.names.text(def.name).to_owned();
        let callee = Callee { signature, module: self.index, name };
        for (at, stmt) in binds.iter().enumerate() {
            if let StmtKind::Bind { value, .. } = stmt.kind
                && let ExprKind::IfMissing { default, .. } = value.kind
            {
                let kinds = default_kinds(default);
                self.takes_one(&callee, at, default, kinds);
            }
        }
    }
}

/// What a default shows of itself; the walk over the function looks at the rest of it.
fn default_kinds(default: &Expr<'_>) -> Kinds {
    match &default.kind {
        ExprKind::Lit(lit) => Kinds::of_lit(lit),
        _ => Kinds::ANY,
    }
}

/// The entry of a lambda that takes so many arguments.
fn entry(lambda: &Lambda<'_>, count: usize) -> Option<usize> {
    let takes = |&(min, max): &(u32, u32)| {
        min as usize <= count && (count <= max as usize || lambda.lenient)
    };
    lambda.ranges.iter().position(takes)
}

/// The entry that has the types of `at`: the one after an entry that evaluates defaults.
fn body_of(lambda: &Lambda<'_>, at: usize) -> usize {
    let fewer = lambda.ranges[at].1 < lambda.defs[at].arity;
    if fewer && at + 1 < lambda.defs.len() { at + 1 } else { at }
}
