//! Arguments of natives: taking them as what they must be, and the errors that name function,
//! argument, what was expected and what came.
//!
//! In: a value. Out: its Rust form, or the exception to raise: `:type_error` for a value of another
//! type, `:argument_error` for one that does not make sense there.

use super::seq::Seq;
use rata_vm::data::int;
use rata_vm::data::map::MapRef;
use rata_vm::data::set::SetRef;
use rata_vm::data::vector::VecRef;
use rata_vm::inspect::inspect_to;
use rata_vm::native::{Cx, Native};
use rata_vm::value::Value;

/// What a native answers; `Err` is raised.
pub type Answer<'h> = Result<Native<'h>, Value<'h>>;

/// What a native's Rust function may return.
pub trait Reply<'h> {
    /// As the interpreter takes it.
    fn native(self) -> Native<'h>;
}

impl<'h> Reply<'h> for Result<Value<'h>, Value<'h>> {
    #[inline(always)]
    fn native(self) -> Native<'h> {
        match self {
            Ok(value) => Native::Value(value),
            Err(raised) => Native::Raise(raised),
        }
    }
}

impl<'h> Reply<'h> for Answer<'h> {
    #[inline(always)]
    fn native(self) -> Native<'h> {
        self.unwrap_or_else(Native::Raise)
    }
}

impl<'h> Reply<'h> for Native<'h> {
    #[inline(always)]
    fn native(self) -> Native<'h> {
        self
    }
}

/// The answer that is this value.
pub fn value<'h>(value: Value<'h>) -> Answer<'h> {
    Ok(Native::Value(value))
}

/// The name of the function that a native works for.
pub fn asker<'h>(function: Value<'h>) -> &'h str {
    function.as_str().unwrap_or_default()
}

/// How many bytes of a value a message shows.
const SHOWN: usize = 60;

/// The start of a value as source, for messages.
pub fn shown(value: Value<'_>) -> String {
    let mut text = String::new();
    if !inspect_to(value, &mut text, SHOWN) {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push('…');
    }
    text
}

/// An argument of a function, by their names: what errors speak of.
#[derive(Clone, Copy, Debug)]
pub struct Arg(pub &'static str, pub &'static str);

impl Arg {
    /// The `:type_error` for a value that is not what was expected.
    #[cold]
    pub fn wrong<'h>(self, cx: &Cx<'h, '_>, expected: &str, got: Value<'h>) -> Value<'h> {
        let Arg(function, name) = self;
        let what = match got.is_nil() {
            true => "nil".to_owned(),
            false => format!("the {} {}", got.type_of().text(), shown(got)),
        };
        cx.type_error(&format!("{function}: {name} must be {expected}, not {what}"))
    }

    /// The `:argument_error` for a value that makes no sense here.
    #[cold]
    pub fn bad<'h>(self, cx: &Cx<'h, '_>, expected: &str, got: Value<'h>) -> Value<'h> {
        let Arg(function, name) = self;
        let text = format!("{name} must be {expected}, not {}", shown(got));
        cx.argument_error(function, &text)
    }

    /// The `:value_error` for a result that would be too large.
    #[cold]
    pub fn too_large<'h>(self, cx: &Cx<'h, '_>) -> Value<'h> {
        cx.value_error(&format!("{}: the result would be too large", self.0))
    }

    /// A vector, or a value that counts as one.
    pub fn vec<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<VecRef<'h>, Value<'h>> {
        VecRef::of(v).ok_or_else(|| self.wrong(cx, "a vector", v))
    }

    /// A vector or a list.
    pub fn seq<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<Seq<'h>, Value<'h>> {
        Seq::of(v).ok_or_else(|| self.wrong(cx, "a vector or a list", v))
    }

    /// A vector, as a sequence.
    pub fn vec_seq<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<Seq<'h>, Value<'h>> {
        self.vec(cx, v).map(Seq::Vec)
    }

    /// A list.
    pub fn list<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<&'h [Value<'h>], Value<'h>> {
        v.as_list().ok_or_else(|| self.wrong(cx, "a list", v))
    }

    /// A list, as a sequence.
    pub fn list_seq<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<Seq<'h>, Value<'h>> {
        self.list(cx, v).map(|entries| Seq::List(v, entries))
    }

    /// A map.
    pub fn map<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<MapRef<'h>, Value<'h>> {
        v.as_map().ok_or_else(|| self.wrong(cx, "a map", v))
    }

    /// A set.
    pub fn set<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<SetRef<'h>, Value<'h>> {
        v.as_set().ok_or_else(|| self.wrong(cx, "a set", v))
    }

    /// A string.
    pub fn text<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<&'h str, Value<'h>> {
        v.as_str().ok_or_else(|| self.wrong(cx, "a string", v))
    }

    /// An int of at most 63 bits; larger ones are taken as the largest.
    pub fn int<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<i64, Value<'h>> {
        if let Some(n) = v.as_small() {
            return Ok(n);
        }
        match int::Int::of(v) {
            Some(n) => {
                let negative = n.into_big().sign() == num_bigint::Sign::Minus;
                Ok(if negative { i64::MIN } else { i64::MAX })
            }
            None => Err(self.wrong(cx, "an int", v)),
        }
    }

    /// How many of something: an int of at least 0.
    pub fn count<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<usize, Value<'h>> {
        match usize::try_from(self.int(cx, v)?) {
            Ok(n) => Ok(n),
            Err(_) => Err(self.bad(cx, "at least 0", v)),
        }
    }

    /// A position: an int other than 0.
    pub fn position<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<i64, Value<'h>> {
        self.int(cx, v)
    }

    /// A number, as a float.
    pub fn float<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<f64, Value<'h>> {
        int::to_f64(v).ok_or_else(|| self.wrong(cx, "a number", v))
    }

    /// A bool.
    pub fn bool<'h>(self, cx: &Cx<'h, '_>, v: Value<'h>) -> Result<bool, Value<'h>> {
        v.as_bool().ok_or_else(|| self.wrong(cx, "true or false", v))
    }
}
