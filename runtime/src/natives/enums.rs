//! Natives of Enum: over vectors and lists, into which `enum_source` turns every other collection, and
//! the gathering of what the loops written in rata make.

use super::ops::{keyed, numbers, order, shape};
use super::support::{
    Answer, Arg, Collector, Roots, Seq, Steps, finish_set, fold, fold_keys, run, value,
};
use super::vector::{entry_or, is_descending, last};
use super::{maps, set};
use rata_vm::data::closure;
use rata_vm::data::map::MapBuilder;
use rata_vm::data::set::SetBuilder;
use rata_vm::data::vector;
use rata_vm::heap::Heap;
use rata_vm::native::{Cx, Native};
use rata_vm::symbols::Symbol;
use rata_vm::value::{Kind, Value, View, Word};
use std::cmp::Ordering;

/// The key that makes a map a stream (stdlib/stream.rata).
const STREAM: &str = "$stream";

/// Whether a value is a stream.
pub fn is_stream(v: Value<'_>) -> bool {
    v.as_map().is_some_and(|map| map.get_symbol(Symbol::intern(STREAM)).is_some())
}

/// Whether a collection is a stream, which must be asked for its entries one by one.
pub fn enum_is_stream<'h>(_cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::bool(is_stream(coll)))
}

/// Any collection as a vector or list of its entries: those of a map are `{key, value}`, those of a
/// set in term order.
pub fn enum_source<'h>(cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
    match coll.view() {
        View::Map(_) if is_stream(coll) => {
            let to_vector = (Symbol::intern("Stream"), Symbol::intern("to_vector"));
            let to_vector = closure::funref(cx.heap(), to_vector.0, to_vector.1);
            Ok(Native::call(to_vector, [coll].into_iter().collect()))
        }
        View::Map(map) => maps::pairs(cx, map, false),
        View::Set(set) => set::members(cx, set),
        View::Host(host) if host.kind() == Kind::Table => {
            let rows = (Symbol::intern("Table"), Symbol::intern("rows"));
            let rows = closure::funref(cx.heap(), rows.0, rows.1);
            Ok(Native::call(rows, [coll].into_iter().collect()))
        }
        _ => value(coll),
    }
}

/// How many entries a vector or list has.
pub fn enum_length<'h>(cx: &mut Cx<'h, '_>, [seq]: [Value<'h>; 1]) -> Answer<'h> {
    value(Value::count(Arg("Enum", "coll").seq(cx, seq)?.len()))
}

/// How many entries a collection has, without listing them. Streams are listed.
pub fn enum_count<'h>(cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
    match coll.view() {
        View::Map(map) if !is_stream(coll) => value(Value::count(map.len())),
        View::Set(set) => value(Value::count(set.len())),
        _ => match Seq::of(coll) {
            Some(seq) => value(Value::count(seq.len())),
            None => Err(Arg("Enum.count", "coll").wrong(cx, "a collection", coll)),
        },
    }
}

/// What a loop has made so far, with one more value. Loops begin with the number of values that they expect, or with
/// nil. Values of one kind are gathered in a vector; others, and what comes after them, are put
/// before it, as `{last, {…, {first, vector or nil}}}`: a chain takes any values as they are.
pub fn enum_push<'h>(cx: &mut Cx<'h, '_>, [made, v]: [Value<'h>; 2]) -> Answer<'h> {
    let heap = cx.heap();
    let longer = match made.as_small() {
        Some(n) => vector::begin(heap, v, usize::try_from(n).unwrap_or(0)),
        None => vector::push(heap, made, v),
    };
    let rest = if made.as_small().is_some() { Value::NIL } else { made };
    value(longer.unwrap_or_else(|| heap.list(&[v, rest])))
}

/// What a loop has made, on its way into a collection; see [`enum_push`].
struct Collecting {
    /// What is left of the chain; in the end the vector before it.
    chain: Word,
    /// The values taken from it, the last one first.
    values: Vec<Word>,
    /// How many entries of the vector are done.
    done: usize,
    /// Whether the values are collections whose entries are meant; how far the last of them is done.
    flat: Option<usize>,
    out: Option<Collector>,
}

impl Roots for Collecting {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.chain.roots(visit);
        self.values.roots(visit);
        self.out.roots(visit);
    }
}

impl Collecting {
    /// Takes values off the chain; whether any are left.
    fn unchain(&mut self, heap: &Heap) -> bool {
        for _ in 0..COLLECTED {
            let Some([v, rest]) = heap.value(self.chain).as_list() else { return false };
            self.values.push(v.word());
            self.chain = rest.word();
        }
        true
    }

    /// Takes entries of the vector before the chain; whether any are left.
    fn take_first(&mut self, heap: &Heap) -> bool {
        let (Some(vec), Some(out)) = (heap.value(self.chain).as_vec(), &mut self.out) else {
            return false;
        };
        let end = vec.len().min(self.done + COLLECTED);
        for i in self.done..end {
            out.push(heap, vec.get(heap, i).unwrap_or(Value::NIL));
        }
        self.done = end;
        end < vec.len()
    }
}

const COLLECTED: usize = 2048;

impl Steps for Collecting {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        cx.charge(COLLECTED as u64 / 16);
        if self.unchain(heap) || self.take_first(heap) {
            return Ok(None);
        }
        let Some(out) = &mut self.out else { return Ok(Some(Value::NIL)) };
        for _ in 0..COLLECTED {
            let Some(&last) = self.values.last() else { break };
            let v = heap.value(last);
            match &mut self.flat {
                None => out.push(heap, v),
                Some(next) => {
                    if let Some(entry) = Seq::of(v).and_then(|part| part.get(heap, *next)) {
                        out.push(heap, entry);
                        *next += 1;
                        continue;
                    }
                    *next = 0;
                }
            }
            self.values.pop();
        }
        let over = self.values.is_empty();
        Ok(self.out.take_if(|_| over).map(|out| out.finish(heap)))
    }
}

fn collect<'h>(cx: &mut Cx<'h, '_>, chain: Value<'h>, list: bool, flat: bool) -> Answer<'h> {
    if !list && !flat && chain.as_vec().is_some() {
        return value(vector::whole(cx.heap(), chain));
    }
    let (chain, flat, out) = (chain.word(), flat.then_some(0), Some(Collector::new(list)));
    run(cx, Collecting { chain, values: Vec::new(), done: 0, flat, out })
}

/// What a loop has made (see [`enum_push`]): a list if `like` is one, else a vector, or a list if they share no type.
pub fn enum_collect<'h>(cx: &mut Cx<'h, '_>, [chain, like]: [Value<'h>; 2]) -> Answer<'h> {
    collect(cx, chain, like.as_list().is_some(), false)
}

/// The entries of the vectors and lists in a chain, one after the other; see [`enum_collect`].
pub fn enum_flat<'h>(cx: &mut Cx<'h, '_>, [chain, like]: [Value<'h>; 2]) -> Answer<'h> {
    collect(cx, chain, like.as_list().is_some(), true)
}

/// The values of a chain as a vector, or as a list if they share no type.
pub fn enum_from_chain<'h>(cx: &mut Cx<'h, '_>, [chain]: [Value<'h>; 1]) -> Answer<'h> {
    collect(cx, chain, false, false)
}

/// [`enum_from_chain`], for Stream.
pub fn stream_collect<'h>(cx: &mut Cx<'h, '_>, [chain]: [Value<'h>; 1]) -> Answer<'h> {
    collect(cx, chain, false, false)
}

/// The values of a chain as a list, for Stream.
pub fn stream_collect_list<'h>(cx: &mut Cx<'h, '_>, [chain]: [Value<'h>; 1]) -> Answer<'h> {
    collect(cx, chain, true, false)
}

/// Natives that take a vector or list and nothing else: name, function, what is done.
macro_rules! of_seq {
    ($($(#[$doc:meta])* $name:ident $function:literal |$cx:ident, $s:ident| $body:expr;)*) => { $(
        $(#[$doc])*
        pub fn $name<'h>($cx: &mut Cx<'h, '_>, [coll]: [Value<'h>; 1]) -> Answer<'h> {
            let $s = Arg($function, "coll").seq($cx, coll)?;
            $body
        }
    )* };
}

of_seq! {
    /// `sum(coll)`
    enum_sum "Enum.sum" |cx, s| numbers::sum(cx, Arg("Enum.sum", "coll"), s);
    /// `product(coll)`
    enum_product "Enum.product" |cx, s| numbers::product(cx, Arg("Enum.product", "coll"), s);
    /// `mean(coll)`
    enum_mean "Enum.mean" |cx, s| numbers::mean(cx, Arg("Enum.mean", "coll"), s);
    /// `min(coll)`
    enum_min "Enum.min" |cx, s| numbers::extreme(cx, s, Ordering::Less);
    /// `max(coll)`
    enum_max "Enum.max" |cx, s| numbers::extreme(cx, s, Ordering::Greater);
    /// `last(coll)`
    enum_last "Enum.last" |cx, s| value(last(cx, s));
    /// `reverse(coll)`
    enum_reverse "Enum.reverse" |cx, s| shape::reverse(cx, s);
    /// `uniq(coll)`
    enum_uniq "Enum.uniq" |cx, s| keyed::unique(cx, s);
    /// `frequencies(coll)`
    enum_frequencies "Enum.frequencies" |cx, s| keyed::frequencies(cx, s);
    /// `unzip(coll)`
    enum_unzip "Enum.unzip" |cx, s| shape::unzip(cx, "Enum.unzip", s);
    /// `to_vector(coll)`
    enum_to_vector "Enum.to_vector" |cx, s| shape::to_vector(cx, s);
    /// `to_list(coll)`
    enum_to_list "Enum.to_list" |cx, s| shape::to_list(cx, s);
}

/// `at(coll, index, default)`
pub fn enum_at<'h>(cx: &mut Cx<'h, '_>, [coll, index, default]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = Arg("Enum.at", "coll").seq(cx, coll)?;
    entry_or(cx, "Enum.at", seq, index, default)
}

/// `sort(coll, order)`
pub fn enum_sort<'h>(cx: &mut Cx<'h, '_>, [coll, order]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.sort", "coll").seq(cx, coll)?;
    let descending = is_descending(cx, "Enum.sort", order)?;
    order::sort(cx, seq, descending)
}

/// The entries in the order of keys, given as a list.
pub fn enum_sort_by<'h>(cx: &mut Cx<'h, '_>, [coll, keys, order]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = Arg("Enum.sort_by", "coll").seq(cx, coll)?;
    let keys = Arg("Enum.sort_by", "keys").list(cx, keys)?;
    let descending = is_descending(cx, "Enum.sort_by", order)?;
    order::sort_by(cx, seq, keys, descending)
}

/// `take(coll, n)`
pub fn enum_take<'h>(cx: &mut Cx<'h, '_>, [coll, n]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.take", "coll").seq(cx, coll)?;
    let n = Arg("Enum.take", "n").int(cx, n)?;
    value(shape::take(cx, seq, n))
}

/// `drop(coll, n)`
pub fn enum_drop<'h>(cx: &mut Cx<'h, '_>, [coll, n]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.drop", "coll").seq(cx, coll)?;
    let n = Arg("Enum.drop", "n").int(cx, n)?;
    value(shape::drop(cx, seq, n))
}

/// `slice(coll, start, count)`
pub fn enum_slice<'h>(cx: &mut Cx<'h, '_>, [coll, start, count]: [Value<'h>; 3]) -> Answer<'h> {
    let seq = Arg("Enum.slice", "coll").seq(cx, coll)?;
    shape::slice(cx, "Enum.slice", seq, start, count)
}

/// `chunk_every(coll, size)`
pub fn enum_chunk_every<'h>(cx: &mut Cx<'h, '_>, [coll, size]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.chunk_every", "coll").seq(cx, coll)?;
    shape::chunk_every(cx, "Enum.chunk_every", seq, size)
}

/// `zip(a, b)`
pub fn enum_zip<'h>(cx: &mut Cx<'h, '_>, [a, b]: [Value<'h>; 2]) -> Answer<'h> {
    let left = Arg("Enum.zip", "a").seq(cx, a)?;
    let right = Arg("Enum.zip", "b").seq(cx, b)?;
    shape::zip(cx, left, right)
}

/// `with_index(coll, from)`
pub fn enum_with_index<'h>(cx: &mut Cx<'h, '_>, [coll, from]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.with_index", "coll").seq(cx, coll)?;
    let from = Arg("Enum.with_index", "from").int(cx, from)?;
    shape::with_index(cx, seq, from)
}

/// `member?(coll, x)`
pub fn enum_member<'h>(cx: &mut Cx<'h, '_>, [coll, x]: [Value<'h>; 2]) -> Answer<'h> {
    if let Some(set) = coll.as_set() {
        return value(Value::bool(set.contains(x)));
    }
    let seq = Arg("Enum.member?", "coll").seq(cx, coll)?;
    keyed::contains(cx, seq, x)
}

/// The entries by keys, given as a list: a map of groups.
pub fn enum_group_by<'h>(cx: &mut Cx<'h, '_>, [coll, keys]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.group_by", "coll").seq(cx, coll)?;
    let keys = Arg("Enum.group_by", "keys").list_seq(cx, keys)?;
    keyed::group_by(cx, seq, keys)
}

/// The entries in runs of the same key, keys given as a list.
pub fn enum_chunk_by<'h>(cx: &mut Cx<'h, '_>, [coll, keys]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.chunk_by", "coll").seq(cx, coll)?;
    let keys = Arg("Enum.chunk_by", "keys").list_seq(cx, keys)?;
    keyed::chunk_by(cx, seq, keys)
}

/// The entries whose keys did not come before, keys given as a list.
pub fn enum_uniq_by<'h>(cx: &mut Cx<'h, '_>, [coll, keys]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.uniq_by", "coll").seq(cx, coll)?;
    let keys = Arg("Enum.uniq_by", "keys").list_seq(cx, keys)?;
    keyed::unique_by(cx, seq, keys)
}

/// `join(coll, separator)`: entries as `IO.puts` shows them.
pub fn enum_join<'h>(cx: &mut Cx<'h, '_>, [coll, separator]: [Value<'h>; 2]) -> Answer<'h> {
    let seq = Arg("Enum.join", "coll").seq(cx, coll)?;
    let separator = Arg("Enum.join", "separator").text(cx, separator)?.to_owned();
    super::string::join(cx, seq, separator)
}

/// `into(coll, target)`: the entries put into a collection.
pub fn enum_into<'h>(cx: &mut Cx<'h, '_>, [coll, target]: [Value<'h>; 2]) -> Answer<'h> {
    let arg = Arg("Enum.into", "coll");
    let seq = arg.seq(cx, coll)?;
    let heap = cx.heap();
    match target.view() {
        View::Map(map) => {
            let mut builder = MapBuilder::new();
            cx.charge(map.len() as u64 / 8);
            map.iter().for_each(|(key, v)| builder.put(heap, key, v));
            maps::put_pairs(cx, arg, seq, builder)
        }
        View::Set(set) => {
            let mut builder = SetBuilder::new();
            cx.charge(set.len() as u64 / 8);
            set.members().into_iter().for_each(|member| {
                builder.add(heap, member);
            });
            fold_keys(
                cx,
                seq,
                builder,
                |builder, cx, entry| {
                    builder.add(cx.heap(), entry);
                    Ok(true)
                },
                |builder, cx| finish_set(cx, builder),
            )
        }
        _ => into_sequence(cx, seq, target),
    }
}

fn into_sequence<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, target: Value<'h>) -> Answer<'h> {
    let heap = cx.heap();
    let target = match Seq::of(target) {
        Some(target) => target,
        None => return Err(Arg("Enum.into", "target").wrong(cx, "a collection", target)),
    };
    if !cx.heap().may_build(target.len().saturating_mul(8)) {
        return Err(Arg("Enum.into", "target").too_large(cx));
    }
    let mut out = Collector::new(target.is_list());
    cx.charge(target.len() as u64 / 32);
    (0..target.len()).filter_map(|i| target.get(heap, i)).for_each(|v| out.push(heap, v));
    fold(
        cx,
        seq,
        out,
        |out, cx, entry| {
            out.push(cx.heap(), entry);
            Ok(true)
        },
        |out, cx| value(out.finish(cx.heap())),
    )
}
