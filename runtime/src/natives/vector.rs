//! Natives of Vector. What is not particular to vectors lies in `ops`.

use super::ops::{keyed, numbers, order, shape};
use super::support::{Answer, Arg, Collector, Roots, Seq, Steps, fold, run, value};
use rata_vm::data::vector::{self, Replaced, VecBuilder, index_of};
use rata_vm::native::Cx;
use rata_vm::value::{Kind, Value, Word};
use std::cmp::Ordering;

/// Vectors of one value are made at once up to so many bytes, others in steps.
const FILLED_AT_ONCE: usize = 1 << 20;

/// Natives that take a vector and nothing else: name, function, what is done.
macro_rules! of_vector {
    ($($(#[$doc:meta])* $name:ident $function:literal |$cx:ident, $v:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>($cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
            let $v = Arg($function, "v").vec_seq($cx, v)?;
            $body
        }
    )* };
}

of_vector! {
    /// `length(v)`
    vector_length "Vector.length" |_cx, v| value(Value::count(v.len()));
    /// `is_empty(v)`
    vector_is_empty "Vector.is_empty" |_cx, v| value(Value::bool(v.is_empty()));
    /// `first(v)`, nil if there is none.
    vector_first "Vector.first" |cx, v| value(v.get(cx.heap(), 0).unwrap_or(Value::NIL));
    /// `last(v)`, nil if there is none.
    vector_last "Vector.last" |cx, v| value(last(cx, v));
    /// `rest(v)`
    vector_rest "Vector.rest" |cx, v| value(v.part(cx.heap(), 1, usize::MAX));
    /// `reverse(v)`
    vector_reverse "Vector.reverse" |cx, v| shape::reverse(cx, v);
    /// `unique(v)`
    vector_unique "Vector.unique" |cx, v| keyed::unique(cx, v);
    /// `sum(v)`
    vector_sum "Vector.sum" |cx, v| numbers::sum(cx, Arg("Vector.sum", "v"), v);
    /// `product(v)`
    vector_product "Vector.product" |cx, v| numbers::product(cx, Arg("Vector.product", "v"), v);
    /// `min(v)`
    vector_min "Vector.min" |cx, v| numbers::extreme(cx, v, Ordering::Less);
    /// `max(v)`
    vector_max "Vector.max" |cx, v| numbers::extreme(cx, v, Ordering::Greater);
    /// `cumsum(v)`
    vector_cumsum "Vector.cumsum" |cx, v| numbers::running(cx, Arg("Vector.cumsum", "v"), v, true);
    /// `cumprod(v)`
    vector_cumprod "Vector.cumprod" |cx, v| {
        numbers::running(cx, Arg("Vector.cumprod", "v"), v, false)
    };
    /// `rank(v)`
    vector_rank "Vector.rank" |cx, v| order::rank(cx, v);
}

/// The last entry, nil if there is none.
pub fn last<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>) -> Value<'h> {
    let index = seq.len().wrapping_sub(1);
    seq.get(cx.heap(), index).unwrap_or(Value::NIL)
}

/// The entry at a position, or a default.
pub fn entry_or<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    seq: Seq<'h>,
    position: Value<'h>,
    default: Value<'h>,
) -> Answer<'h> {
    let n = Arg(function, "index").int(cx, position)?;
    value(index_of(n, seq.len()).and_then(|i| seq.get(cx.heap(), i)).unwrap_or(default))
}

/// Whether to sort in descending order, by the argument `order`.
pub fn is_descending<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    order: Value<'h>,
) -> Result<bool, Value<'h>> {
    match order.as_symbol().map(|s| s.text()).as_deref() {
        Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        _ => Err(Arg(function, "order").bad(cx, ":asc or :desc", order)),
    }
}

/// `type(v)`: the type of the entries; nil for `[]`.
pub fn vector_type<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let vec = Arg("Vector.type", "v").vec(cx, v)?;
    let kind = vec.kind();
    value(if kind == Kind::Empty { Value::NIL } else { Value::symbol(kind.name()) })
}

/// `get(v, index, default)`
pub fn vector_get<'h>(cx: &mut Cx<'h, '_>, [v, index, default]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = Arg("Vector.get", "v").vec_seq(cx, v)?;
    entry_or(cx, "Vector.get", seq, index, default)
}

/// `head(v, n)`: the first entry if n is nil, else the first n.
pub fn vector_head<'h>(cx: &mut Cx<'h, '_>, [v, n]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.head", "v").vec_seq(cx, v)?;
    if n.is_nil() {
        return value(seq.get(cx.heap(), 0).unwrap_or(Value::NIL));
    }
    let n = Arg("Vector.head", "n").int(cx, n)?;
    value(shape::take_first(cx, seq, n))
}

/// `tail(v, n)`: all but the first if n is nil, else the last n.
pub fn vector_tail<'h>(cx: &mut Cx<'h, '_>, [v, n]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.tail", "v").vec_seq(cx, v)?;
    if n.is_nil() {
        return value(seq.part(cx.heap(), 1, usize::MAX));
    }
    let n = Arg("Vector.tail", "n").int(cx, n)?;
    value(shape::take_last(cx, seq, n))
}

/// `slice(v, start, count)`
pub fn vector_slice<'h>(cx: &mut Cx<'h, '_>, [v, start, count]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = Arg("Vector.slice", "v").vec_seq(cx, v)?;
    shape::slice(cx, "Vector.slice", seq, start, count)
}

/// `append(v, x)`
pub fn vector_append<'h>(cx: &mut Cx<'h, '_>, [v, x]: [Value<'h>; 2]) -> Answer<'h> {
    let grown = vector::append(cx.heap(), v, x);
    value(grown.map_err(|error| shape::vector_error(cx, "Vector.append", error))?)
}

/// `prepend(v, x)`
pub fn vector_prepend<'h>(cx: &mut Cx<'h, '_>, [v, x]: [Value<'h>; 2]) -> Answer<'h> {
    let grown = vector::prepend(cx.heap(), x, v);
    value(grown.map_err(|error| shape::vector_error(cx, "Vector.prepend", error))?)
}

/// `concat(a, b)`
pub fn vector_concat<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let left = Arg("Vector.concat", "a").vec_seq(cx, a)?;
    let right = Arg("Vector.concat", "b").vec_seq(cx, b)?;
    value(shape::concat(cx, "Vector.concat", left, right)?)
}

/// `sort(v, order)`
pub fn vector_sort<'h>(cx: &mut Cx<'h, '_>, [v, order]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.sort", "v").vec_seq(cx, v)?;
    let descending = is_descending(cx, "Vector.sort", order)?;
    order::sort(cx, seq, descending)
}

/// `order(v, order)`
pub fn vector_order<'h>(cx: &mut Cx<'h, '_>, [v, order]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.order", "v").vec_seq(cx, v)?;
    let descending = is_descending(cx, "Vector.order", order)?;
    order::positions(cx, seq, descending)
}

/// `zip(a, b)`
pub fn vector_zip<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let left = Arg("Vector.zip", "a").vec_seq(cx, a)?;
    let right = Arg("Vector.zip", "b").vec_seq(cx, b)?;
    shape::zip(cx, left, right)
}

/// `chunk_every(v, size)`
pub fn vector_chunk_every<'h>(cx: &mut Cx<'h, '_>, [v, size]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.chunk_every", "v").vec_seq(cx, v)?;
    shape::chunk_every(cx, "Vector.chunk_every", seq, size)
}

/// `index_of(v, x)`
pub fn vector_index_of<'h>(cx: &mut Cx<'h, '_>, [v, x]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Vector.index_of", "v").vec_seq(cx, v)?;
    keyed::position(cx, seq, x)
}

/// `which(v)`: the positions of what is true.
pub fn vector_which<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("Vector.which", "v");
    let seq = arg.vec_seq(cx, v)?;
    fold(
        cx,
        seq,
        (0usize, VecBuilder::new()),
        move |(at, out), cx, entry| {
            *at += 1;
            match entry.as_bool() {
                Some(true) => out.push(cx.heap(), Value::count(*at)),
                None if !entry.is_nil() => return Err(arg.wrong(cx, "bools", entry)),
                _ => {}
            }
            Ok(true)
        },
        |(_, out), cx| value(out.collect(cx.heap())),
    )
}

/// `mean(v)`
pub fn vector_mean<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let arg = Arg("Vector.mean", "v");
    let seq = arg.vec_seq(cx, v)?;
    numbers::mean(cx, arg, seq)
}

/// `replace_at(v, index, x)`
pub fn vector_replace_at<'h>(cx: &mut Cx<'h, '_>, [v, index, x]: [Value<'h>; 3]) -> Answer<'h> {
    let function = "Vector.replace_at";
    let vec = Arg(function, "v").vec(cx, v)?;
    let at = shape::index_there(cx, function, index, vec.len())?;
    match vector::replace(cx.heap(), vec, at, x) {
        Ok(Replaced::Edit(edit)) => Ok(cx.edit(edit)),
        Ok(Replaced::Made(made)) => {
            cx.charge(vec.len() as u64 / 64);
            value(made)
        }
        Ok(Replaced::Anew) => value(shape::splice(cx, function, Seq::Vec(vec), at, 1, Some(x))?),
        Err(error) => Err(shape::vector_error(cx, function, error)),
    }
}

/// `insert_at(v, index, x)`
pub fn vector_insert_at<'h>(cx: &mut Cx<'h, '_>, [v, index, x]: [Value<'h>; 3]) -> Answer<'h> {
    let function = "Vector.insert_at";
    let seq = Arg(function, "v").vec_seq(cx, v)?;
    let at = shape::index_to_insert(cx, function, index, seq.len())?;
    value(shape::splice(cx, function, seq, at, 0, Some(x))?)
}

/// `delete_at(v, index)`
pub fn vector_delete_at<'h>(cx: &mut Cx<'h, '_>, [v, index]: [Value<'h>; 2]) -> Answer<'h> {
    let function = "Vector.delete_at";
    let seq = Arg(function, "v").vec_seq(cx, v)?;
    let at = shape::index_there(cx, function, index, seq.len())?;
    value(shape::splice(cx, function, seq, at, 1, None)?)
}

/// Vectors within vectors, being laid out flat: those under way, with the entry that is next.
struct Flattening {
    open: Vec<(Word, usize)>,
    out: Option<Collector>,
}

impl Roots for Flattening {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.open.roots(visit);
        self.out.roots(visit);
    }
}

impl Steps for Flattening {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let Some(out) = &mut self.out else { return Ok(Some(Value::NIL)) };
        for _ in 0..512 {
            let Some((word, next)) = self.open.last_mut() else { break };
            match Seq::at_rest(heap, *word).get(heap, *next) {
                None => {
                    self.open.pop();
                }
                Some(entry) => {
                    *next += 1;
                    if entry.is_vector() {
                        self.open.push((entry.word(), 0));
                    } else {
                        out.push(heap, entry);
                    }
                }
            }
        }
        cx.charge(32);
        let over = self.open.is_empty();
        Ok(self.out.take_if(|_| over).map(|out| out.finish(heap)))
    }
}

/// `flatten(v)`: the entries of vectors within vectors, however deep.
pub fn vector_flatten<'h>(cx: &mut Cx<'h, '_>, [v]: [Value<'h>; 1]) -> Answer<'h> {
    let vec = Arg("Vector.flatten", "v").vec(cx, v)?;
    if vec.kind() != Kind::Vector {
        return value(v);
    }
    run(cx, Flattening { open: vec![(v.word(), 0)], out: Some(Collector::new(false)) })
}

/// `repeat(x, times)`: the entries of x over and over.
pub fn vector_repeat<'h>(cx: &mut Cx<'h, '_>, [x, times]: [Value<'h>; 2]) -> Answer<'h> {
    let arg = Arg("Vector.repeat", "times");
    let times = arg.count(cx, times)?;
    let heap = cx.heap();
    // A collection other than a vector is one entry.
    let entries = match Seq::of(x) {
        Some(seq @ Seq::Vec(_)) => seq,
        _ => {
            let one = vector::from_values(heap, &[x]);
            let one = one.map_err(|e| shape::vector_error(cx, "Vector.repeat", e))?;
            Arg("Vector.repeat", "x").vec_seq(cx, one)?
        }
    };
    let len = entries.len();
    let bytes = if x.as_bool().is_some() { 1 } else { 8 };
    match len.checked_mul(times) {
        Some(0) => value(vector::empty()),
        Some(total) if total <= vector::MAX_LEN && heap.may_build(total * bytes) => {
            if total * bytes <= FILLED_AT_ONCE && !x.kind().is_collection() {
                cx.charge(total as u64 / 128);
                let filled = vector::filled(heap, x, total);
                return value(filled.map_err(|e| shape::vector_error(cx, "Vector.repeat", e))?);
            }
            shape::picked(cx, entries, total, move |i| i % len)
        }
        _ => Err(arg.too_large(cx)),
    }
}

/// `range(first, last, step)`
pub fn vector_range<'h>(cx: &mut Cx<'h, '_>, [first, last, step]: [Value<'h>; 3]) -> Answer<'h> {
    let arg = |name| Arg("Vector.range", name);
    let (from, to) = (arg("first").int(cx, first)?, arg("last").int(cx, last)?);
    let by = arg("step").int(cx, step)?;
    if by == 0 {
        return Err(arg("step").bad(cx, "an int other than 0", step));
    }
    if by == 1 {
        let range = vector::range(cx.heap(), from, to);
        return value(range.ok_or_else(|| arg("last").too_large(cx))?);
    }
    let distance = (to as i128 - from as i128) / by as i128;
    let len = usize::try_from(distance + 1).unwrap_or(usize::MAX);
    let backwards = (by > 0) != (to >= from) && to != from;
    if backwards {
        return value(vector::empty());
    }
    if len > vector::MAX_LEN || !cx.heap().may_build(len.saturating_mul(8)) {
        return Err(arg("last").too_large(cx));
    }
    let Some(indices) = vector::range(cx.heap(), 0, len as i64 - 1) else {
        return Err(arg("last").too_large(cx));
    };
    let indices = arg("last").vec_seq(cx, indices)?;
    fold(
        cx,
        indices,
        VecBuilder::with_capacity(len),
        move |out, cx, i| {
            let n = from as i128 + i.as_small().unwrap_or(0) as i128 * by as i128;
            out.push(cx.heap(), rata_vm::data::int::wide(cx.heap(), n));
            Ok(true)
        },
        |out, cx| value(out.collect(cx.heap())),
    )
}
