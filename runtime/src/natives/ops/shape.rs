//! Taking sequences apart and putting them together: nothing here looks at what entries are.

use crate::natives::support::{Answer, Arg, Collector, Roots, Seq, Steps, fold, run, value};
use rata_vm::data::vector::{self, VecError, index_of};
use rata_vm::data::{int, list};
use rata_vm::native::{Cx, Res};
use rata_vm::value::{Value, Word};

const STEP: usize = 1024;

/// The exception for values that make no vector.
pub fn vector_error<'h>(cx: &Cx<'h, '_>, function: &str, error: VecError) -> Value<'h> {
    match error {
        VecError::Mixed(a, b) => {
            let (a, b) = (a.name().text(), b.name().text());
            cx.type_error(&format!("{function}: a vector holds one type, not {a} and {b}"))
        }
        VecError::NotVector(kind) => {
            cx.type_error(&format!("{function}: a vector expected, not a {}", kind.name().text()))
        }
        VecError::TooLong => cx.value_error(&format!("{function}: the vector would be too long")),
    }
}

/// A sequence made of entries of another: `pick` says which, by index.
struct Picking<P> {
    source: Word,
    next: usize,
    len: usize,
    pick: P,
    out: Option<Collector>,
}

impl<P: Send + 'static> Roots for Picking<P> {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
        self.out.roots(visit);
    }
}

impl<P: Fn(usize) -> usize + Send + 'static> Steps for Picking<P> {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let source = Seq::at_rest(heap, self.source);
        let Some(out) = &mut self.out else { return Ok(Some(Value::NIL)) };
        let end = self.len.min(self.next + STEP);
        for i in self.next..end {
            if let Some(entry) = source.get(heap, (self.pick)(i)) {
                out.push(heap, entry);
            }
        }
        cx.charge(1 + (end - self.next) as u64 / 32);
        self.next = end;
        let out = self.out.take_if(|_| end == self.len);
        Ok(out.map(|out| out.finish(heap)))
    }
}

/// The sequence of `len` entries of `seq` whose indices `pick` gives.
pub fn picked<'h>(
    cx: &mut Cx<'h, '_>,
    seq: Seq<'h>,
    len: usize,
    pick: impl Fn(usize) -> usize + Send + 'static,
) -> Answer<'h> {
    let out = Some(Collector::new(seq.is_list()));
    run(cx, Picking { source: seq.value().word(), next: 0, len, pick, out })
}

/// The entries from last to first.
pub fn reverse<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    let len = seq.len();
    if len < 2 {
        return value(seq.value());
    }
    if let Some(turned) = vector::reversed(cx.heap(), seq.value()) {
        cx.charge(len as u64 / 16);
        return value(turned);
    }
    picked(cx, seq, len, move |i| len - 1 - i)
}

/// The first `n` entries, or without the last `-n`.
pub fn take_first<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>, n: i64) -> Value<'h> {
    let len = if n < 0 { seq.len().saturating_sub(n.unsigned_abs() as usize) } else { n as usize };
    seq.part(cx.heap(), 0, len)
}

/// The last `n` entries, or without the first `-n`.
pub fn take_last<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>, n: i64) -> Value<'h> {
    let from = if n < 0 { n.unsigned_abs() as usize } else { seq.len().saturating_sub(n as usize) };
    seq.part(cx.heap(), from, usize::MAX)
}

/// `take(seq, n)`: the first n entries; the last -n if n is negative.
pub fn take<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>, n: i64) -> Value<'h> {
    if n < 0 {
        take_last(cx, seq, n.checked_neg().unwrap_or(i64::MAX))
    } else {
        take_first(cx, seq, n)
    }
}

/// `drop(seq, n)`: without the first n entries; without the last -n if n is negative.
pub fn drop<'h>(cx: &Cx<'h, '_>, seq: Seq<'h>, n: i64) -> Value<'h> {
    match n {
        0 => seq.value(),
        1.. => take_last(cx, seq, -n),
        _ => take_first(cx, seq, n),
    }
}

/// `slice(seq, start, count)`: count entries from a position on; start may also be the positions
/// themselves, one after the other.
pub fn slice<'h>(
    cx: &mut Cx<'h, '_>,
    function: &'static str,
    seq: Seq<'h>,
    start: Value<'h>,
    count: Value<'h>,
) -> Answer<'h> {
    let heap = cx.heap();
    let len = seq.len();
    if count.is_nil() && start.is_vector() {
        return positions(cx, function, seq, start);
    }
    let position = Arg(function, "start").int(cx, start)?;
    let from = match position {
        0 => return Err(cx.index_error(&format!("{function}: positions count from 1"))),
        1.. => position as usize - 1,
        _ => len.saturating_sub(position.unsigned_abs() as usize),
    };
    let count = match count.is_nil() {
        true => usize::MAX,
        false => Arg(function, "count").count(cx, count)?,
    };
    value(seq.part(heap, from, count))
}

/// The entries at these positions, as far as there are any.
fn positions<'h>(
    cx: &mut Cx<'h, '_>,
    function: &'static str,
    seq: Seq<'h>,
    wanted: Value<'h>,
) -> Answer<'h> {
    let heap = cx.heap();
    let arg = Arg(function, "start");
    let wanted = arg.vec(cx, wanted)?;
    if let vector::Entries::Range(first, count) = wanted.entries()
        && (first > 0 || count == 0)
    {
        return value(seq.part(heap, (first - 1).max(0) as usize, count));
    }
    let out = Collector::new(seq.is_list());
    let source = seq.value().word();
    fold(
        cx,
        Seq::Vec(wanted),
        (source, out),
        move |(source, out), cx, position| {
            let seq = Seq::at_rest(cx.heap(), *source);
            let position = arg.int(cx, position)?;
            if let Some(entry) = index_of(position, seq.len()).and_then(|i| seq.get(cx.heap(), i)) {
                out.push(cx.heap(), entry);
            }
            Ok(true)
        },
        |(_, out), cx| value(out.finish(cx.heap())),
    )
}

/// `{entry of a, entry of b}`, as long as both have one.
struct Zipping {
    a: Word,
    b: Word,
    next: usize,
    out: Option<Collector>,
}

impl Roots for Zipping {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.a.roots(visit);
        self.b.roots(visit);
        self.out.roots(visit);
    }
}

impl Steps for Zipping {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let (a, b) = (Seq::at_rest(heap, self.a), Seq::at_rest(heap, self.b));
        let Some(out) = &mut self.out else { return Ok(Some(Value::NIL)) };
        let len = a.len().min(b.len());
        let end = len.min(self.next + STEP);
        for i in self.next..end {
            let pair = [a.get(heap, i), b.get(heap, i)].map(|v| v.unwrap_or(Value::NIL));
            out.push(heap, heap.list(&pair));
        }
        cx.charge(1 + (end - self.next) as u64 / 16);
        self.next = end;
        Ok(self.out.take_if(|_| end == len).map(|out| out.finish(heap)))
    }
}

/// The pairs of entries at the same position.
pub fn zip<'h>(cx: &mut Cx<'h, '_>, a: Seq<'h>, b: Seq<'h>) -> Answer<'h> {
    let out = Some(Collector::new(a.is_list()));
    run(cx, Zipping { a: a.value().word(), b: b.value().word(), next: 0, out })
}

/// `{first entries, second entries}` of a sequence of pairs.
pub fn unzip<'h>(cx: &mut Cx<'h, '_>, function: &'static str, pairs: Seq<'h>) -> Answer<'h> {
    fold(
        cx,
        pairs,
        (Collector::like(pairs), Collector::like(pairs)),
        move |(first, second), cx, pair| {
            let Some([a, b]) = pair.as_list() else {
                return Err(Arg(function, "coll").wrong(cx, "pairs {a, b}", pair));
            };
            first.push(cx.heap(), *a);
            second.push(cx.heap(), *b);
            Ok(true)
        },
        |(first, second), cx| {
            let heap = cx.heap();
            value(heap.list(&[first.finish(heap), second.finish(heap)]))
        },
    )
}

/// `{entry, number}`, numbers counted from `from`.
pub fn with_index<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, from: i64) -> Answer<'h> {
    let from = i128::from(from);
    fold(
        cx,
        seq,
        (from, Collector::like(seq)),
        |(number, out), cx, entry| {
            let heap = cx.heap();
            out.push(heap, heap.list(&[entry, int::wide(heap, *number)]));
            *number += 1;
            Ok(true)
        },
        |(_, out), cx| value(out.finish(cx.heap())),
    )
}

/// Pieces of `size` entries, the last one of what is left.
struct Chunking {
    source: Word,
    next: usize,
    size: usize,
    out: Option<Collector>,
}

impl Roots for Chunking {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
        self.out.roots(visit);
    }
}

impl Steps for Chunking {
    fn step<'h>(&mut self, cx: &mut Cx<'h, '_>) -> Result<Option<Value<'h>>, Value<'h>> {
        let heap = cx.heap();
        let source = Seq::at_rest(heap, self.source);
        let Some(out) = &mut self.out else { return Ok(Some(Value::NIL)) };
        let mut chunks = 0;
        while self.next < source.len() && chunks < STEP {
            out.push(heap, source.part(heap, self.next, self.size));
            self.next = self.next.saturating_add(self.size);
            chunks += 1;
        }
        cx.charge(1 + chunks as u64 / 16);
        let over = self.next >= source.len();
        Ok(self.out.take_if(|_| over).map(|out| out.finish(heap)))
    }
}

/// Pieces of `size` entries each.
pub fn chunk_every<'h>(
    cx: &mut Cx<'h, '_>,
    function: &'static str,
    seq: Seq<'h>,
    size: Value<'h>,
) -> Answer<'h> {
    let arg = Arg(function, "size");
    let wanted = arg.count(cx, size)?;
    if wanted == 0 {
        return Err(arg.bad(cx, "at least 1", size));
    }
    let out = Some(Collector::new(seq.is_list()));
    run(cx, Chunking { source: seq.value().word(), next: 0, size: wanted, out })
}

/// The entries of both, one after the other.
pub fn concat<'h>(cx: &mut Cx<'h, '_>, function: &str, a: Seq<'h>, b: Seq<'h>) -> Res<'h> {
    let heap = cx.heap();
    cx.charge(b.len() as u64 / 64);
    match (a, b) {
        (Seq::List(_, a), Seq::List(_, b)) => {
            cx.charge(a.len() as u64 / 64);
            Ok(list::of_parts(heap, [a, b]))
        }
        _ => vector::concat(heap, a.value(), b.value())
            .map_err(|error| vector_error(cx, function, error)),
    }
}

/// The sequence with `new` in place of `removed` entries at an index.
pub fn splice<'h>(
    cx: &mut Cx<'h, '_>,
    function: &str,
    seq: Seq<'h>,
    at: usize,
    removed: usize,
    new: Option<Value<'h>>,
) -> Res<'h> {
    let heap = cx.heap();
    cx.charge(seq.len() as u64 / 64);
    let after = at + removed;
    match seq {
        Seq::List(_, entries) => {
            let (before, after) = (&entries[..at], &entries[after..]);
            Ok(match new {
                Some(new) => list::of_parts(heap, [before, &[new], after]),
                None => list::of_parts(heap, [before, after]),
            })
        }
        Seq::Vec(_) => {
            let (before, after) = (seq.part(heap, 0, at), seq.part(heap, after, usize::MAX));
            let joined = match new {
                Some(new) => vector::append(heap, before, new)
                    .and_then(|before| vector::concat(heap, before, after)),
                None => vector::concat(heap, before, after),
            };
            joined.map_err(|error| vector_error(cx, function, error))
        }
    }
}

/// The index of the entry at a position that must be there.
pub fn index_there<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    position: Value<'h>,
    len: usize,
) -> Result<usize, Value<'h>> {
    let n = Arg(function, "index").int(cx, position)?;
    index_of(n, len).ok_or_else(|| {
        let entries = if len == 1 { "1 entry".to_owned() } else { format!("{len} entries") };
        cx.index_error(&format!("{function}: there is no position {n} among {entries}"))
    })
}

/// The index before which an entry is to be inserted: one behind the last is allowed.
pub fn index_to_insert<'h>(
    cx: &Cx<'h, '_>,
    function: &'static str,
    position: Value<'h>,
    len: usize,
) -> Result<usize, Value<'h>> {
    let n = Arg(function, "index").int(cx, position)?;
    if n == len as i64 + 1 || n == -1 {
        return Ok(len);
    }
    if n < 0 {
        return index_there(cx, function, Value::small(n + 1).unwrap_or(position), len);
    }
    index_there(cx, function, position, len)
}

/// The entries as a list.
pub fn to_list<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    into(cx, seq, true)
}

/// The entries as a vector; a list if they do not share a type.
pub fn to_vector<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    into(cx, seq, false)
}

fn into<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, list: bool) -> Answer<'h> {
    if seq.is_list() == list {
        return value(seq.value());
    }
    fold(
        cx,
        seq,
        Collector::new(list),
        |out, cx, entry| {
            out.push(cx.heap(), entry);
            Ok(true)
        },
        |out, cx| value(out.finish(cx.heap())),
    )
}
