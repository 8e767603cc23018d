//! Calls: what is called, named arguments bound to parameters, pipes.
//!
//! Where the function is known, the arguments are put in the order of its parameters here; arguments
//! written in another order are evaluated as written, into temporaries. Otherwise names are bound at
//! run time (`CallNamed`).

use super::Resolver;
use super::index::{MemberKind, Signature};
use super::lookup::Meaning;
use crate::hir::{self, FnIdx, Lit, SetIdx};
use crate::names::Name;
use crate::span::Span;
use crate::syntax::tree::*;
use foldhash::HashSet;

/// What stands before the parentheses.
enum Callee<'a> {
    Set(SetIdx),
    Member { module: Name, name: Name },
    Field { object: &'a hir::Expr<'a>, name: Name },
    Value(&'a hir::Expr<'a>),
    Error,
}

/// Arguments in the order they were written.
struct Args<'a> {
    positional: Vec<hir::Expr<'a>>,
    named: Vec<(Ident, hir::Expr<'a>)>,
}

/// Pure built-ins that have a native (or instruction) of their own, by module and name. Only these
/// may be called in guards.
const BUILT_INS: &[(&str, &str, &str)] =
    &[("Vector", "length", "vector_length"), ("Maps", "size", "maps_size")];

/// The types with a test in Core.
const TESTED: &[&str] = &[
    "int",
    "float",
    "numeric",
    "posint",
    "bool",
    "string",
    "symbol",
    "nil",
    "function",
    "pid",
    "ref",
    "module",
    "vector",
    "list",
    "map",
    "set",
    "table",
    "exception",
];

impl<'a> Resolver<'a, '_> {
    /// `left |> right`
    pub(super) fn pipe(&mut self, left: &Expr<'a>, right: &Expr<'a>) -> hir::ExprKind<'a> {
        let span = left.span.to(right.span);
        match &right.kind {
            ExprKind::Call { callee, args, named } => {
                self.call(span, callee, Some(left), args, named)
            }
            ExprKind::Name(_)
            | ExprKind::Field { .. }
            | ExprKind::Fn { .. }
            | ExprKind::Tilde(_)
            | ExprKind::Function(_) => self.call(span, right, Some(left), &[], &[]),
            ExprKind::Error => hir::ExprKind::Error,
            _ => {
                self.expression(left);
                let error = self.error("E0124", right.span, "a pipe leads into a function");
                error.label = "this is no call".to_string();
                error.help.push("write `x |> f`, `x |> f(a)` or `x |> (fn y -> … end)`".into());
                hir::ExprKind::Error
            }
        }
    }

    /// `callee(first, args, named)`; `first` is what a pipe feeds in.
    pub(super) fn call(
        &mut self,
        span: Span,
        callee: &Expr<'a>,
        first: Option<&Expr<'a>>,
        args: &[Expr<'a>],
        named: &[NamedArg<'a>],
    ) -> hir::ExprKind<'a> {
        if let ExprKind::Field { object, name } = &callee.kind
            && self.is_stdlib
            && matches!(&object.kind, ExprKind::Module(p) if self.text(p.name) == "Native")
        {
            let args = self.arguments(first, args, named);
            let target = hir::Target::Native(name.name);
            return hir::ExprKind::Call { target, args: self.slice(&args.positional) };
        }
        // A pipe's left side is evaluated before a callee that is computed.
        let piped = first.map(|e| self.expression(e));
        let simple = matches!(
            callee.kind,
            ExprKind::Name(_) | ExprKind::Field { .. } | ExprKind::Fn { .. } | ExprKind::Tilde(_)
        );
        if let Some(left) = piped
            && !simple
        {
            let (bind, var) = self.temporary(left);
            let left = self.expr(left.span, hir::ExprKind::Var(var));
            let call = self.call_with(span, callee, Some(left), args, named);
            return self.after_temporaries(span, vec![bind], call);
        }
        self.call_with(span, callee, piped, args, named)
    }

    fn call_with(
        &mut self,
        span: Span,
        callee: &Expr<'a>,
        first: Option<hir::Expr<'a>>,
        args: &[Expr<'a>],
        named: &[NamedArg<'a>],
    ) -> hir::ExprKind<'a> {
        let target = self.callee(callee);
        let mut all = self.arguments(None, args, named);
        if let Some(first) = first {
            all.positional.insert(0, first);
        }
        let kind = match target {
            Callee::Error => hir::ExprKind::Error,
            Callee::Set(set) => self.call_set(span, callee.span, set, all),
            Callee::Member { module, name } => {
                self.call_member(span, callee.span, module, name, all)
            }
            Callee::Field { object, name } if all.named.is_empty() => {
                let target = hir::Target::Field { object, name };
                hir::ExprKind::Call { target, args: self.slice(&all.positional) }
            }
            Callee::Field { object, name } => {
                let callee = self.expr(callee.span, hir::ExprKind::Field { object, name });
                self.call_dynamic(callee, all)
            }
            Callee::Value(value) => self.call_dynamic(*value, all),
        };
        if self.in_guard && !is_guard_call(&kind) {
            self.error("E0304", span, "this call cannot stand in a guard").help.push(
                "guards may call only the type tests, `Vector.length` and `Maps.size`".into(),
            );
        }
        kind
    }

    fn callee(&mut self, callee: &Expr<'a>) -> Callee<'a> {
        match &callee.kind {
            ExprKind::Name(name) => match self.meaning(*name) {
                Some(Meaning::Functions(set)) => Callee::Set(set),
                Some(Meaning::Member { module }) => self.callee_member(callee.span, module, *name),
                Some(Meaning::Var(var)) => self.callee_value(callee.span, hir::ExprKind::Var(var)),
                Some(Meaning::Global(g)) => {
                    self.callee_value(callee.span, hir::ExprKind::Global(g))
                }
                Some(Meaning::Module(m)) => {
                    self.callee_value(callee.span, hir::ExprKind::Lit(Lit::Module(m)))
                }
                None => {
                    self.unknown_name(*name, callee.span, "function");
                    Callee::Error
                }
            },
            ExprKind::Field { object, name } => match self.module_of(object) {
                Some(module) => match self.own_member(module, name.name) {
                    Some(Meaning::Functions(set)) => Callee::Set(set),
                    Some(Meaning::Global(g)) => {
                        self.callee_value(callee.span, hir::ExprKind::Global(g))
                    }
                    _ => match self.member(module, name.name, name.span) {
                        Ok(None) => Callee::Error,
                        _ => self.callee_member(callee.span, module, name.name),
                    },
                },
                None => Callee::Field { object: self.expression_ref(object), name: name.name },
            },
            _ => Callee::Value(self.expression_ref(callee)),
        }
    }

    /// A member of another module: its function, or what its constant holds.
    fn callee_member(&mut self, span: Span, module: Name, name: Name) -> Callee<'a> {
        let member = self.index.get(module).and_then(|info| info.members.get(&name));
        match member.map(|member| &member.kind) {
            Some(MemberKind::Constant) => {
                self.callee_value(span, hir::ExprKind::Member { module, name })
            }
            _ => Callee::Member { module, name },
        }
    }

    fn callee_value(&mut self, span: Span, kind: hir::ExprKind<'a>) -> Callee<'a> {
        let value = self.expr(span, kind);
        Callee::Value(self.alloc(value))
    }

    fn arguments(
        &mut self,
        first: Option<&Expr<'a>>,
        args: &[Expr<'a>],
        named: &[NamedArg<'a>],
    ) -> Args<'a> {
        let mut positional: Vec<_> = first.iter().map(|e| self.expression(e)).collect();
        positional.extend(args.iter().map(|e| self.expression(e)));
        let mut list: Vec<(Ident, hir::Expr<'a>)> = Vec::with_capacity(named.len());
        let mut seen = HashSet::default();
        for arg in named {
            if !seen.insert(arg.name.name) {
                let text = self.text(arg.name.name).to_string();
                self.error("E0302", arg.name.span, format!("`{text}` is given twice"));
            }
            list.push((arg.name, self.expression(arg.value)));
        }
        Args { positional, named: list }
    }

    fn call_dynamic(&mut self, callee: hir::Expr<'a>, args: Args<'a>) -> hir::ExprKind<'a> {
        if args.named.is_empty() {
            let target = hir::Target::Value(self.alloc(callee));
            return hir::ExprKind::Call { target, args: self.slice(&args.positional) };
        }
        let named: Vec<_> = args.named.iter().map(|(n, e)| (n.name, *e)).collect();
        hir::ExprKind::CallNamed {
            callee: self.alloc(callee),
            args: self.slice(&args.positional),
            named: self.slice(&named),
        }
    }

    /// A call of a function of this module.
    fn call_set(
        &mut self,
        span: Span,
        name_span: Span,
        set: SetIdx,
        args: Args<'a>,
    ) -> hir::ExprKind<'a> {
        let known = self.level.sets[set.0 as usize].clone();
        let count = args.positional.len() as u32;
        if args.named.is_empty() {
            let Some(entry) = known.entries.iter().find(|e| e.0 <= count && count <= e.1) else {
                let signatures = self.own_signatures(&known.entries);
                self.wrong_arity(known.name, name_span, count as usize, &signatures);
                return hir::ExprKind::Error;
            };
            let mut all = args.positional;
            let arity = self.arity_of(entry.2);
            all.resize(arity as usize, self.expr(span, hir::ExprKind::Missing));
            return self.call_local(entry.2, &all);
        }
        let signatures = self.own_signatures(&known.entries);
        let Some((chosen, slots)) = self.bind_named(known.name, name_span, &signatures, &args)
        else {
            return hir::ExprKind::Error;
        };
        let arity = signatures[chosen].arity();
        let (binds, filled) = self.fill(span, arity, slots, args);
        let complete = filled.iter().all(Option::is_some);
        let missing = self.expr(span, hir::ExprKind::Missing);
        let all: Vec<_> = filled.into_iter().map(|e| e.unwrap_or(missing)).collect();
        // The entry that evaluates defaults accepts fewer arguments than the body's.
        let of_arity = |f: FnIdx| self.arity_of(f) == arity;
        let wanted = known
            .entries
            .iter()
            .find(|e| of_arity(e.2) && (e.1 == arity) == complete)
            .expect("bound to one of them");
        let call = self.call_local(wanted.2, &all);
        self.after_temporaries(span, binds, call)
    }

    fn call_local(&mut self, f: FnIdx, args: &[hir::Expr<'a>]) -> hir::ExprKind<'a> {
        let target = hir::Target::Local { f, check: self.needs_check(f) };
        hir::ExprKind::Call { target, args: self.slice(args) }
    }

    /// The number of parameters, before the function itself is resolved.
    fn arity_of(&self, f: FnIdx) -> u32 {
        match self.level.group_of.get(&f) {
            Some(g) => self.group(*g).arity,
            None => self.level.inherited.iter().find(|i| i.2 == f).map_or(0, |i| i.1),
        }
    }

    pub(super) fn own_signatures(&self, entries: &[(u32, u32, FnIdx)]) -> Vec<Signature> {
        let mut list: Vec<Signature> = Vec::new();
        for entry in entries {
            let body = |g: &&usize| self.level.group_fns[**g].0 == entry.2;
            match self.level.group_of.get(&entry.2).filter(|g| body(g)) {
                Some(&g) => list.push(super::outline::signature(self.group(g))),
                None if self.level.inherited.iter().any(|i| i.2 == entry.2) => {
                    list.push(Signature {
                        min: entry.1,
                        params: vec![None; entry.1 as usize],
                        forward: None,
                    });
                }
                None => {} // the entry for defaults: its body has the signature
            }
        }
        list
    }

    /// A call into another module.
    fn call_member(
        &mut self,
        span: Span,
        name_span: Span,
        module: Name,
        name: Name,
        args: Args<'a>,
    ) -> hir::ExprKind<'a> {
        let signatures = match self.member(module, name, name_span) {
            Ok(Some(MemberKind::Functions(list))) => list,
            Ok(_) => return hir::ExprKind::Error,
            Err(()) => {
                if args.named.is_empty() {
                    let target = hir::Target::Import { module, name };
                    return hir::ExprKind::Call { target, args: self.slice(&args.positional) };
                }
                let callee = self.expr(name_span, hir::ExprKind::Member { module, name });
                return self.call_dynamic(callee, args);
            }
        };
        let count = args.positional.len() as u32;
        if args.named.is_empty() {
            if !signatures.iter().any(|s| s.takes(count)) {
                self.wrong_arity(name, name_span, count as usize, &signatures);
                return hir::ExprKind::Error;
            }
            return self.call_import(module, name, &args.positional);
        }
        let Some((chosen, slots)) = self.bind_named(name, name_span, &signatures, &args) else {
            return hir::ExprKind::Error;
        };
        let highest = slots.iter().map(|s| s.unwrap_or(u32::MAX)).max().unwrap_or(0);
        let arity = signatures[chosen].arity();
        let gathers = slots.iter().any(Option::is_none);
        let top = if gathers { arity } else { count.max(highest + 1) };
        let filled_to =
            |n: u32| (count..n).all(|i| slots.contains(&Some(i)) || (gathers && i + 1 == arity));
        if !filled_to(top) {
            // A parameter in the middle is left to its default: bound where the function is.
            let callee = self.expr(name_span, hir::ExprKind::Member { module, name });
            return self.call_dynamic(callee, args);
        }
        let (binds, filled) = self.fill(span, top, slots, args);
        let all: Vec<_> = filled.into_iter().flatten().collect();
        let call = self.call_import(module, name, &all);
        self.after_temporaries(span, binds, call)
    }

    fn call_import(
        &mut self,
        module: Name,
        name: Name,
        args: &[hir::Expr<'a>],
    ) -> hir::ExprKind<'a> {
        let native = self
            .built_in(module, name, args.len())
            .or_else(|| self.forward(module, name, args.len()).filter(|_| !self.in_guard));
        let target = match native {
            Some(native) => hir::Target::Native(native),
            None => hir::Target::Import { module, name },
        };
        hir::ExprKind::Call { target, args: self.slice(args) }
    }

    /// The native behind a function of the standard library that does nothing else.
    fn forward(&self, module: Name, name: Name, count: usize) -> Option<Name> {
        let MemberKind::Functions(list) = &self.index.get(module)?.members.get(&name)?.kind else {
            return None;
        };
        list.iter().find(|s| s.arity() as usize == count)?.forward
    }

    /// A built-in that has an instruction or native known to the compiler.
    fn built_in(&mut self, module: Name, name: Name, count: usize) -> Option<Name> {
        if count != 1 || self.project.contains(&module) && !self.is_stdlib {
            return None;
        }
        let (m, n) = (self.text(module), self.text(name));
        if m == "Core" {
            let ty = n.strip_prefix("is_")?;
            let text = format!("core_is_{}", TESTED.iter().find(|t| **t == ty)?);
            return Some(self.names.intern(&text));
        }
        let found = BUILT_INS.iter().find(|b| b.0 == m && b.1 == n)?;
        Some(self.names.intern(found.2))
    }

    /// Which parameter each named argument goes to (`None`: into the map for the last one), for the
    /// signature that fits best. Reports when none fits.
    fn bind_named(
        &mut self,
        name: Name,
        span: Span,
        signatures: &[Signature],
        args: &Args<'a>,
    ) -> Option<(usize, Vec<Option<u32>>)> {
        let count = args.positional.len() as u32;
        let mut best: Option<(usize, usize, Vec<Option<u32>>)> = None;
        for (i, signature) in signatures.iter().enumerate() {
            let Some(slots) = slots(signature, count, args) else { continue };
            let gathered = slots.iter().filter(|s| s.is_none()).count();
            if best.as_ref().is_none_or(|b| gathered < b.0) {
                best = Some((gathered, i, slots));
            }
        }
        if let Some((_, i, slots)) = best {
            return Some((i, slots));
        }
        self.report_named(name, span, signatures, args);
        None
    }

    fn report_named(&mut self, name: Name, span: Span, signatures: &[Signature], args: &Args<'a>) {
        let count = args.positional.len();
        let params: Vec<Name> =
            signatures.iter().flat_map(|s| s.params.iter().copied().flatten()).collect();
        let function = self.text(name).to_string();
        for (ident, _) in &args.named {
            let text = self.text(ident.name).to_string();
            let position = signatures
                .iter()
                .find_map(|s| s.params.iter().position(|p| *p == Some(ident.name)));
            match position {
                Some(p) if p < count => {
                    self.error(
                        "E0302",
                        ident.span,
                        format!("`{text}` of `{function}` is given twice"),
                    )
                    .label = format!("argument {} is `{text}` already", p + 1);
                    return;
                }
                None => {
                    let help = self.suggestion(&text, params.iter().copied());
                    let list: Vec<String> =
                        params.iter().map(|p| format!("`{}`", self.text(*p))).collect();
                    let error = self.error(
                        "E0302",
                        ident.span,
                        format!("`{function}` has no parameter `{text}`"),
                    );
                    error.help.extend(help);
                    if !list.is_empty() {
                        error.help.push(format!("its parameters are {}", list.join(", ")));
                    }
                    return;
                }
                Some(_) => {}
            }
        }
        let twice = |i: usize| args.named[..i].iter().any(|n| n.0.name == args.named[i].0.name);
        if (0..args.named.len()).any(twice) {
            return; // reported
        }
        self.wrong_arity(name, span, count + args.named.len(), signatures);
    }

    /// Puts the arguments in the order of the parameters. Named ones are evaluated into temporaries
    /// first unless they stand in that order already.
    fn fill(
        &mut self,
        span: Span,
        arity: u32,
        slots: Vec<Option<u32>>,
        args: Args<'a>,
    ) -> (Vec<hir::Stmt<'a>>, Vec<Option<hir::Expr<'a>>>) {
        let in_order = slots.windows(2).all(|w| w[0] < w[1] && w[1].is_some())
            || slots.iter().all(Option::is_none);
        let mut binds = Vec::new();
        let mut keep = |me: &mut Self, e: hir::Expr<'a>| {
            if in_order || matches!(e.kind, hir::ExprKind::Lit(_) | hir::ExprKind::Var(_)) {
                return e;
            }
            let (bind, var) = me.temporary(e);
            binds.push(bind);
            me.expr(e.span, hir::ExprKind::Var(var))
        };
        let mut filled: Vec<Option<hir::Expr<'a>>> = vec![None; arity as usize];
        for (i, e) in args.positional.into_iter().enumerate() {
            filled[i] = Some(keep(self, e));
        }
        let mut gathered = Vec::new();
        for (slot, (ident, e)) in slots.into_iter().zip(args.named) {
            let e = keep(self, e);
            match slot {
                Some(i) => filled[i as usize] = Some(e),
                None => gathered.push((self.lit(ident.span, Lit::Symbol(ident.name)), e)),
            }
        }
        if !gathered.is_empty() {
            let map = hir::ExprKind::Map(self.slice(&gathered));
            filled[arity as usize - 1] = Some(self.expr(span, map));
        }
        (binds, filled)
    }

    fn temporary(&mut self, value: hir::Expr<'a>) -> (hir::Stmt<'a>, hir::Var) {
        let var = self.scopes.fresh(None);
        let span = value.span;
        let pattern = self.alloc(hir::Pattern { span, kind: hir::PatternKind::Var(var) });
        let kind = hir::StmtKind::Bind { pattern, value: self.alloc(value) };
        (hir::Stmt { span, kind }, var)
    }

    fn after_temporaries(
        &mut self,
        span: Span,
        mut binds: Vec<hir::Stmt<'a>>,
        kind: hir::ExprKind<'a>,
    ) -> hir::ExprKind<'a> {
        if binds.is_empty() {
            return kind;
        }
        let last = self.expr(span, kind);
        binds.push(hir::Stmt { span, kind: hir::StmtKind::Expr(self.alloc(last)) });
        hir::ExprKind::Block(hir::Block { span, stmts: self.slice(&binds) })
    }

    /// Reports a call with a number of arguments that the function does not take.
    pub(super) fn wrong_arity(
        &mut self,
        name: Name,
        span: Span,
        count: usize,
        signatures: &[Signature],
    ) {
        let mut arities: Vec<_> = signatures.iter().map(|s| (s.min, s.arity())).collect();
        arities.sort_unstable();
        let mut wanted: Vec<String> = Vec::new();
        for (min, max) in arities {
            wanted.extend((min..=max).map(|n| n.to_string()));
        }
        wanted.dedup();
        let text = match wanted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "no".to_string(),
        };
        let plural = if text == "1" { "" } else { "s" };
        let help = self.shapes(name, signatures);
        let name = self.text(name).to_string();
        let message = format!("`{name}` takes {text} argument{plural}, not {count}");
        let error = self.error("E0301", span, message);
        error.label = "wrong number of arguments".to_string();
        error.help.extend(help);
    }

    /// How a function is called, if that says more than the number of arguments.
    fn shapes(&self, name: Name, signatures: &[Signature]) -> Option<String> {
        let named = |s: &Signature| s.params.iter().any(Option::is_some);
        if signatures.len() > MOST_SHAPES || !signatures.iter().any(named) {
            return None;
        }
        let shape = |s: &Signature| {
            let param = |(i, name): (usize, &Option<Name>)| {
                let text = name.map_or("_", |name| self.text(name));
                if i < s.min as usize { text.to_string() } else { format!("{text} = …") }
            };
            let params: Vec<String> = s.params.iter().enumerate().map(param).collect();
            format!("`{}({})`", self.text(name), params.join(", "))
        };
        let shapes: Vec<String> = signatures.iter().map(shape).collect();
        Some(format!("it is called as {}", shapes.join(" or ")))
    }
}

/// Of more ways to call a function none is shown.
const MOST_SHAPES: usize = 3;

/// For each named argument its parameter; `None` overall when the signature does not fit.
fn slots(signature: &Signature, count: u32, args: &Args<'_>) -> Option<Vec<Option<u32>>> {
    let arity = signature.arity();
    if count > arity {
        return None;
    }
    let mut slots = Vec::with_capacity(args.named.len());
    for (ident, _) in &args.named {
        match signature.params.iter().position(|p| *p == Some(ident.name)) {
            Some(i) if (i as u32) < count => return None,
            Some(i) => slots.push(Some(i as u32)),
            None => slots.push(None),
        }
    }
    let gathers = slots.contains(&None);
    let last_free = arity > count && !slots.contains(&Some(arity.wrapping_sub(1)));
    if gathers && !last_free {
        return None;
    }
    let filled = |i: u32| slots.contains(&Some(i)) || (gathers && i + 1 == arity);
    (count..signature.min).all(filled).then_some(slots)
}

/// Whether the call may stand in a guard.
fn is_guard_call(kind: &hir::ExprKind<'_>) -> bool {
    matches!(
        kind,
        hir::ExprKind::Call { target: hir::Target::Native(_), .. } | hir::ExprKind::Error
    )
}
