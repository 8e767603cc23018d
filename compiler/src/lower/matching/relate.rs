//! What a test tells about another one of the same value.

use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use super::Ask;
use crate::ir::pool::Consts;

/// What is known of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// It passes.
    Yes,
    /// It fails.
    No,
    /// Nothing.
    Open,
}

fn known(yes: bool) -> Known {
    if yes { Known::Yes } else { Known::No }
}

/// `No` or nothing.
fn excluded(no: bool) -> Known {
    if no { Known::No } else { Known::Open }
}

/// What is known of `other` once `asked` passed.
pub(super) fn when_passed(asked: &Ask<'_>, other: &Ask<'_>, consts: &Consts) -> Known {
    use Ask::*;
    match (*asked, *other) {
        (Const(a), Const(b)) => known(a == b),
        (Const(a), Prefix(b, _)) => excluded(!begins(a, b, consts)),
        (Prefix(a, _), Const(b)) => excluded(!begins(b, a, consts)),
        (Prefix(a, _), Prefix(b, _)) => {
            if a == b {
                Known::Yes
            } else {
                excluded(!begins(a, b, consts) && !begins(b, a, consts))
            }
        }
        (List(a), List(b)) => known(a.len() == b.len()),
        (Vector(a), Vector(b)) => known(a.len() == b.len()),
        (Vector(a), Longer(b, _)) => known(a.len() >= b.len()),
        (Longer(a, _), Vector(b)) => excluded(b.len() < a.len()),
        (Longer(a, _), Longer(b, _)) => {
            if b.len() <= a.len() {
                Known::Yes
            } else {
                Known::Open
            }
        }
        // one entry that is no collection: it may be both
        (Const(_) | Prefix(..), Vector(items)) | (Vector(items), Const(_) | Prefix(..)) => {
            excluded(items.len() != 1)
        }
        (Const(_) | Prefix(..), Longer(items, _)) | (Longer(items, _), Const(_) | Prefix(..)) => {
            excluded(items.len() > 1)
        }
        (Map | Key(..) | KeyAt(..), Map) => Known::Yes,
        (Key(a, _), Key(b, _)) if a == b => Known::Yes,
        // a computed key is known to be the same only to the very same test
        (KeyAt(_, a, _), KeyAt(_, b, _)) if a == b => Known::Yes,
        (Map | Key(..) | KeyAt(..), Key(..) | KeyAt(..)) => Known::Open,
        (List(_) | Map | Key(..) | KeyAt(..), _) | (_, List(_) | Map | Key(..) | KeyAt(..)) => {
            Known::No
        }
    }
}

/// What is known of `other` once `asked` failed.
pub(super) fn when_failed(asked: &Ask<'_>, other: &Ask<'_>, consts: &Consts) -> Known {
    use Ask::*;
    match (*asked, *other) {
        (Const(a), Const(b)) => excluded(a == b),
        (Prefix(a, _), Const(b)) => excluded(begins(b, a, consts)),
        (Prefix(a, _), Prefix(b, _)) => excluded(begins(b, a, consts)),
        (List(a), List(b)) => excluded(a.len() == b.len()),
        (Vector(a), Vector(b)) => excluded(a.len() == b.len()),
        (Longer(a, _), Vector(b)) => excluded(b.len() >= a.len()),
        (Longer(a, _), Longer(b, _)) => excluded(b.len() >= a.len()),
        (Map, Map | Key(..) | KeyAt(..)) => Known::No,
        (Key(a, _), Key(b, _)) => excluded(a == b),
        (KeyAt(_, a, _), KeyAt(_, b, _)) => excluded(a == b),
        _ => Known::Open,
    }
}

/// Whether `text` is a string that begins with string `prefix`.
fn begins(text: ConstId, prefix: ConstId, consts: &Consts) -> bool {
    match (consts.get(text), consts.get(prefix)) {
        (Const::Str(text), Const::Str(prefix)) => text.starts_with(prefix.as_str()),
        _ => false,
    }
}
