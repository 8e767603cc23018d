//! What goes by equality of entries or of their keys: without repetitions, groups, counts, membership.
//!
//! Keys are those of maps: strict, so 1 and 1.0 differ. Searching for an entry goes by `==`.

use crate::natives::support::{Answer, Collector, Roots, Seq, finish_map, fold, fold_keys, value};
use rata_vm::compare::{loose_eq_counted, strict_eq};
use rata_vm::data::map::MapBuilder;
use rata_vm::data::set::SetBuilder;
use rata_vm::data::vector::Entries;
use rata_vm::data::{Work, int};
use rata_vm::native::Cx;
use rata_vm::value::{Value, Word};

/// The entries without those that came before.
pub fn unique<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    if let Seq::Vec(vec) = seq
        && (vec.len() < 2 || matches!(vec.entries(), Entries::Range(..)))
    {
        return value(seq.value());
    }
    fold_keys(
        cx,
        seq,
        (SetBuilder::new(), Collector::new(seq.is_list())),
        |(seen, out), cx, entry| {
            if seen.add(cx.heap(), entry) {
                out.push(cx.heap(), entry);
            }
            Ok(true)
        },
        |(_, out), cx| value(out.finish(cx.heap())),
    )
}

/// The entries whose keys did not come before.
pub fn unique_by<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, keys: Seq<'h>) -> Answer<'h> {
    let source = seq.value().word();
    fold_keys(
        cx,
        keys,
        (source, 0usize, SetBuilder::new(), Collector::new(seq.is_list())),
        |(source, next, seen, out), cx, key| {
            let heap = cx.heap();
            let entry = Seq::at_rest(heap, *source).get(heap, *next);
            *next += 1;
            if seen.add(heap, key) {
                out.push(heap, entry.unwrap_or(Value::NIL));
            }
            Ok(true)
        },
        |(.., out), cx| value(out.finish(cx.heap())),
    )
}

/// A map from each key to the entries that have it.
pub fn group_by<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, keys: Seq<'h>) -> Answer<'h> {
    let source = seq.value().word();
    fold_keys(
        cx,
        keys,
        (source, 0usize, MapBuilder::new(), Vec::<Collector>::new()),
        |(source, next, groups, entries), cx, key| {
            let heap = cx.heap();
            let seq = Seq::at_rest(heap, *source);
            let group = groups.index_of(heap, key, Value::NIL);
            if group == entries.len() {
                entries.push(Collector::new(seq.is_list()));
            }
            entries[group].push(heap, seq.get(heap, *next).unwrap_or(Value::NIL));
            *next += 1;
            Ok(true)
        },
        |(_, _, mut groups, entries), cx| {
            for (index, group) in entries.into_iter().enumerate() {
                groups.set_at(index, group.finish(cx.heap()));
            }
            finish_map(cx, groups)
        },
    )
}

/// Runs of entries whose keys are the same.
struct Runs {
    source: Word,
    next: usize,
    key: Option<Word>,
    start: usize,
    out: Collector,
}

impl Roots for Runs {
    fn roots(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        self.source.roots(visit);
        self.key.roots(visit);
        self.out.roots(visit);
    }
}

impl Runs {
    fn close(&mut self, cx: &mut Cx<'_, '_>) {
        let heap = cx.heap();
        if self.next > self.start {
            let seq = Seq::at_rest(heap, self.source);
            self.out.push(heap, seq.part(heap, self.start, self.next - self.start));
        }
        self.start = self.next;
    }
}

/// The entries in runs of the same key.
pub fn chunk_by<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, keys: Seq<'h>) -> Answer<'h> {
    let out = Collector::new(seq.is_list());
    let runs = Runs { source: seq.value().word(), next: 0, key: None, start: 0, out };
    fold(
        cx,
        keys,
        runs,
        |runs, cx, key| {
            if runs.key.is_some_and(|last| !strict_eq(cx.heap().value(last), key)) {
                runs.close(cx);
            }
            runs.key = Some(key.word());
            runs.next += 1;
            Ok(true)
        },
        |mut runs, cx| {
            runs.close(cx);
            value(runs.out.finish(cx.heap()))
        },
    )
}

/// A map from each entry to how often it occurs.
pub fn frequencies<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>) -> Answer<'h> {
    fold_keys(
        cx,
        seq,
        (MapBuilder::new(), Vec::<usize>::new()),
        |(map, counts), cx, entry| {
            let index = map.index_of(cx.heap(), entry, Value::NIL);
            if index == counts.len() {
                counts.push(0);
            }
            counts[index] += 1;
            Ok(true)
        },
        |(mut map, counts), cx| {
            for (index, count) in counts.into_iter().enumerate() {
                map.set_at(index, Value::count(count));
            }
            finish_map(cx, map)
        },
    )
}

/// Where a value is in a range; nothing if that has to be looked for.
fn in_range(seq: Seq<'_>, wanted: Value<'_>) -> Option<Option<usize>> {
    let Seq::Vec(vec) = seq else { return None };
    let Entries::Range(first, len) = vec.entries() else { return None };
    let n = match wanted.as_float() {
        Some(f) if f.fract() == 0.0 && f.abs() < 9e15 => f as i64,
        Some(_) => return Some(None),
        None => match wanted.as_small() {
            Some(n) => n,
            None if int::is_int(wanted) => return Some(None),
            None => return Some(None),
        },
    };
    let inside = n >= first && n < first + len as i64;
    Some(inside.then(|| (n - first) as usize))
}

/// The position of the first entry that equals `wanted`, or nil.
pub fn position<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, wanted: Value<'h>) -> Answer<'h> {
    if let Some(found) = in_range(seq, wanted) {
        return value(found.map_or(Value::NIL, |i| Value::count(i + 1)));
    }
    fold(
        cx,
        seq,
        (wanted.word(), 0usize, false),
        |(wanted, at, found), cx, entry| {
            let mut work = Work::default();
            *at += 1;
            *found = loose_eq_counted(cx.heap().value(*wanted), entry, &mut work);
            cx.charge(work.0 / 64);
            Ok(!*found)
        },
        |(_, at, found), _| value(if found { Value::count(at) } else { Value::NIL }),
    )
}

/// Whether an entry equals `wanted`.
pub fn contains<'h>(cx: &mut Cx<'h, '_>, seq: Seq<'h>, wanted: Value<'h>) -> Answer<'h> {
    if let Some(found) = in_range(seq, wanted) {
        return value(Value::bool(found.is_some()));
    }
    fold(
        cx,
        seq,
        (wanted.word(), false),
        |(wanted, found), cx, entry| {
            let mut work = Work::default();
            *found = loose_eq_counted(cx.heap().value(*wanted), entry, &mut work);
            cx.charge(work.0 / 64);
            Ok(!*found)
        },
        |(_, found), _| value(Value::bool(found)),
    )
}
