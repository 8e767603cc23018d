//! Messages, timeouts, natives that stop in the middle, exits.

use super::*;
use proptest::prelude::*;
use rata_bytecode::module::*;
use rata_bytecode::operand::*;

use crate::heap::Bag;
use crate::mailbox::{Mailbox, Removal};
use crate::native::{Cx, Job, Native, Resume};
use crate::value::{Value, Word};
use crate::{Fragment, Heap, Outcome};

fn message(make: impl for<'h> Fn(&'h Heap) -> Value<'h>) -> Fragment {
    let heap = Heap::new();
    Fragment::copy_of(make(&heap))
}

fn pair(tag: &str, n: i64) -> Fragment {
    message(|heap| {
        heap.list(&[Value::symbol(crate::Symbol::intern(tag)), heap.int(n), heap.string(tag)])
    })
}

/// main(n): receives the first `{:want, x, _}`, n times, after each other message stays; then takes
/// what is left in order with `after 0`; gives all of it as a list.
pub(crate) fn receiver() -> Build {
    let mut b = Build::new("Receive");
    let (want, zero, infinity) = (b.sym("want"), b.int(0), b.sym("infinity"));
    // wanted(): the selective receive
    b.fun(
        "wanted",
        0,
        4,
        vec![
            Op::Const { d: d(3), k: infinity },
            Op::RecvStart {},
            Op::RecvPeek { d: d(0), to: l(10) },
            Op::UnlessList { s: u(0), n: Count(3), to: l(8) },
            Op::ListEntry { d: d(1), s: u(0), i: Count(0) },
            Op::UnlessConst { s: u(1), k: want, to: l(8) },
            Op::RecvTake {},
            Op::Return { s: u(0) },
            Op::RecvSkip {},
            Op::Jump { to: l(2) },
            Op::RecvWait { timeout: u(3), to: l(12) },
            Op::Jump { to: l(2) },
            Op::Return { s: u(3) },
        ],
    );
    // rest(acc): whatever is there
    b.fun(
        "rest",
        1,
        3,
        vec![
            Op::Const { d: d(2), k: zero },
            Op::RecvStart {},
            Op::RecvPeek { d: d(1), to: l(6) },
            Op::RecvTake {},
            Op::Cons { d: d(0), items: us(&[1]), tail: u(0) },
            Op::TailCall { f: FnId(1), args: us(&[0]) },
            Op::RecvWait { timeout: u(2), to: l(8) },
            Op::Jump { to: l(2) },
            Op::Return { s: u(0) },
        ],
    );
    // take(n, acc)
    b.fun(
        "take",
        2,
        3,
        vec![
            Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(0), to: l(2) },
            Op::TailCall { f: FnId(1), args: us(&[1]) },
            Op::Call { d: d(2), f: FnId(0), args: us(&[]) },
            Op::Cons { d: d(1), items: us(&[2]), tail: u(1) },
            Op::ArithInt { op: Arith::Sub, d: d(0), a: u(0), imm: Imm(1) },
            Op::TailCall { f: FnId(2), args: us(&[0, 1]) },
        ],
    );
    let empty = b.konst(Const::Vector(vec![]));
    let main = b.fun(
        "main",
        1,
        2,
        vec![Op::Const { d: d(1), k: empty }, Op::TailCall { f: FnId(2), args: us(&[0, 1]) }],
    );
    b.export("main", main);
    b
}

#[test]
fn selective_receive() {
    let program = Program::new(vec![receiver()]);
    for mode in MODES {
        let arriving = vec![
            pair("other", 1),
            pair("want", 2),
            pair("other", 3),
            pair("other", 4),
            pair("want", 5),
            pair("last", 6),
        ];
        let expected = "[{:last, 6, \"last\"}, {:other, 4, \"other\"}, {:other, 3, \"other\"}, \
                        {:other, 1, \"other\"}, {:want, 5, \"want\"}, {:want, 2, \"want\"}]";
        assert_eq!(program.run_with(&[2], mode, arriving), expected, "in {mode:?}");
    }
}

#[test]
fn a_timeout_counts_from_the_first_wait() {
    let mut b = Build::new("Timeout");
    let (ms, late) = (b.int(50), b.sym("late"));
    let code = vec![
        Op::Const { d: d(1), k: ms },
        Op::RecvStart {},
        Op::RecvPeek { d: d(2), to: l(5) },
        Op::RecvSkip {},
        Op::Jump { to: l(2) },
        Op::RecvWait { timeout: u(1), to: l(7) },
        Op::Jump { to: l(2) },
        Op::Const { d: d(0), k: late },
        Op::Return { s: u(0) },
    ];
    let main = b.fun("main", 1, 3, code);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let mut process = program.process(&[0], PLAIN);
    let mut host = TestHost::default();
    let mut run = |process: &mut crate::Process| crate::run(process, &program.vm, &mut host, 4000);
    let wait = |outcome| match outcome {
        Outcome::Wait(wait) => (wait.timeout(), wait.is_first()),
        _ => panic!("it waits"),
    };
    assert_eq!(wait(run(&mut process)), (Some(50), true));
    process.core.mailbox.push(pair("other", 1));
    assert_eq!(wait(run(&mut process)), (Some(50), false));
    process.core.mailbox.push(pair("other", 2));
    process.time_out();
    assert!(matches!(run(&mut process), Outcome::Done));
    assert_eq!(process.core.mailbox.len(), 2);
}

/// Three turns, holding a text all the while.
struct Slow {
    text: Word,
    turns: u32,
}

impl Resume for Slow {
    fn resume<'h>(mut self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        self.turns -= 1;
        // Garbage, and a collection to come.
        cx.heap().list(&[cx.heap().string("garbage that is in nobody's way")]);
        match self.turns {
            0 => Native::Value(cx.heap().value(self.text)),
            _ => Native::suspend(self),
        }
    }
    fn trace(&mut self, visit: &mut dyn FnMut(&mut Word)) {
        visit(&mut self.text);
    }
}

fn slow<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    let text = cx.heap().list(&[args[0], cx.heap().string("kept over three turns")]);
    Native::suspend(Box::new(Slow { text: text.word(), turns: 3 }))
}

struct Work(i64);
struct Worked(i64);

impl Job for Work {
    fn run(self: Box<Self>) -> Box<dyn Resume> {
        Box::new(Worked(self.0 * 2))
    }
}

impl Resume for Worked {
    fn resume<'h>(self: Box<Self>, cx: &mut Cx<'h, '_>) -> Native<'h> {
        match self.0 {
            0 => Native::Raise(cx.argument_error("Test.work", "0 is no work")),
            n => Native::Value(cx.heap().int(n)),
        }
    }
    fn trace(&mut self, _: &mut dyn FnMut(&mut Word)) {}
}

fn blocking<'h>(_: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::offload(Box::new(Work(args[0].as_small().unwrap_or(0))))
}

fn hibernating<'h>(_: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    Native::hibernate(args[0], smallvec::smallvec![args[0]])
}

/// Wakes in the function given, with the message still there; nothing above it is left.
#[test]
fn hibernation() {
    let mut b = Build::new("Hibernate");
    let native = b.native("core_typeof", 1);
    let wake = b.function(Function {
        name: "main/fn".into(),
        arity: 1,
        captures: 1,
        registers: 4,
        code: vec![
            Op::RecvStart {},
            Op::RecvPeek { d: d(2), to: l(5) },
            Op::RecvTake {},
            Op::List { d: d(2), items: us(&[1, 2]) },
            Op::Return { s: u(2) },
            Op::Return { s: u(1) },
        ],
        ..Function::default()
    });
    let set = b.set("", wake);
    let main = b.fun(
        "main",
        1,
        3,
        vec![
            Op::Vector { d: d(1), items: us(&[0, 0]) },
            Op::Closure { d: d(1), set, captures: us(&[1]) },
            Op::CallNative { d: d(1), native, args: us(&[1]) },
            Op::Return { s: u(0) },
        ],
    );
    b.export("main", main);
    let vm = vm_with(&[("core_typeof", hibernating)]);
    let program = Program::load(vm, vec![b]).expect("loads");
    for mode in MODES {
        let arriving = vec![pair("wake", 1)];
        let result = program.run_with(&[3], mode, arriving);
        assert_eq!(result, "{[3, 3], {:wake, 1, \"wake\"}}", "in {mode:?}");
    }
}

/// Exits with a negative int, calls a function, or raises.
fn various<'h>(cx: &mut Cx<'h, '_>, args: &[Value<'h>]) -> Native<'h> {
    match (args[0].as_small(), args[0].is_function()) {
        (Some(n), _) if n < 0 => Native::Exit(cx.heap().string("so it ends")),
        (_, true) => Native::call(args[0], smallvec::smallvec![cx.heap().string("argument")]),
        _ => Native::Raise(cx.type_error("no")),
    }
}

fn vm() -> crate::Vm {
    vm_with(&[("core_typeof", slow), ("core_inspect", blocking), ("io_puts", various)])
}

#[test]
fn natives_suspend_and_offload() {
    let mut b = Build::new("Natives");
    let (slow, work) = (b.native("core_typeof", 1), b.native("core_inspect", 1));
    let code = vec![
        Op::Vector { d: d(1), items: us(&[0, 0]) },
        Op::CallNative { d: d(2), native: slow, args: us(&[1]) },
        Op::CallNative { d: d(3), native: work, args: us(&[0]) },
        Op::List { d: d(1), items: us(&[1, 2, 3]) },
        Op::Return { s: u(1) },
    ];
    let main = b.fun("main", 1, 4, code);
    b.last().handlers =
        vec![Handler { start: l(2), end: l(3), target: l(3), d: d(3), guard: false }];
    b.export("main", main);
    let program = Program::load(vm(), vec![b]).expect("loads");
    program.check(&[21], "{[21, 21], {[21, 21], \"kept over three turns\"}, 42}");
    let raised = "{[0, 0], {[0, 0], \"kept over three turns\"}, ";
    for mode in MODES {
        assert!(program.run(&[0], mode).starts_with(raised), "{}", program.run(&[0], mode));
    }
}

#[test]
fn natives_call_exit_and_raise() {
    let mut b = Build::new("Natives");
    let various = b.native("io_puts", 1);
    let id = b.fun("id", 1, 1, vec![Op::Return { s: u(0) }]);
    let set = b.set("id", id);
    let value = b.konst(Const::Fn(set));
    let code = vec![
        Op::Const { d: d(1), k: value },
        Op::CallNative { d: d(2), native: various, args: us(&[1]) },
        Op::UnlessCompareInt { op: Cmp::Gt, a: u(0), imm: Imm(0), to: l(4) },
        Op::TailNative { native: various, args: us(&[1]) },
        Op::TailNative { native: various, args: us(&[0]) },
    ];
    let main = b.fun("main", 1, 3, code);
    b.export("main", main);
    let program = Program::load(vm(), vec![b]).expect("loads");
    program.check(&[1], "\"argument\"");
    program.check(&[-1], "exit \"so it ends\"");
    program.check(&[0], "type_error: no");
}

/// An exit is caught like a raised value, and stays an exit when raised again.
#[test]
fn exits_are_caught_and_stay_exits() {
    let mut b = Build::new("Exit");
    let exit = b.native("io_puts", 1);
    let code = vec![
        Op::ArithInt { op: Arith::Sub, d: d(1), a: u(0), imm: Imm(100) },
        Op::CallNative { d: d(1), native: exit, args: us(&[1]) },
        Op::Return { s: u(1) },
        Op::UnlessCompareInt { op: Cmp::Eq, a: u(0), imm: Imm(1), to: l(5) },
        Op::Return { s: u(2) },
        Op::Reraise { s: u(2) },
    ];
    let main = b.fun("main", 1, 3, code);
    b.last().handlers =
        vec![Handler { start: l(1), end: l(2), target: l(3), d: d(2), guard: false }];
    b.export("main", main);
    let program = Program::load(vm(), vec![b]).expect("loads");
    program.check(&[1], "\"so it ends\"");
    program.check(&[2], "exit \"so it ends\"");
}

#[test]
fn the_mailbox_keeps_order_and_takes_from_the_middle() {
    let heap = Heap::new();
    let mut mailbox = Mailbox::default();
    let int = |n: i64| message(move |heap| heap.int(n));
    for n in 0..1000 {
        mailbox.push(int(n));
    }
    let stamp = mailbox.stamp();
    mailbox.push(int(1000));
    mailbox.start_after(&heap, stamp);
    assert_eq!(mailbox.peek(&heap).and_then(Word::as_small), Some(1000));
    mailbox.take();
    mailbox.push_urgent(int(-1));
    mailbox.push_urgent(int(-2));
    // Every third is left.
    for n in (0..1000).filter(|n| n % 3 != 0) {
        let removed = mailbox.remove_after(&heap, 0, 2000, |w| w.as_small() == Some(n));
        assert_eq!(removed, Removal::Removed);
    }
    let one = |w: Word| w.as_small() == Some(1);
    assert_eq!(mailbox.remove_after(&heap, 0, 2000, one), Removal::NotThere);
    let mut looks = 0;
    let mut from = 0;
    while let Removal::Stopped(stamp) = mailbox.remove_after(&heap, from, 10, one) {
        (from, looks) = (stamp, looks + 1);
    }
    assert_eq!(looks, 334 / 10);
    let left: Vec<i64> = mailbox.words(&heap).into_iter().filter_map(Word::as_small).collect();
    let expected: Vec<i64> = [-1, -2].into_iter().chain((0..1000).step_by(3)).collect();
    assert_eq!(left, expected);
    assert_eq!(mailbox.len(), expected.len());
    // A ref made now is answered only by what arrives later; urgent messages are seen in any case.
    let stamp = mailbox.stamp();
    mailbox.push(int(7));
    mailbox.start_after(&heap, stamp);
    assert_eq!(mailbox.peek(&heap).and_then(Word::as_small), Some(-1));
}

proptest! {
    /// A mailbox does as a row of messages would, however they came and from wherever they are taken.
    #[test]
    fn the_mailbox_is_a_row_of_messages(steps in prop::collection::vec((0..8u8, 0..7i64), 1..60)) {
        let heap = Heap::new();
        let mut mailbox = Mailbox::default();
        let (mut row, mut urgent): (Vec<i64>, usize) = (Vec::new(), 0);
        for (n, (step, which)) in steps.into_iter().enumerate() {
            let n = n as i64;
            match step {
                6 | 7 => {
                    let mut bag = Bag::new();
                    for n in n * 1000..n * 1000 + which {
                        assert_eq!(bag.add(heap.int(n)), Some(0));
                        row.push(n);
                    }
                    mailbox.push_bag(bag);
                }
                2 | 3 if !mailbox.takes_attached() => {
                    mailbox.push(message(move |heap| heap.int(n)));
                    row.push(n);
                }
                0 | 1 => {
                    mailbox.push(message(move |heap| heap.int(n)));
                    row.push(n);
                }
                2 | 3 => {
                    mailbox.push_attached(heap.int(n), 0);
                    row.push(n);
                }
                4 if which == 0 => {
                    mailbox.push_urgent(message(move |heap| heap.int(n)));
                    row.insert(urgent, n);
                    urgent += 1;
                }
                _ => {
                    // A receive of the first message that leaves this rest.
                    mailbox.start();
                    let wanted = |n: i64| which == 6 || n % 6 == which;
                    while let Some(word) = mailbox.peek(&heap)
                        && !wanted(word.as_small().unwrap())
                    {
                        mailbox.skip();
                    }
                    let found = mailbox.peek(&heap).and_then(Word::as_small);
                    let at = row.iter().position(|&n| wanted(n));
                    prop_assert_eq!(found, at.map(|at| row[at]));
                    if let Some(at) = at {
                        mailbox.take();
                        row.remove(at);
                        urgent -= usize::from(at < urgent);
                    }
                }
            }
            prop_assert_eq!(mailbox.len(), row.len());
            prop_assert_eq!(mailbox.queued_bytes(), 0);
        }
        let left: Vec<i64> = mailbox.words(&heap).into_iter().filter_map(Word::as_small).collect();
        prop_assert_eq!(left, row);
    }
}

#[test]
fn an_idle_process_is_small() {
    assert!(
        size_of::<crate::Process>() <= 320 + size_of::<crate::jit::Link>(),
        "{}",
        size_of::<crate::Process>()
    );
    let program = Program::new(vec![receiver()]);
    let mut process = program.process(&[1], PLAIN);
    let outcome = crate::run(&mut process, &program.vm, &mut TestHost::default(), 4000);
    assert!(matches!(outcome, Outcome::Wait(_)));
    let reserved = process.heap.reserved_bytes() + process.stack.bytes();
    assert!(reserved <= 640, "{reserved}");
}

#[test]
fn a_function_alone_is_called_without_arguments() {
    let mut b = Build::new("M");
    let k = b.int(7);
    let main = b.fun("main", 0, 1, vec![Op::Const { d: d(0), k }, Op::Return { s: u(0) }]);
    b.export("main", main);
    let program = Program::new(vec![b]);
    let (main, _) = program.vm.exported(program.modules[0], crate::sym::MAIN).expect("exported");
    let mut process = crate::Process::new(crate::value::Pid::new(1, 1));
    process.start(&program.vm, Fragment::copy_of(main));
    assert_eq!(process.heap.reserved_bytes(), 0, "a function that captures nothing is not copied");
    let outcome = crate::run(&mut process, &program.vm, &mut TestHost::default(), 4000);
    assert!(matches!(outcome, Outcome::Done));
    assert_eq!(process.result().as_small(), Some(7));
}
