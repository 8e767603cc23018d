//! A value that a declared type does not take: where exactly, in which words, and the likely fix.

use super::Checker;
use super::kinds::{Kinds, type_text};
use crate::hir::{Expr, ExprKind, Lit, Type, TypeKind};
use crate::names::Names;
use crate::span::Span;

/// What does not fit.
pub(super) struct Mismatch {
    /// The place.
    pub(super) span: Span,
    /// `a string`
    pub(super) what: String,
    /// `this is a string`
    pub(super) label: String,
    /// The fix.
    pub(super) help: Option<String>,
}

/// What of a value of `kinds` does not fit `wanted` (or `ty`, which says more about lists).
pub(super) fn mismatch<'a>(
    checker: &Checker<'a, '_>,
    e: &Expr<'a>,
    kinds: Kinds,
    wanted: Kinds,
    ty: Option<&Type<'a>>,
) -> Option<Mismatch> {
    if kinds.is_never() {
        return None;
    }
    if !kinds.meets(wanted) {
        let what = if kinds.within(Kinds::NOT_POSITIVE) && wanted.meets(Kinds::INT) {
            "an int of 0 or less".to_owned()
        } else {
            kinds.brief()
        };
        let label = format!("this is {what}");
        let help = advice(e, kinds, wanted, checker.names);
        return Some(Mismatch { span: e.span, what, label, help });
    }
    let ty = ty?;
    if may_be(checker, e, kinds, ty) {
        return None;
    }
    Some(list_mismatch(checker, e, ty))
}

/// Whether a value may be of a type, as far as it shows.
fn may_be<'a>(checker: &Checker<'a, '_>, e: &Expr<'a>, kinds: Kinds, ty: &Type<'a>) -> bool {
    match (ty.kind, e.kind) {
        (TypeKind::Union(parts), _) => parts.iter().any(|part| may_be(checker, e, kinds, part)),
        (TypeKind::ListOf(parts), ExprKind::List(items)) => {
            parts.len() == items.len()
                && items
                    .iter()
                    .zip(parts)
                    .all(|(item, part)| may_be(checker, item, shown(checker, item), part))
        }
        _ => kinds.is_never() || kinds.meets(Kinds::of_type(ty)),
    }
}

/// The kinds of an entry that was looked at already, as far as they show at once.
fn shown(checker: &Checker<'_, '_>, e: &Expr<'_>) -> Kinds {
    match &e.kind {
        ExprKind::Lit(lit) => Kinds::of_lit(lit),
        ExprKind::Neg(Expr { kind: ExprKind::Lit(Lit::Int(_)), .. }) => Kinds::NOT_POSITIVE,
        ExprKind::Neg(Expr { kind: ExprKind::Lit(Lit::Float(_)), .. }) => Kinds::FLOAT,
        ExprKind::Var(var) => checker.var(*var),
        ExprKind::List(_) => Kinds::LIST,
        ExprKind::Map(_) => Kinds::MAP,
        ExprKind::Set(_) => Kinds::SET,
        ExprKind::Text(_) => Kinds::STRING,
        ExprKind::Lambda(_) | ExprKind::Function { .. } | ExprKind::Capture { .. } => {
            Kinds::FUNCTION
        }
        _ => Kinds::ANY,
    }
}

/// A list literal that a type does not take.
fn list_mismatch<'a>(checker: &Checker<'a, '_>, e: &Expr<'a>, ty: &Type<'a>) -> Mismatch {
    let (ExprKind::List(items), TypeKind::ListOf(parts)) = (e.kind, ty.kind) else {
        let what = "a list of other entries".to_owned();
        return Mismatch { span: e.span, label: format!("this is {what}"), what, help: None };
    };
    if items.len() != parts.len() {
        let entries = if items.len() == 1 { "entry" } else { "entries" };
        let what = format!("a list of {} {entries}", items.len());
        return Mismatch { span: e.span, label: format!("this is {what}"), what, help: None };
    }
    let wrong = items
        .iter()
        .zip(parts)
        .position(|(item, part)| !may_be(checker, item, shown(checker, item), part))
        .unwrap_or(0);
    let (item, part) = (&items[wrong], &parts[wrong]);
    let kinds = shown(checker, item);
    let (at, is) = (wrong + 1, kinds.brief());
    Mismatch {
        span: item.span,
        what: format!("a list whose entry {at} is {is}"),
        label: format!("this is {is}, but {} is declared", type_text(part)),
        help: advice(item, kinds, Kinds::of_type(part), checker.names),
    }
}

/// How what was probably meant is written.
fn advice(e: &Expr<'_>, kinds: Kinds, wanted: Kinds, names: &Names) -> Option<String> {
    let lit = match e.kind {
        ExprKind::Lit(lit) => Some(lit),
        _ => None,
    };
    match lit {
        Some(Lit::Str(text)) if wanted.meets(Kinds::INT) && text.parse::<i64>().is_ok() => {
            return Some(format!("write `{text}` without quotes for a number"));
        }
        Some(Lit::Str(text)) if wanted.meets(Kinds::SYMBOL) && is_name(text) => {
            return Some(format!("`:{text}` is a symbol"));
        }
        Some(Lit::Symbol(name)) if wanted.meets(Kinds::STRING) => {
            return Some(format!("{:?} is a string", names.text(name)));
        }
        Some(Lit::Int(n)) if wanted.meets(Kinds::FLOAT) && !wanted.meets(Kinds::INT) => {
            return Some(format!("`{n}.0` is a float"));
        }
        _ => {}
    }
    let text = if kinds.within(Kinds::STRING) && wanted.meets(Kinds::INT) {
        "`String.to_int` reads an int from text"
    } else if kinds.within(Kinds::STRING) && wanted.meets(Kinds::FLOAT) {
        "`String.to_float` reads a float from text"
    } else if kinds.within(Kinds::FLOAT) && wanted.meets(Kinds::INT) {
        "`Math.round`, `Math.floor` and `Math.trunc` lead from floats to whole numbers"
    } else if kinds.within(Kinds::NUMBER) && wanted.meets(Kinds::STRING) {
        "f\"{x}\" is x as text"
    } else if kinds.within(Kinds::NIL) {
        "write `| nil` behind the type where nil may come"
    } else if kinds.within(Kinds::ALL_VECTORS) && wanted.meets(Kinds::LIST) {
        "lists are written in braces: `{a, b}`"
    } else if kinds.within(Kinds::LIST) && wanted.meets(Kinds::ALL_VECTORS) {
        "vectors are written in brackets: `[a, b]`"
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// Whether text can stand behind the `:` of a symbol.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
