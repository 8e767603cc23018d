//! The match loop.
//!
//! In: a machine at an instruction. Out: the outcome of the turn. The arms hold the fast paths (small
//! ints, immediates, cached shapes) and leave all else to `helpers`; what is not inlined gets a copy
//! of the machine, so that the loop's own stays in CPU registers.
#![allow(unsafe_code)]

use rata_bytecode::operand::Cmp;

use super::calls::How;
use super::env::{Env, Exit, Raised, Step};
use super::machine::Machine;
use super::receive::Waited;
use crate::code::emit::SwitchTable;
use crate::code::exec::{Ex, args_words};
use crate::code::function::Function;
use crate::code::module::{Global, Link};
use crate::code::types::RtType;
use crate::data::map::Shape;
use crate::helpers::{access, arith, compare, construct, fail, pattern, types};
use crate::jit;
use crate::native::Host;
use crate::process::{Outcome, Process};
use crate::tails;
use crate::value::Word;
use crate::vm::Vm;

/// The bits of a comparison of two small ints.
#[inline(always)]
fn both_small(a: Word, b: Word) -> bool {
    (a.bits() | b.bits()) & 1 == 0
}

/// Runs until the turn is over.
pub(crate) fn execute(process: &mut Process, vm: &Vm, host: &mut dyn Host) -> Outcome {
    let mut m = Machine::load(&process.stack);
    let tails = tails::of_worker();

    /// What is not inlined works in this; made anew each time, so that the loop's own references
    /// stay in CPU registers.
    macro_rules! env {
        () => {
            Env { process: &mut *process, vm, host: &mut *host }
        };
    }

    /// Goes on with a copy of the machine that may be changed out of line.
    macro_rules! outline {
        ($copy:ident => $e:expr) => {{
            let mut $copy = m;
            let result = $e;
            m = $copy;
            result
        }};
    }
    macro_rules! raise {
        ($raised:expr) => {
            break Exit::Raise(Raised::new($raised))
        };
    }
    macro_rules! value {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(word) => raise!(word),
            }
        };
    }
    /// d = what the helper gives, and on to the next instruction.
    macro_rules! put {
        ($length:expr, $result:expr) => {{
            let word = value!($result);
            m.set(m.a(), word);
            m.next($length);
        }};
    }
    /// The same for `args` instructions, whose d stands in the word after the arguments.
    macro_rules! build {
        ($ext:expr, $result:expr) => {{
            let word = value!($result);
            let at = args_words(m.a());
            m.set(m.ext(at) as u16 as usize, word);
            m.next(at + $ext);
        }};
    }
    macro_rules! int_op {
        ($b:expr, $fast:expr, $helper:path) => {{
            let (a, b) = (m.get(m.b()), $b);
            match if both_small(a, b) { $fast(a, b) } else { None } {
                Some(word) => {
                    m.set(m.a(), word);
                    m.next(1);
                }
                None => put!(1, env!().binary($helper, a, b)),
            }
        }};
    }
    macro_rules! sum {
        ($a:expr, $b:expr) => {{
            let (a, b) = ($a, $b);
            match if both_small(a, b) { arith::fast_add(a, b) } else { None } {
                Some(word) => word,
                None => value!(env!().binary(arith::add, a, b)),
            }
        }};
    }
    macro_rules! compare {
        ($b:expr, $cmp:tt, $op:expr, $helper:path) => {{
            let (a, b) = (m.get(m.b()), $b);
            if both_small(a, b) {
                m.set(m.a(), Word::bool((a.bits() as i64) $cmp (b.bits() as i64)));
                m.next(1);
            } else {
                put!(1, env!().binary($helper, a, b));
            }
        }};
    }
    macro_rules! branch {
        ($b:expr, $cmp:tt, $op:expr, $wanted:literal) => {{
            let (a, b) = (m.get(m.a()), $b);
            let holds = if both_small(a, b) {
                (a.bits() as i64) $cmp (b.bits() as i64)
            } else {
                value!(env!().compare_truth($op, a, b))
            };
            if holds == $wanted { m.jump_ext() } else { m.next(2) }
        }};
    }
    macro_rules! b_reg {
        () => {
            m.get(m.b())
        };
    }
    macro_rules! c_reg {
        () => {
            m.get(m.c())
        };
    }
    macro_rules! b_imm {
        () => {
            Word::small_wrapping(m.b_int())
        };
    }
    macro_rules! c_imm {
        () => {
            Word::small_wrapping(m.c_int())
        };
    }
    /// Jumps by the first extension word unless the condition holds.
    macro_rules! unless {
        ($length:expr, $holds:expr) => {
            if $holds { m.next($length) } else { m.jump_ext() }
        };
    }
    /// The list entry that the `ListEntry` at pc asks for.
    macro_rules! entry {
        ($entries:expr) => {
            match $entries.and_then(|entries| entries.get(m.count())) {
                Some(entry) => {
                    m.set(m.a(), entry.word());
                    m.next(2);
                }
                None => raise!(fail::no_entry(&env!().cx(), "a list").word()),
            }
        };
    }
    /// The safepoint at the entry of a function, which costs a reduction.
    macro_rules! safepoint {
        () => {{
            process.core.budget -= 1;
            if process.core.budget <= 0 || process.heap.should_collect() {
                break Exit::Entry;
            }
        }};
    }
    /// A call: then the safepoint at the callee's entry.
    macro_rules! call {
        ($called:expr) => {{
            match $called {
                Ok(()) => safepoint!(),
                Err(exit) => break exit,
            }
        }};
    }
    /// What is done out of line as a whole.
    macro_rules! rare {
        ($method:ident $(, $arg:expr)?) => {
            if let Err(exit) = outline!(copy => env!().$method(&mut copy $(, $arg)?)) {
                break exit;
            }
        };
    }
    /// A call with the instruction's arguments.
    macro_rules! invoke {
        ($method:ident, $callee:expr, $how:expr) => {{
            let (args, how) = (m.args(), $how);
            call!(env!().$method(&mut m, $callee, args, how))
        }};
    }
    /// A call with exactly so many arguments.
    macro_rules! exact {
        ($n:literal) => {
            if m.push_exact::<$n>(process.stack.limit) {
                safepoint!();
            } else {
                let to = m.after_exact($n);
                // SAFETY: the word after the arguments is a function of the module.
                let f = unsafe { m.object::<Function>(args_words($n)) };
                call!(outline!(copy => env!().call_in_chunk(&mut copy, f, m.args_of($n), to)));
            }
        };
    }
    macro_rules! exact_tail {
        ($n:literal) => {{
            // SAFETY: the word after the arguments is a function of the module.
            let f = unsafe { m.object::<Function>(args_words($n)) };
            m.note_tail(tails, process.core.pid, f);
            if !m.replace_exact::<$n>(process.stack.limit) {
                outline!(copy => env!().tail_call(&mut copy, f, m.args_of($n)));
            }
            safepoint!();
        }};
    }
    macro_rules! tail_self {
        ($n:literal) => {{
            m.enter_again::<$n>();
            safepoint!();
        }};
    }
    /// An addition and the `TailSelf` that follows it.
    macro_rules! add_tail_self {
        ($n:literal) => {{
            let word = sum!(b_reg!(), c_reg!());
            m.enter_with::<$n>(word);
            safepoint!();
        }};
    }
    /// b + int c.
    macro_rules! offset {
        () => {{
            let (a, b) = (b_reg!(), c_imm!());
            match if both_small(a, b) { arith::fast_add(a, b) } else { None } {
                Some(word) => word,
                None => value!(env!().offset(a, m.c_int())),
            }
        }};
    }
    let mut exit = outline!(copy => env!().resume(&mut copy));
    loop {
        match exit.take() {
            None => {}
            Some(Exit::Leave(outcome)) => return outcome,
            Some(exit) => {
                if let Some(outcome) = outline!(copy => env!().leave(&mut copy, exit)) {
                    return outcome;
                }
            }
        }
        exit = Some(loop {
            match m.op() {
                // ---- values
                Ex::LoadSmall => {
                    m.set(m.a(), Word::small_wrapping(m.bc_int()));
                    m.next(1);
                }
                Ex::LoadWord => {
                    m.set(m.a(), Word::from_bits(m.ext(1)));
                    m.next(2);
                }
                Ex::Move => {
                    m.set(m.a(), m.get(m.b()));
                    m.next(1);
                }
                Ex::Cons1 => {
                    let (item, tail) = (process.heap.value(b_reg!()), process.heap.value(c_reg!()));
                    match process.heap.vec_push_int(item, tail) {
                        Some(vec) => {
                            m.set(m.a(), vec.word());
                            m.next(1);
                        }
                        None => put!(1, env!().binary(construct::cons1, b_reg!(), c_reg!())),
                    }
                }
                Ex::List => build!(1, Ok::<Word, Word>(env!().list(m.args()))),
                Ex::MapKeys => {
                    let at = args_words(m.a());
                    if m.ext(at + 1) != 0 {
                        // SAFETY: the word is a shape with as many keys as there are values.
                        let shape = unsafe { m.object::<Shape>(at + 1) };
                        build!(3, Ok::<Word, Word>(env!().shaped_map(shape, m.args())));
                    } else {
                        rare!(rare);
                    }
                }
                Ex::Closure => {
                    let handle = m.ext(args_words(m.a()) + 1) as usize;
                    build!(2, Ok::<Word, Word>(env!().closure(handle, m.args())));
                }
                Ex::Range => put!(1, env!().binary(construct::range, b_reg!(), c_reg!())),
                // ---- operators
                Ex::Add => int_op!(c_reg!(), arith::fast_add, arith::add),
                Ex::Sub => int_op!(c_reg!(), arith::fast_sub, arith::sub),
                Ex::Mul => int_op!(c_reg!(), arith::fast_mul, arith::mul),
                Ex::IntDiv => int_op!(c_reg!(), arith::fast_int_div, arith::int_div),
                Ex::Mod => int_op!(c_reg!(), arith::fast_modulo, arith::modulo),
                Ex::Div => put!(1, env!().binary(arith::div, b_reg!(), c_reg!())),
                Ex::Pow => put!(1, env!().binary(arith::pow, b_reg!(), c_reg!())),
                Ex::AddInt => int_op!(c_imm!(), arith::fast_add, arith::add),
                Ex::SubInt => int_op!(c_imm!(), arith::fast_sub, arith::sub),
                Ex::MulInt => int_op!(c_imm!(), arith::fast_mul, arith::mul),
                Ex::IntDivInt => int_op!(c_imm!(), arith::fast_int_div, arith::int_div),
                Ex::ModInt => int_op!(c_imm!(), arith::fast_modulo, arith::modulo),
                Ex::Neg => put!(1, env!().unary(arith::neg, b_reg!())),
                Ex::Not => match b_reg!() {
                    Word::TRUE => {
                        m.set(m.a(), Word::FALSE);
                        m.next(1);
                    }
                    Word::FALSE => {
                        m.set(m.a(), Word::TRUE);
                        m.next(1);
                    }
                    word => put!(1, env!().truth(word).map(|truth| Word::bool(!truth))),
                },
                Ex::Eq => compare!(c_reg!(), ==, Cmp::Eq, compare::eq),
                Ex::Ne => compare!(c_reg!(), !=, Cmp::Ne, compare::ne),
                Ex::Lt => compare!(c_reg!(), <, Cmp::Lt, compare::lt),
                Ex::Le => compare!(c_reg!(), <=, Cmp::Le, compare::le),
                Ex::Gt => compare!(c_reg!(), >, Cmp::Gt, compare::gt),
                Ex::Ge => compare!(c_reg!(), >=, Cmp::Ge, compare::ge),
                Ex::EqInt => compare!(c_imm!(), ==, Cmp::Eq, compare::eq),
                Ex::NeInt => compare!(c_imm!(), !=, Cmp::Ne, compare::ne),
                Ex::LtInt => compare!(c_imm!(), <, Cmp::Lt, compare::lt),
                Ex::LeInt => compare!(c_imm!(), <=, Cmp::Le, compare::le),
                Ex::GtInt => compare!(c_imm!(), >, Cmp::Gt, compare::gt),
                Ex::GeInt => compare!(c_imm!(), >=, Cmp::Ge, compare::ge),
                Ex::Index => put!(1, env!().binary(access::index, b_reg!(), c_reg!())),
                Ex::Field => {
                    let map = process.heap.value(b_reg!());
                    match access::cached_field(map, m.cached(2)) {
                        Some(value) => {
                            m.set(m.a(), value.word());
                            m.next(4);
                        }
                        None => rare!(rare),
                    }
                }
                // ---- jumps
                Ex::Jump => m.jump(m.bc_int()),
                Ex::JumpBack => {
                    process.core.budget -= 1;
                    if process.core.budget <= 0 || process.heap.should_collect() {
                        jit::looped(m.function());
                        m.next(2);
                        break Exit::Entry;
                    }
                    m.jump(m.bc_int());
                }
                Ex::If => {
                    let truth = match m.get(m.a()) {
                        Word::TRUE => true,
                        Word::FALSE | Word::NIL => false,
                        word => value!(env!().truth(word)),
                    };
                    m.jump(if truth { m.bc_int() } else { 1 });
                }
                Ex::Unless => {
                    let truth = match m.get(m.a()) {
                        Word::TRUE => true,
                        Word::FALSE | Word::NIL => false,
                        word => value!(env!().truth(word)),
                    };
                    m.jump(if truth { 1 } else { m.bc_int() });
                }
                Ex::IfEq => branch!(b_reg!(), ==, Cmp::Eq, true),
                Ex::IfNe => branch!(b_reg!(), !=, Cmp::Ne, true),
                Ex::IfLt => branch!(b_reg!(), <, Cmp::Lt, true),
                Ex::IfLe => branch!(b_reg!(), <=, Cmp::Le, true),
                Ex::IfGt => branch!(b_reg!(), >, Cmp::Gt, true),
                Ex::IfGe => branch!(b_reg!(), >=, Cmp::Ge, true),
                Ex::UnlessEq => branch!(b_reg!(), ==, Cmp::Eq, false),
                Ex::UnlessNe => branch!(b_reg!(), !=, Cmp::Ne, false),
                Ex::UnlessLt => branch!(b_reg!(), <, Cmp::Lt, false),
                Ex::UnlessLe => branch!(b_reg!(), <=, Cmp::Le, false),
                Ex::UnlessGt => branch!(b_reg!(), >, Cmp::Gt, false),
                Ex::UnlessGe => branch!(b_reg!(), >=, Cmp::Ge, false),
                Ex::IfEqInt => branch!(b_imm!(), ==, Cmp::Eq, true),
                Ex::IfNeInt => branch!(b_imm!(), !=, Cmp::Ne, true),
                Ex::IfLtInt => branch!(b_imm!(), <, Cmp::Lt, true),
                Ex::IfLeInt => branch!(b_imm!(), <=, Cmp::Le, true),
                Ex::IfGtInt => branch!(b_imm!(), >, Cmp::Gt, true),
                Ex::IfGeInt => branch!(b_imm!(), >=, Cmp::Ge, true),
                Ex::UnlessEqInt => branch!(b_imm!(), ==, Cmp::Eq, false),
                Ex::UnlessNeInt => branch!(b_imm!(), !=, Cmp::Ne, false),
                Ex::UnlessLtInt => branch!(b_imm!(), <, Cmp::Lt, false),
                Ex::UnlessLeInt => branch!(b_imm!(), <=, Cmp::Le, false),
                Ex::UnlessGtInt => branch!(b_imm!(), >, Cmp::Gt, false),
                Ex::UnlessGeInt => branch!(b_imm!(), >=, Cmp::Ge, false),
                Ex::Switch => {
                    // SAFETY: the word after a Switch is its table.
                    let table = unsafe { m.object::<SwitchTable>(1) };
                    let distance = pattern::switch(&process.heap, table, m.get(m.a()));
                    m.jump(distance as i64);
                }
                // ---- patterns
                Ex::UnlessWord => unless!(3, m.get(m.a()).bits() == m.ext(2)),
                Ex::UnlessConst => {
                    let constant = m.constant(2).word();
                    unless!(3, value!(env!().same(m.get(m.a()), constant)));
                }
                Ex::UnlessSame => {
                    unless!(2, value!(env!().same(m.get(m.a()), b_reg!())));
                }
                Ex::UnlessList => {
                    let value = process.heap.value(m.get(m.a()));
                    unless!(2, value.as_list().is_some_and(|l| l.len() == m.count()));
                }
                Ex::UnlessListThenEntry => {
                    let value = process.heap.value(m.get(m.a()));
                    match value.as_list().filter(|l| l.len() == m.count()) {
                        Some(entries) => {
                            m.next(2);
                            entry!(Some(entries));
                        }
                        None => m.jump_ext(),
                    }
                }
                Ex::ListEntry => entry!(process.heap.value(b_reg!()).as_list()),
                Ex::ListEntryTwice => {
                    let entries = process.heap.value(b_reg!()).as_list();
                    entry!(entries);
                    entry!(entries);
                }
                Ex::UnlessVector => {
                    let value = process.heap.value(m.get(m.a()));
                    unless!(2, pattern::length(value) == Some(m.count()));
                }
                Ex::UnlessLonger => {
                    let value = process.heap.value(m.get(m.a()));
                    unless!(2, pattern::length(value).is_some_and(|n| n >= m.count()));
                }
                Ex::Uncons => {
                    let heap = &process.heap;
                    match pattern::uncons(heap, heap.value(c_reg!())) {
                        Some((head, tail)) => {
                            let (head, tail) = (head.word(), tail.word());
                            m.set(m.a(), head);
                            m.set(m.b(), tail);
                            m.next(2);
                        }
                        None => m.jump_ext(),
                    }
                }
                Ex::UnlessMap => {
                    let value = process.heap.value(m.get(m.a()));
                    unless!(2, value.as_map().is_some());
                }
                Ex::MapEntry => {
                    let heap = &process.heap;
                    let map = heap.value(b_reg!());
                    let found = match access::cached_field(map, m.cached(3)) {
                        Some(value) => Some(value),
                        None => pattern::map_entry(map, m.constant(2), m.cache(3)),
                    };
                    match found {
                        Some(value) => {
                            m.set(m.a(), value.word());
                            m.next(4);
                        }
                        None => m.jump_ext(),
                    }
                }
                Ex::UnlessType => {
                    // SAFETY: the word is a type of the module.
                    let ty = unsafe { m.object::<RtType>(2) };
                    let value = process.heap.value(m.get(m.a()));
                    unless!(3, types::matches(&process.heap, value, ty));
                }
                // ---- calls
                Ex::Call => {
                    // SAFETY: the word after the arguments is a function of the module.
                    let f = unsafe { m.object::<Function>(args_words(m.a())) };
                    invoke!(call, f, How::Call(m.after(2)));
                }
                Ex::TailCall => {
                    // SAFETY: as above.
                    let f = unsafe { m.object::<Function>(args_words(m.a())) };
                    invoke!(call, f, How::Tail);
                }
                Ex::Call0 => exact!(0),
                Ex::Call1 => exact!(1),
                Ex::CallAddInt => {
                    let sum = offset!();
                    if m.push_one(process.stack.limit, sum) {
                        safepoint!();
                    } else {
                        let to = m.after_words(4);
                        // SAFETY: the next word is a function of the module.
                        let f = unsafe { m.object::<Function>(1) };
                        call!(outline!(copy => {
                            env!().call_words(&mut copy, f, &[sum], How::Call(to))
                        }));
                    }
                }
                Ex::Call2 => exact!(2),
                Ex::Call3 => exact!(3),
                Ex::TailCall0 => exact_tail!(0),
                Ex::TailCall1 => exact_tail!(1),
                Ex::TailCall2 => exact_tail!(2),
                Ex::TailCall3 => exact_tail!(3),
                Ex::AddTailSelf2 => add_tail_self!(2),
                Ex::AddTailSelf3 => add_tail_self!(3),
                Ex::CountTailSelf2 => {
                    let (a, step, (x, y)) = (b_reg!(), c_imm!(), m.counted());
                    let all_small = both_small(a, x) && both_small(y, step);
                    let counter = if all_small { arith::fast_add(a, step) } else { None };
                    match counter.zip(arith::fast_add(x, y)) {
                        Some((counter, sum)) => {
                            m.enter_counted(counter, sum);
                            safepoint!();
                        }
                        None => {
                            let counter = offset!();
                            m.only_count(counter);
                        }
                    }
                }
                Ex::TailSelf1 => tail_self!(1),
                Ex::TailSelf2 => tail_self!(2),
                Ex::TailSelf3 => tail_self!(3),
                Ex::CallImport => {
                    // SAFETY: the word after the arguments is a link of the module.
                    let link = unsafe { m.object::<Link>(args_words(m.a())) };
                    invoke!(call_link, link, How::Call(m.after(2)));
                }
                Ex::TailImport => {
                    // SAFETY: as above.
                    let link = unsafe { m.object::<Link>(args_words(m.a())) };
                    invoke!(call_link, link, How::Tail);
                }
                Ex::CallValue => {
                    let f = m.get(m.ext(args_words(m.a())) as u16 as usize);
                    invoke!(call_value, f, How::Call(m.after(2)));
                }
                Ex::TailValue => {
                    let f = m.get(m.ext(args_words(m.a())) as u16 as usize);
                    invoke!(call_value, f, How::Tail);
                }
                Ex::CallNative => {
                    let native = vm.native(m.ext(args_words(m.a())) as usize);
                    let step = env!().native(native, m.args());
                    m.go(m.after(2));
                    match step {
                        Step::Value(word) if !process.heap.should_collect() => m.deliver(word),
                        step => rare!(answered, step),
                    }
                }
                Ex::Return => m.ret(m.get(m.a())),
                Ex::ReturnWord => m.ret(Word::from_bits(m.ext(1))),
                Ex::ReturnAdd => {
                    let word = sum!(b_reg!(), c_reg!());
                    m.ret(word);
                }
                // ---- modules
                Ex::Global => {
                    // SAFETY: the next word is a global of the module.
                    match unsafe { m.object::<Global>(1) }.get() {
                        Some(word) => {
                            m.set(m.a(), word);
                            m.next(3);
                        }
                        None => rare!(rare),
                    }
                }
                Ex::Member => {
                    // SAFETY: the next word is a link of the module.
                    match unsafe { m.object::<Link>(1) }.value() {
                        Some(word) => {
                            m.set(m.a(), word);
                            m.next(3);
                        }
                        None => rare!(rare),
                    }
                }
                // ---- errors
                Ex::Raise => raise!(m.get(m.a())),
                Ex::CheckType => {
                    // SAFETY: the next word is a type of the module.
                    let ty = unsafe { m.object::<RtType>(1) };
                    let word = m.get(m.a());
                    let heap = &process.heap;
                    if !types::matches(heap, heap.value(word), ty) {
                        let error = env!().type_mismatch(m.function(), m.constant(2), ty, word);
                        raise!(error);
                    }
                    m.next(3);
                }
                // ---- receive
                Ex::RecvStart => {
                    env!().receive_start();
                    m.next(1);
                }
                Ex::RecvMark => {
                    env!().receive_mark(m.get(m.a()));
                    m.next(1);
                }
                Ex::RecvPeek => match env!().receive_peek() {
                    Some(word) => {
                        m.set(m.a(), word);
                        m.next(1);
                    }
                    None => m.jump(m.bc_int()),
                },
                Ex::RecvTake => {
                    env!().receive_take();
                    m.next(1);
                }
                Ex::RecvSkip => {
                    process.core.mailbox.skip();
                    m.next(1);
                }
                Ex::RecvWait => {
                    let mut after = m;
                    after.next(3);
                    match env!().receive_wait(&after, m.get(m.a())) {
                        Waited::Again => {
                            m.next(3);
                            rare!(waited);
                        }
                        Waited::Late => m.jump_ext(),
                        Waited::Leave(outcome) => return outcome,
                        Waited::NoTimeout => {
                            break Exit::Raise(env!().no_timeout(m.get(m.a())));
                        }
                    }
                }
                // ---- the machine's own
                Ex::Enter => rare!(enter),
                Ex::JitReturn => rare!(go_back),
                Ex::PopChunk => outline!(copy => copy.pop_chunk(&mut process.stack)),
                Ex::Halt => {
                    process.core.result = m.get(0);
                    process.stack.clear();
                    break Exit::Leave(Outcome::Done);
                }
                // All are listed: a default would cost a check of the range before every jump.
                Ex::Vector
                | Ex::Cons
                | Ex::Map
                | Ex::Set
                | Ex::Text
                | Ex::VectorEntry
                | Ex::VectorRest
                | Ex::MapEntryAt
                | Ex::Prefix
                | Ex::ExceptionType
                | Ex::ExceptionParts
                | Ex::CallField
                | Ex::CallNamed
                | Ex::TailField
                | Ex::TailNamed
                | Ex::SetGlobal
                | Ex::Define
                | Ex::CheckDefined
                | Ex::Reraise
                | Ex::Fail
                | Ex::Apply
                | Ex::LoadBegin
                | Ex::LoadRun
                | Ex::LoadEnd
                | Ex::LoadFailed
                | Ex::LoadedGlobal
                | Ex::LoadGlobal
                | Ex::LoadNext
                | Ex::Unreachable => rare!(rare),
            }
        });
    }
}
