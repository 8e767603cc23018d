//! Operators: the kinds of operands that each takes, and those of what it gives.

use super::Checker;
use super::kinds::Kinds;
use crate::diagnostics::Diagnostic;
use crate::hir::{Arith, Cmp, Expr, ExprKind};
use crate::names::Name;

/// Numbers, alone and in vectors; nil stays nil anywhere. What stands in nested vectors is not
/// looked at.
const NUMBERS: Kinds = NUMBER.or(NUMBER.vectors()).or(Kinds::EMPTY).or(Kinds::NESTED);
const NUMBER: Kinds = Kinds::NUMBER.or(Kinds::NIL);
const STRINGS: Kinds = STRING.or(STRING.vectors()).or(Kinds::EMPTY).or(Kinds::NESTED);
const STRING: Kinds = Kinds::STRING.or(Kinds::NIL);
/// What can be no position.
const NO_POSITION: Kinds = Kinds::STRING
    .or(Kinds::SYMBOL)
    .or(Kinds::FUNCTION)
    .or(Kinds::MODULE)
    .or(Kinds::OTHER_COLLECTIONS)
    .or(Kinds::STRING.vectors())
    .or(Kinds::SYMBOL.vectors());
/// What has no fields.
const NO_FIELDS: Kinds = Kinds::NUMBER
    .or(Kinds::BOOL)
    .or(Kinds::STRING)
    .or(Kinds::SYMBOL)
    .or(Kinds::NIL)
    .or(Kinds::FUNCTION)
    .or(Kinds::LIST)
    .or(Kinds::SET)
    .or(Kinds::EMPTY)
    .or(NUMBER.or(Kinds::STRING).or(Kinds::SYMBOL).or(Kinds::BOOL).vectors());

impl<'a> Checker<'a, '_> {
    pub(super) fn arithmetic(&mut self, op: Arith, left: &Expr<'a>, right: &Expr<'a>) -> Kinds {
        let l = self.value(left, false);
        let r = self.value(right, false);
        let joins = op == Arith::Add;
        if !self.fit(arith_text(op), joins, (left, l), (right, r)) {
            return Kinds::NEVER;
        }
        let mut entries = Kinds::NEVER;
        if l.meets(NUMBERS) && r.meets(NUMBERS) {
            entries |= number_of(op, each(l), each(r));
        }
        if joins && l.meets(STRINGS) && r.meets(STRINGS) {
            entries |= Kinds::STRING;
        }
        entry_by_entry(l, r, entries)
    }

    pub(super) fn comparison(&mut self, op: Cmp, left: &Expr<'a>, right: &Expr<'a>) -> Kinds {
        let l = self.value(left, false);
        let r = self.value(right, false);
        let text = match op {
            Cmp::Eq | Cmp::Ne => return Kinds::BOOL,
            Cmp::Lt => "<",
            Cmp::Le => "<=",
            Cmp::Gt => ">",
            Cmp::Ge => ">=",
        };
        if !self.fit(text, true, (left, l), (right, r)) {
            return Kinds::NEVER;
        }
        entry_by_entry(l, r, Kinds::BOOL)
    }

    pub(super) fn negation(&mut self, operand: &Expr<'a>) -> Kinds {
        let kinds = self.value(operand, false);
        if kinds.is_never() || kinds.meets(NUMBERS) {
            if matches!(operand.kind, ExprKind::Lit(_)) && kinds.within(Kinds::INT) {
                return Kinds::NOT_POSITIVE; // there are no negative literals
            }
            let numbers = kinds & NUMBERS;
            // The sign turns: an int may be of either now.
            return match numbers.meets(Kinds::INT.or(Kinds::INT.vectors())) {
                true => numbers | numbers_alike(numbers),
                false => numbers,
            };
        }
        self.report(|me| {
            let what = kinds.brief();
            let message = format!("`-` takes numbers, not {what}");
            Diagnostic::error("E0403", me.module.file, operand.span, message)
                .label(format!("this is {what}"))
        });
        Kinds::NEVER
    }

    pub(super) fn range(&mut self, left: &Expr<'a>, right: &Expr<'a>) -> Kinds {
        let ends = [left, right].map(|e| (e, self.value(e, false)));
        for (e, kinds) in ends {
            if kinds.is_never() {
                return Kinds::NEVER;
            }
            if !kinds.meets(Kinds::INT) {
                self.report(|me| {
                    let what = kinds.brief();
                    let message = format!("`..` takes ints, not {what}");
                    Diagnostic::error("E0403", me.module.file, e.span, message)
                        .label(format!("this is {what}"))
                });
                return Kinds::NEVER;
            }
        }
        Kinds::INT | Kinds::INT.vectors() | Kinds::EMPTY
    }

    pub(super) fn index(&mut self, object: &Expr<'a>, index: &Expr<'a>) -> Kinds {
        let kinds = self.value(object, false);
        let at = self.value(index, false);
        if kinds.within(Kinds::SET) {
            self.report(|me| {
                let message = "a set has no positions to index";
                Diagnostic::error("E0403", me.module.file, object.span, message)
                    .label("this is a set")
                    .help("`Set.member?(s, x)` tells whether x is in it")
            });
            return Kinds::NEVER;
        }
        let positions = Kinds::ANY - Kinds::MAP - Kinds::TABLE - Kinds::SET;
        if kinds.within(positions) && at.within(NO_POSITION) {
            self.report(|me| {
                let (object_is, what) = (kinds.brief(), at.brief());
                let message = format!("a position is an int or a vector of ints, not {what}");
                Diagnostic::error("E0403", me.module.file, index.span, message)
                    .label(format!("this is {what}"))
                    .also(object.span, format!("this is {object_is}: only maps have other keys"))
            });
            return Kinds::NEVER;
        }
        Kinds::ANY
    }

    pub(super) fn field(&mut self, object: &Expr<'a>, name: Name) -> Kinds {
        let kinds = self.value(object, false);
        if self.has_no_fields(object, kinds, name) { Kinds::NEVER } else { Kinds::ANY }
    }

    /// Reports a field of what has none.
    pub(super) fn has_no_fields(&mut self, object: &Expr<'a>, kinds: Kinds, name: Name) -> bool {
        if !kinds.within(NO_FIELDS) {
            return false;
        }
        self.report(|me| {
            let (what, name) = (kinds.brief(), me.names.text(name));
            let message = format!("`.{name}` needs a map or a module, not {what}");
            Diagnostic::error("E0403", me.module.file, object.span, message)
                .label(format!("this is {what}"))
        });
        true
    }

    /// Whether there may be operands of these kinds that go together; reports when not.
    fn fit(
        &mut self,
        op: &str,
        strings: bool,
        (left, l): (&Expr<'a>, Kinds),
        (right, r): (&Expr<'a>, Kinds),
    ) -> bool {
        if l.is_never() || r.is_never() {
            return false;
        }
        if l.meets(NUMBERS) && r.meets(NUMBERS) || strings && l.meets(STRINGS) && r.meets(STRINGS) {
            return true;
        }
        let taken = if strings { NUMBERS | STRINGS } else { NUMBERS };
        self.report(|me| {
            let file = me.module.file;
            let (l_is, r_is) = (l.brief(), r.brief());
            let takes = match (strings, op) {
                (false, _) => "takes numbers",
                (_, "+") => "adds numbers or joins strings",
                _ => "compares numbers or strings",
            };
            let diagnostic = if l.meets(taken) && r.meets(taken) {
                let message = format!("`{op}` {takes}, not {l_is} and {r_is}");
                Diagnostic::error("E0403", file, right.span, message)
                    .label(format!("this is {r_is}"))
                    .also(left.span, format!("this is {l_is}"))
            } else {
                let (wrong, what) = if l.meets(taken) { (right, r_is) } else { (left, l_is) };
                let message = format!("`{op}` {takes}, not {what}");
                Diagnostic::error("E0403", file, wrong.span, message)
                    .label(format!("this is {what}"))
            };
            advice(op, l, r).into_iter().fold(diagnostic, Diagnostic::help)
        });
        false
    }
}

/// What was probably meant.
fn advice(op: &str, l: Kinds, r: Kinds) -> Option<&'static str> {
    let both = |kinds: Kinds| l.within(kinds) && r.within(kinds);
    let either = |kinds: Kinds| l.within(kinds) || r.within(kinds);
    Some(match op {
        "+" if both(Kinds::LIST) => "`List.concat` puts lists together",
        "+" if both(Kinds::MAP) => "`Maps.merge` puts maps together",
        "+" if both(Kinds::SET) => "`Set.union` puts sets together",
        "+" if either(Kinds::STRING) => "f\"{a}{b}\" joins values of any type as text",
        "+" if both(Kinds::ALL_VECTORS) => "`Vector.concat` puts vectors together",
        "*" if either(Kinds::STRING) => "`String.repeat` repeats a string",
        "<" | "<=" | ">" | ">=" => "`compare(a, b)` orders any two values: -1, 0 or 1",
        _ => return None,
    })
}

/// The kinds of the single entries that an operator sees.
fn each(kinds: Kinds) -> Kinds {
    (kinds & Kinds::SCALARS) | kinds.entries()
}

/// What arithmetic makes of two numbers.
fn number_of(op: Arith, l: Kinds, r: Kinds) -> Kinds {
    let mut made = Kinds::NEVER;
    if l.meets(Kinds::INT) && r.meets(Kinds::INT) {
        made |= match op {
            Arith::Div => Kinds::FLOAT,
            Arith::Pow => Kinds::NUMBER,
            _ => Kinds::INT,
        };
    }
    if l.meets(Kinds::FLOAT) || r.meets(Kinds::FLOAT) {
        made |= Kinds::FLOAT;
    }
    made
}

/// What an elementwise operator gives when it makes `entries` of two single values.
fn entry_by_entry(l: Kinds, r: Kinds, entries: Kinds) -> Kinds {
    let entries = if (l | r).meets(Kinds::NIL) || (l | r).meets(Kinds::ALL_VECTORS) {
        entries | Kinds::NIL
    } else {
        entries
    };
    let mut kinds = Kinds::NEVER;
    if l.meets(Kinds::SCALARS) && r.meets(Kinds::SCALARS) {
        kinds |= entries;
    }
    if (l | r).meets(Kinds::ALL_VECTORS) {
        kinds |= entries.vectors() | Kinds::EMPTY;
    }
    if (l | r).meets(Kinds::NESTED) {
        kinds |= entries | Kinds::NESTED;
    }
    kinds
}

/// Ints of either sign, alone or in vectors, where there are ints.
fn numbers_alike(kinds: Kinds) -> Kinds {
    let mut made = Kinds::NEVER;
    if kinds.meets(Kinds::INT) {
        made |= Kinds::INT;
    }
    if kinds.meets(Kinds::INT.vectors()) {
        made |= Kinds::INT.vectors();
    }
    made
}

fn arith_text(op: Arith) -> &'static str {
    match op {
        Arith::Add => "+",
        Arith::Sub => "-",
        Arith::Mul => "*",
        Arith::Div => "/",
        Arith::Mod => "%%",
        Arith::IntDiv => "%/%",
        Arith::Pow => "^",
    }
}
