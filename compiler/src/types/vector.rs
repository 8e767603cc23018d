//! Vector literals: entries that can never be of one type.

use super::Checker;
use super::kinds::Kinds;
use crate::diagnostics::Diagnostic;
use crate::hir::{Expr, ExprKind};
use crate::span::Span;

/// Kinds that may stand in one vector; ints and floats mix.
const CLASSES: &[Kinds] = &[
    Kinds::NUMBER,
    Kinds::BOOL,
    Kinds::STRING,
    Kinds::SYMBOL,
    Kinds::FUNCTION,
    Kinds::PID,
    Kinds::REF,
    Kinds::MODULE,
    Kinds::EXCEPTION,
    Kinds::LIST,
    Kinds::MAP,
    Kinds::SET,
    Kinds::TABLE,
];
/// The class of vectors: beside one, what is no collection counts as a vector with one entry.
const VECTOR: u32 = 1 << 31;

/// The classes that an entry may be of.
fn classes(kinds: Kinds) -> u32 {
    if kinds.meets(Kinds::NIL) {
        return u32::MAX;
    }
    let mut found = 0;
    for (bit, class) in CLASSES.iter().enumerate() {
        if kinds.meets(*class) {
            found |= 1 << bit;
        }
    }
    if kinds.meets(Kinds::ANY - Kinds::OTHER_COLLECTIONS) {
        found |= VECTOR;
    }
    found
}

/// An entry to be told of.
#[derive(Clone, Copy)]
struct Entry {
    span: Span,
    kinds: Kinds,
    /// Whether the literal itself shows the kinds.
    shows: bool,
}

/// The entries seen so far.
#[derive(Default)]
struct Entries {
    /// The classes that all of them may be of.
    common: u32,
    /// Whether one of them may be a vector.
    vectors: bool,
    /// The first that is not nil.
    first: Option<Entry>,
    /// The one that does not go with those before, and the one that does not unless they stand for
    /// vectors of one entry.
    odd: Option<Entry>,
    odd_beside_vectors: Option<Entry>,
    /// The kinds of all.
    all: Kinds,
    /// One of them must be a float, or a vector.
    float: bool,
    nested: bool,
}

impl Entries {
    fn add(&mut self, e: &Expr<'_>, kinds: Kinds) {
        let entry = Entry { span: e.span, kinds, shows: shows(e) };
        if kinds.is_never() {
            self.common = u32::MAX;
            self.vectors = true;
            return;
        }
        self.all |= kinds;
        self.vectors |= kinds.meets(Kinds::ALL_VECTORS);
        self.float |= kinds.within(Kinds::FLOAT);
        self.nested |= kinds.within(Kinds::ALL_VECTORS);
        let before = self.common;
        self.common &= classes(kinds);
        if before != 0 && self.common == 0 {
            self.odd = Some(entry);
        }
        if before & !VECTOR != 0 && self.common & !VECTOR == 0 {
            self.odd_beside_vectors = Some(entry);
        }
        if self.first.is_none() && !kinds.meets(Kinds::NIL) {
            self.first = Some(entry);
        }
    }

    /// The entries that can never stand in one vector: the first, and the one that does not fit.
    fn mixed(&self) -> Option<(Entry, Entry)> {
        let fits = self.common & !VECTOR != 0 || self.common & VECTOR != 0 && self.vectors;
        if fits { None } else { Some((self.first?, self.odd.or(self.odd_beside_vectors)?)) }
    }

    /// A vector of these entries, two or more.
    fn several(&self) -> Kinds {
        if self.nested {
            return Kinds::NESTED;
        }
        let entries = if self.float { self.all - Kinds::INT } else { self.all };
        entries.vectors()
    }
}

/// `[x]`
fn single(kinds: Kinds) -> Kinds {
    let collections = kinds & (Kinds::OTHER_COLLECTIONS | Kinds::ALL_VECTORS);
    (kinds & (Kinds::SCALARS - Kinds::OTHER_COLLECTIONS)) | collections.vectors()
}

impl<'a> Checker<'a, '_> {
    pub(super) fn vector(&mut self, items: &'a [Expr<'a>], tail: Option<&'a Expr<'a>>) -> Kinds {
        let mut entries = Entries { common: u32::MAX, ..Entries::default() };
        for item in items {
            let kinds = self.value(item, false);
            entries.add(item, kinds);
        }
        let only = items.len() == 1;
        let alone = entries.all;
        let Some(tail) = tail else {
            if self.is_mixed(&entries) {
                return Kinds::NEVER;
            }
            return match items.len() {
                0 => Kinds::EMPTY,
                1 => single(alone),
                _ => entries.several(),
            };
        };
        let rest = self.value(tail, false);
        if items.is_empty() || rest.is_never() {
            return rest;
        }
        if rest.within(Kinds::OTHER_COLLECTIONS) {
            self.report(|me| {
                let what = rest.brief();
                let message = format!("what follows `|` must be a vector, not {what}");
                Diagnostic::error("E0401", me.module.file, tail.span, message)
                    .label(format!("this is {what}"))
            });
            return Kinds::NEVER;
        }
        if rest.meets(Kinds::EMPTY | Kinds::NESTED) {
            // Nothing is known of its entries, and there may be none.
            self.is_mixed(&entries);
            let kinds = alone.vectors() | rest | rest.vectors() | Kinds::NESTED;
            return if only { kinds | single(alone) } else { kinds };
        }
        let inner = (rest & (Kinds::SCALARS - Kinds::OTHER_COLLECTIONS)) | rest.entries();
        entries.add(tail, inner);
        if self.is_mixed(&entries) { Kinds::NEVER } else { entries.several() }
    }

    fn is_mixed(&mut self, entries: &Entries) -> bool {
        let Some((first, odd)) = entries.mixed() else { return false };
        // A literal that can never be made is wrong wherever it stands.
        if self.quiet > 0 && !(first.shows && odd.shows) {
            return true;
        }
        let (is, other) = (first.kinds.brief(), odd.kinds.brief());
        let message = format!("a vector holds one type, but here {other} joins {is}");
        self.diagnostics.push(
            Diagnostic::error("E0402", self.module.file, odd.span, message)
                .label(format!("this is {other}"))
                .also(first.span, format!("this is {is}"))
                .help("write a list for entries of different types: {…}"),
        );
        true
    }
}

/// Whether an expression shows its kind by how it is written.
fn shows(e: &Expr<'_>) -> bool {
    match e.kind {
        ExprKind::Neg(operand) => matches!(operand.kind, ExprKind::Lit(_)),
        ExprKind::Lit(_)
        | ExprKind::Vector { .. }
        | ExprKind::List(_)
        | ExprKind::Map(_)
        | ExprKind::Set(_)
        | ExprKind::Text(_)
        | ExprKind::Lambda(_)
        | ExprKind::Function { .. }
        | ExprKind::Capture { .. } => true,
        _ => false,
    }
}
