//! Measures the value layer's hot paths: nanoseconds of processor time per operation, best of five
//! runs (other work on the machine counts only as far as it disturbs the caches).
//!
//! `cargo run --release -p rata-vm --example heap_times`

use rata_vm::data::{map, string, vector};
use rata_vm::{Fragment, Heap, Symbol, Value, Word};
use std::hint::black_box;
use std::time::Instant;

/// Nanoseconds this thread has run; wall time where the system does not say.
fn now(start: Instant) -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ran = text.split(' ').next().and_then(|n| n.parse().ok());
    ran.unwrap_or_else(|| start.elapsed().as_nanos() as u64)
}

fn measure(name: &str, operations: u64, mut run: impl FnMut()) {
    let best = (0..5)
        .map(|_| {
            let start = Instant::now();
            let before = now(start);
            run();
            now(start) - before
        })
        .min()
        .unwrap_or_default();
    println!("{name:40} {:8.2} ns", best as f64 / operations as f64);
}

fn collect_if_due(heap: &mut Heap, root: &mut Word) {
    if heap.should_collect() {
        heap.collect(|visit: &mut dyn FnMut(&mut Word)| visit(root));
    }
}

fn vectors() {
    const N: i64 = 1_000_000;
    measure("cons onto an int vector", N as u64, || {
        let mut heap = Heap::new();
        let mut acc = vector::empty().word();
        for i in 0..N {
            acc = match vector::prepend(&heap, heap.int(i), heap.value(acc)) {
                Ok(v) => v.word(),
                Err(_) => return,
            };
            collect_if_due(&mut heap, &mut acc);
        }
        black_box(acc);
    });
    measure("cons onto a vector of 100 strings", N as u64, || {
        let mut heap = Heap::new();
        let mut keep = heap.string("text").word();
        for _ in 0..N / 100 {
            {
                let mut acc = vector::empty();
                let text = heap.value(keep);
                for _ in 0..100 {
                    acc = vector::prepend(&heap, text, acc).unwrap_or(acc);
                }
                black_box(acc);
            }
            collect_if_due(&mut heap, &mut keep);
        }
    });
    measure("head and tail of an int vector", N as u64, || {
        let mut heap = Heap::new();
        let all: Vec<_> = (0..N).map(|n| Value::count(n as usize)).collect();
        let mut rest = vector::from_values(&heap, &all).unwrap_or(vector::empty()).word();
        let mut sum = 0;
        while let Some(v) = heap.value(rest).as_vec() {
            sum += vector::head(&heap, v).and_then(Value::as_small).unwrap_or(0);
            rest = vector::tail(&heap, v).unwrap_or(vector::empty()).word();
            collect_if_due(&mut heap, &mut rest);
        }
        black_box(sum);
    });
    measure("append to an int vector", N as u64, || {
        let mut heap = Heap::new();
        let mut acc = vector::empty().word();
        for i in 0..N {
            acc = match vector::append(&heap, heap.value(acc), heap.int(i)) {
                Ok(v) => v.word(),
                Err(_) => return,
            };
            collect_if_due(&mut heap, &mut acc);
        }
        black_box(acc);
    });
    measure("append 10 bytes to a string", N as u64, || {
        let mut heap = Heap::new();
        let mut acc = string::empty().word();
        for _ in 0..N {
            let piece = heap.string("0123456789");
            acc = string::concat(&heap, &[heap.value(acc), piece]).unwrap_or(piece).word();
            collect_if_due(&mut heap, &mut acc);
        }
        black_box(acc);
    });
}

fn maps() {
    const N: usize = 300_000;
    let key = |i: usize| Value::count(i.wrapping_mul(2_654_435_761) % (1 << 40));
    measure("map put, 300k int keys", N as u64, || {
        let mut heap = Heap::new();
        let mut acc = map::empty().word();
        for i in 0..N {
            if let Some(m) = heap.value(acc).as_map() {
                acc = m.put(&heap, key(i), Value::count(i)).word();
            }
            collect_if_due(&mut heap, &mut acc);
        }
        black_box(acc);
    });
    let heap = Heap::new();
    let mut builder = map::MapBuilder::new();
    for i in 0..N {
        builder.put(&heap, key(i), Value::count(i));
    }
    let big = builder.finish(&heap);
    measure("map builder, 300k int keys", N as u64, || {
        let heap = Heap::new();
        let mut builder = map::MapBuilder::new();
        for i in 0..N {
            builder.put(&heap, key(i), Value::count(i));
        }
        black_box(builder.finish(&heap));
    });
    measure("map get, 300k int keys", N as u64, || {
        let found = (0..N).filter(|&i| big.as_map().and_then(|m| m.get(key(i))).is_some()).count();
        black_box(found);
    });
    measure("map get and update, 300k int keys", N as u64, || {
        let mut heap = Heap::new();
        let mut acc = heap.attach(Fragment::copy_of(big)).word();
        for i in 0..N {
            if let Some(m) = heap.value(acc).as_map() {
                let n = m.get(key(i)).and_then(Value::as_small).unwrap_or(0);
                acc = m.put(&heap, key(i), Value::count(n as usize + 1)).word();
            }
            collect_if_due(&mut heap, &mut acc);
        }
        black_box(acc);
    });
    let names: Vec<_> = ["name", "age", "city", "zip", "mail"].map(Symbol::intern).into();
    let entries: Vec<_> = names.iter().map(|&n| (Value::symbol(n), Value::NIL)).collect();
    let record = map::from_entries(&heap, &entries);
    measure("record field by symbol", 1_000_000, || {
        for i in 0..1_000_000 {
            let found = black_box(record).as_map().and_then(|m| m.get_symbol(names[i % 5]));
            black_box(found);
        }
    });
}

fn tree(heap: &Heap, depth: u32) -> Value<'_> {
    if depth == 0 {
        return heap.list(&[Value::NIL, Value::NIL]);
    }
    let (left, right) = (tree(heap, depth - 1), tree(heap, depth - 1));
    heap.list(&[left, right])
}

fn memory() {
    measure("list of two, collected", 5_000_000, || {
        let mut heap = Heap::new();
        let mut keep = heap.list(&[Value::NIL, Value::NIL]).word();
        for i in 0..5_000_000 {
            heap.list(&[Value::count(i), Value::NIL]);
            collect_if_due(&mut heap, &mut keep);
        }
    });
    measure("trees of depth 10, per node", 4000 * 2047, || {
        let mut heap = Heap::new();
        let mut keep = tree(&heap, 14).word();
        for _ in 0..4000 {
            black_box(tree(&heap, 10));
            collect_if_due(&mut heap, &mut keep);
        }
    });
    let heap = Heap::new();
    let small = heap.list(&[Value::symbol(Symbol::intern("ok")), Value::count(7), Value::NIL]);
    measure("message {:ok, 7, nil}: copy and attach", 1_000_000, || {
        let mut to = Heap::new();
        for _ in 0..1_000_000 {
            let mut last = to.attach(Fragment::copy_of(small)).word();
            collect_if_due(&mut to, &mut last);
        }
    });
    measure("message 7: copy and attach", 20_000_000, || {
        let to = Heap::new();
        for _ in 0..20_000_000 {
            black_box(to.attach(Fragment::copy_of(black_box(Value::count(7)))));
        }
    });
    measure("heap: made, one list, dropped", 1_000_000, || {
        for _ in 0..1_000_000 {
            let heap = Heap::new();
            black_box(heap.list(&[Value::NIL]));
        }
    });
    let mut heap = Heap::new();
    let mut keep = tree(&heap, 18).word();
    measure("collection, per living node", (1 << 19) - 1, || {
        heap.collect(|visit: &mut dyn FnMut(&mut Word)| visit(&mut keep));
    });
}

fn main() {
    // Which groups to measure; all of them without arguments.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let groups: [(&str, fn()); 3] = [("vectors", vectors), ("maps", maps), ("memory", memory)];
    for (name, run) in groups {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run();
        }
    }
}
