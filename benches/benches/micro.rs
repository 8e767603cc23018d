//! Micro-benchmarks of the VM: dispatch, calls, switching between processes, messages, collection.
//! `cargo bench -p rata-benches`

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rata_bytecode::module::Package;
use rata_compiler::pipeline::{Request, compile};
use rata_compiler::project::Sources;
use rata_runtime::natives::natives;
use rata_vm::data::vector_of;
use rata_vm::{Core, Fragment, Heap, Host, Origin, Outcome, Pid, Poll, Process, Symbol, Value, Vm};
use std::any::Any;
use std::hint::black_box;
use std::io;

const PROGRAM: &str = "
count = function(0) { :done }
count = function(n) { count(n - 1) }
fib = function(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }
build = function(0, v) { v }
build = function(n, v) { build(n - 1, [n | v]) }
make = function(0) { nil }
make = function(n) { {make(n - 1), make(n - 1)} }
dispatch = function() { count(100_000) }
calls = function() { fib(20) }
cons = function() { build(10_000, []) }
trees = function() { make(12) }
wait = function() { receive { :never -> 1 } }
";

struct Text;

impl Sources for Text {
    fn read(&self, _path: &str) -> io::Result<Vec<u8>> {
        Ok(PROGRAM.into())
    }
}

/// A host of a single process.
struct Alone;

impl Host for Alone {
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn poll(&mut self, _core: &mut Core) -> Poll {
        Poll::Nothing
    }
}

fn machine() -> Vm {
    let stdlib: Package = rata_stdlib::LIBRARY.package().expect("the image is sound");
    let request = Request {
        files: vec!["micro.rata".into()],
        sources: &Text,
        known: vec![&stdlib],
        is_stdlib: false,
        emit: None,
    };
    let package = compile(&request).expect("it can be read").package.expect("it compiles");
    let vm = Vm::new(natives());
    vm.load(&stdlib, Origin::Stdlib).expect("the image loads");
    let modules = vm.load(&package, Origin::Program).expect("it loads");
    MAIN.set(modules[0]).expect("called once");
    vm
}

static MAIN: std::sync::OnceLock<rata_vm::ModuleIndex> = std::sync::OnceLock::new();

fn process(vm: &Vm, function: &str) -> Process {
    let module = *MAIN.get().expect("loaded");
    let (f, _) = vm.exported(module, Symbol::intern(function)).expect("it is exported");
    let mut process = Process::new(Pid::new(1, 0));
    let heap = Heap::new();
    process.start(vm, Fragment::copy_of(heap.list(&[f])));
    process
}

fn run_to_end(vm: &Vm, mut process: Process) -> Process {
    while let Outcome::Yield = rata_vm::run(&mut process, vm, &mut Alone, 4000) {}
    process
}

fn programs(c: &mut Criterion, vm: &Vm) {
    for name in ["dispatch", "calls", "cons", "trees"] {
        c.bench_function(name, |b| {
            b.iter_batched(|| process(vm, name), |p| run_to_end(vm, p), BatchSize::SmallInput);
        });
    }
}

fn switch(c: &mut Criterion, vm: &Vm) {
    // Two processes that never end, a call each in turn.
    let mut pair = [process(vm, "dispatch"), process(vm, "dispatch")];
    c.bench_function("switch pair", |b| {
        b.iter(|| {
            for p in &mut pair {
                if let Outcome::Done = rata_vm::run(p, vm, &mut Alone, 1) {
                    *p = process(vm, "dispatch");
                }
            }
        });
    });
    c.bench_function("start, wait, drop", |b| {
        b.iter(|| {
            let mut p = process(vm, "wait");
            black_box(matches!(rata_vm::run(&mut p, vm, &mut Alone, 4000), Outcome::Wait(_)))
        });
    });
}

fn messages(c: &mut Criterion) {
    let heap = Heap::new();
    let small = heap.list(&[Value::TRUE, Value::count(1)]);
    let numbers: Vec<Value<'_>> = (0..1_000_000).map(Value::count).collect();
    let large = vector_of(&heap, &numbers);
    for (name, value) in [("send a pair", small), ("send a million ints", large)] {
        c.bench_function(name, |b| {
            b.iter(|| {
                let receiver = Heap::new();
                let fragment = Fragment::copy_of(value);
                black_box(receiver.attach(fragment).word())
            });
        });
    }
}

fn collection(c: &mut Criterion) {
    for entries in [100, 100_000] {
        c.bench_function(&format!("collect {entries} live pairs"), |b| {
            let mut heap = Heap::new();
            let mut root = {
                let pairs: Vec<Value<'_>> =
                    (0..entries).map(|n| heap.list(&[Value::count(n), Value::NIL])).collect();
                heap.list(&pairs).word()
            };
            b.iter(|| heap.collect(|visit| visit(&mut root)));
        });
    }
    c.bench_function("allocate 10000 pairs beside 1000000 old ones", |b| {
        let mut heap = Heap::new();
        let mut root = {
            let pairs: Vec<Value<'_>> =
                (0..1_000_000).map(|n| heap.list(&[Value::count(n), Value::NIL])).collect();
            heap.list(&pairs).word()
        };
        heap.collect(|visit| visit(&mut root));
        b.iter(|| {
            for n in 0..10_000 {
                black_box(heap.list(&[Value::count(n), Value::NIL]));
            }
            if heap.should_collect() && heap.is_minor_next() {
                heap.collect_young(|visit| visit(&mut root));
            } else if heap.should_collect() {
                heap.collect(|visit| visit(&mut root));
            }
        });
    });
}

fn all(c: &mut Criterion) {
    let vm = machine();
    programs(c, &vm);
    switch(c, &vm);
    messages(c);
    collection(c);
}

criterion_group!(benches, all);
criterion_main!(benches);
