//! Test programs. Enters: a [`World`]; leaves: an entry function, its arguments
//! and what it must answer, reckoned in Rust. Each spreads its recursion over
//! several functions so that any subset of them can be compiled.

use crate::code::{Asm, Function, OVERFLOW, TYPE_ERROR, helper, op};
use crate::process::{Outcome, World};
use crate::word::{NIL, Word};

/// A program ready to run.
#[derive(Debug)]
pub struct Program {
    /// What to call.
    pub entry: *const Function,
    /// With what.
    pub args: Vec<Word>,
    /// And what must come out.
    pub expected: Outcome,
}

fn define(f: *mut Function, asm: Asm) {
    // SAFETY: declared by the world and not yet running.
    asm.finish(unsafe { &mut *f });
}

/// `fib(n)` where `names[i]` calls `names[i + 1]` round and round.
pub fn fib(w: &mut World, names: &[&'static str], n: i64) -> Program {
    let fs: Vec<_> = names.iter().map(|n| w.declare(n)).collect();
    for (i, &f) in fs.iter().enumerate() {
        let (g, h) = (fs[(i + 1) % fs.len()], fs[i]);
        let mut a = Asm::new(1);
        let base = a.label();
        a.jump(op::JLTI, 0, 2, base);
        a.op3(op::ADDI, 1, 0, -1);
        a.call(2, g, &[1]);
        a.op3(op::ADDI, 1, 0, -2);
        a.call(3, h, &[1]);
        a.op3(op::ADD, 0, 2, 3);
        a.place(base);
        a.op3(op::RET, 0, 0, 0);
        define(f, a);
    }
    let (mut x, mut y) = (0i64, 1i64);
    for _ in 0..n {
        (x, y) = (y, x + y);
    }
    Program { entry: fs[0], args: vec![Word::int(n)], expected: Outcome::Done(Word::int(x)) }
}

/// Builds `n … 1` by non-tail recursion through two functions, reverses it by
/// mutual tail recursion, and sums it by non-tail recursion through two others;
/// each element is itself a fresh pair. Six functions.
pub fn lists(w: &mut World, n: i64) -> Program {
    let [main, build_a, build_b, sum_a, sum_b, rev_a, rev_b] =
        ["main", "build_a", "build_b", "sum_a", "sum_b", "rev_a", "rev_b"].map(|s| w.declare(s));
    for (f, g) in [(build_a, build_b), (build_b, build_a)] {
        let mut a = Asm::new(1);
        let end = a.label();
        a.jump(op::JLTI, 0, 1, end);
        a.constant(3, NIL);
        a.op3(op::CONS, 3, 0, 3); // lives across the call
        a.op3(op::ADDI, 1, 0, -1);
        a.call(2, g, &[1]);
        a.op3(op::CONS, 2, 3, 2);
        a.op3(op::RET, 2, 0, 0);
        a.place(end);
        a.constant(2, NIL);
        a.op3(op::RET, 2, 0, 0);
        define(f, a);
    }
    for (f, g) in [(sum_a, sum_b), (sum_b, sum_a)] {
        let mut a = Asm::new(1);
        let end = a.label();
        a.jump(op::JNIL, 0, 0, end);
        a.op3(op::TAIL, 1, 0, 0);
        a.call(2, g, &[1]);
        a.op3(op::HEAD, 1, 0, 0);
        a.op3(op::HEAD, 1, 1, 0);
        a.op3(op::ADD, 0, 1, 2);
        a.op3(op::RET, 0, 0, 0);
        a.place(end);
        a.constant(0, Word::int(0));
        a.op3(op::RET, 0, 0, 0);
        define(f, a);
    }
    for (f, g) in [(rev_a, rev_b), (rev_b, rev_a)] {
        let mut a = Asm::new(2);
        let end = a.label();
        a.jump(op::JNIL, 0, 0, end);
        a.op3(op::HEAD, 2, 0, 0);
        a.op3(op::CONS, 2, 2, 1);
        a.op3(op::TAIL, 0, 0, 0);
        a.tail_call(g, &[0, 2]);
        a.place(end);
        a.op3(op::RET, 1, 0, 0);
        define(f, a);
    }
    let mut a = Asm::new(1);
    a.call(1, build_a, &[0]);
    a.call(2, build_b, &[0]);
    a.constant(3, NIL);
    a.call(1, rev_a, &[1, 3]);
    a.call(4, sum_a, &[2]);
    a.call(5, sum_b, &[1]);
    a.op3(op::ADD, 4, 4, 5);
    a.call_helper(5, helper::LENGTH, 1, None);
    a.op3(op::SUB, 4, 4, 5);
    a.op3(op::RET, 4, 0, 0);
    define(main, a);
    Program {
        entry: main,
        args: vec![Word::int(n)],
        expected: Outcome::Done(Word::int(n * (n + 1) - n)),
    }
}

/// Builds trees and counts them, holding one over the building of the next; a
/// loop with a back-edge keeps a growing list. Four functions.
pub fn trees(w: &mut World, depth: i64, rounds: i64) -> Program {
    let [main, make, count, count_b] = ["main", "make", "count", "count_b"].map(|s| w.declare(s));
    let mut a = Asm::new(1);
    let leaf = a.label();
    a.jump(op::JLTI, 0, 1, leaf);
    a.op3(op::ADDI, 1, 0, -1);
    a.call(2, make, &[1]);
    a.call(3, make, &[1]);
    a.op3(op::CONS, 2, 2, 3);
    a.op3(op::RET, 2, 0, 0);
    a.place(leaf);
    a.constant(1, NIL);
    a.op3(op::CONS, 1, 0, 1);
    a.op3(op::RET, 1, 0, 0);
    define(make, a);
    for (f, g) in [(count, count_b), (count_b, count)] {
        let mut a = Asm::new(1);
        let leaf = a.label();
        a.op3(op::TAIL, 1, 0, 0);
        a.jump(op::JNIL, 1, 0, leaf);
        a.op3(op::HEAD, 2, 0, 0);
        a.call(2, g, &[2]);
        a.call(3, f, &[1]);
        a.op3(op::ADD, 2, 2, 3);
        a.op3(op::RET, 2, 0, 0);
        a.place(leaf);
        a.constant(2, Word::int(1));
        a.op3(op::RET, 2, 0, 0);
        define(f, a);
    }
    // main(depth, rounds): r2 = kept list, r3 = total, r4 = round
    let mut a = Asm::new(2);
    let (top, end) = (a.label(), a.label());
    a.constant(2, NIL);
    a.constant(3, Word::int(0));
    a.constant(4, Word::int(0));
    a.place(top);
    a.jump(op::JLT, 1, 4, end); // never on the first rounds
    a.call(5, make, &[0]);
    a.op3(op::CONS, 2, 5, 2);
    a.op3(op::HEAD, 6, 2, 0);
    a.call(7, count, &[6]);
    a.op3(op::ADD, 3, 3, 7);
    a.op3(op::ADDI, 4, 4, 1);
    a.jump(op::LOOP, 0, 0, top);
    a.place(end);
    a.call_helper(5, helper::GC, 2, None);
    a.call_helper(5, helper::LENGTH, 5, None);
    a.call_helper(2, helper::PAUSE, 2, None);
    a.op3(op::HEAD, 6, 2, 0);
    a.call(7, count_b, &[6]);
    a.op3(op::ADD, 3, 3, 7);
    a.op3(op::ADD, 3, 3, 5);
    a.op3(op::RET, 3, 0, 0);
    define(main, a);
    let total = (rounds + 1) * (1 << depth) + (1 << depth) + rounds + 1;
    Program {
        entry: main,
        args: vec![Word::int(depth), Word::int(rounds)],
        expected: Outcome::Done(Word::int(total)),
    }
}

/// Recursion to depth `n`, a raise at the bottom, handlers every few levels
/// that check what they kept and raise again, one deeper in number. The kinds
/// of raise rotate: RAISE, a type error, an overflow, a helper. Four functions.
pub fn exceptions(w: &mut World, n: i64) -> Program {
    let [main, down_a, down_b, bottom] =
        ["main", "down_a", "down_b", "bottom"].map(|s| w.declare(s));
    // bottom(k): raises by kind k
    let mut a = Asm::new(1);
    let (k1, k2, k3) = (a.label(), a.label(), a.label());
    a.jump(op::JLTI, 0, 1, k1);
    a.jump(op::JLTI, 0, 2, k2);
    a.jump(op::JLTI, 0, 3, k3);
    a.call_helper(0, helper::LENGTH, 0, None); // type error in a helper
    a.op3(op::RET, 0, 0, 0);
    a.place(k1);
    a.constant(0, Word::int(77));
    a.op3(op::RAISE, 0, 0, 0);
    a.place(k2);
    a.op3(op::HEAD, 0, 0, 0);
    a.op3(op::RET, 0, 0, 0);
    a.place(k3);
    a.constant(1, Word::int((1 << 62) - 1));
    a.op3(op::ADDI, 0, 1, 1);
    a.op3(op::RET, 0, 0, 0);
    define(bottom, a);
    // down_a(n, kind): calls down_b without a handler, keeping five ints and a pair
    let mut a = Asm::new(2);
    let end = a.label();
    a.jump(op::JLTI, 0, 1, end);
    for r in 2..7 {
        a.op3(op::ADDI, r, 0, r as i16);
    }
    a.op3(op::CONS, 7, 0, 1);
    a.op3(op::ADDI, 8, 0, -1);
    a.call(8, down_b, &[8, 1]);
    for r in 2..7 {
        a.op3(op::ADD, 8, 8, r);
    }
    a.op3(op::HEAD, 7, 7, 0);
    a.op3(op::ADD, 8, 8, 7);
    a.op3(op::RET, 8, 0, 0);
    a.place(end);
    a.tail_call(bottom, &[1]);
    define(down_a, a);
    // down_b(n, kind): calls down_a under a handler; the exception e becomes the
    // value: answers head(pair) + ints + e when n is a multiple of three by the
    // count kept in the pair, else raises e + 1 again.
    let mut a = Asm::new(2);
    let (end, caught, again, wind) = (a.label(), a.label(), a.label(), a.label());
    a.jump(op::JLTI, 0, 1, end);
    for r in 2..7 {
        a.op3(op::ADDI, r, 0, r as i16);
    }
    a.op3(op::CONS, 7, 0, 1);
    a.op3(op::ADDI, 8, 0, -1);
    a.try_call(9, down_a, &[8, 1], (10, caught));
    a.op3(op::ADD, 9, 9, 2);
    a.op3(op::RET, 9, 0, 0);
    a.place(caught);
    a.op3(op::HEAD, 8, 7, 0);
    a.place(wind);
    a.op3(op::ADDI, 8, 8, -12);
    a.jump(op::JLTI, 8, 1, again);
    a.jump(op::LOOP, 0, 0, wind);
    a.place(again);
    let reraise = a.label();
    a.jump(op::JLTI, 8, 0, reraise);
    for r in 2..7 {
        a.op3(op::ADD, 10, 10, r);
    }
    a.op3(op::RET, 10, 0, 0);
    a.place(reraise);
    a.op3(op::ADDI, 10, 10, 1);
    a.op3(op::RAISE, 10, 0, 0);
    a.place(end);
    a.tail_call(bottom, &[1]);
    define(down_b, a);
    // main(n): sums down_a(n, kind) for the four kinds, each under a handler
    let mut a = Asm::new(1);
    a.constant(1, Word::int(0));
    for kind in 0..4 {
        let (caught, go_on) = (a.label(), a.label());
        a.constant(2, Word::int(kind));
        a.try_call(3, down_a, &[0, 2], (4, caught));
        a.op3(op::ADD, 1, 1, 3);
        a.jump(op::JUMP, 0, 0, go_on);
        a.place(caught);
        a.op3(op::SUB, 1, 1, 4);
        a.place(go_on);
    }
    a.op3(op::RET, 1, 0, 0);
    define(main, a);
    let expected = (0..4).fold(0, |t, kind| match reference::down_a(n, kind) {
        Ok(v) => t + v,
        Err(e) => t - e,
    });
    Program { entry: main, args: vec![Word::int(n)], expected: Outcome::Done(Word::int(expected)) }
}

mod reference {
    use super::{OVERFLOW, TYPE_ERROR};
    /// Iterative, like the machine itself.
    pub(super) fn down_a(n: i64, kind: i64) -> Result<i64, i64> {
        let mut r = Err(match kind {
            0 => 77,
            2 => OVERFLOW.as_int().expect("int"),
            _ => TYPE_ERROR.as_int().expect("int"),
        });
        for m in 1..=n {
            let ints: i64 = (2..7).map(|r| m + r).sum();
            r = if (n - m) % 2 == 0 {
                r.map(|v: i64| v + ints + m)
            } else {
                match r {
                    Ok(v) => Ok(v + m + 2),
                    Err(e) if m % 12 == 0 => Ok(e + ints),
                    Err(e) => Err(e + 1),
                }
            };
        }
        r
    }
}

/// Ten parameters (four beyond the registers), rotated by tail calls and kept
/// over ordinary ones; one of them a list. Three functions.
pub fn many_args(w: &mut World, n: i64) -> Program {
    let [main, spin, keep] = ["main", "spin", "keep"].map(|s| w.declare(s));
    // spin(n, a1..a9): n == 0 → sum of heads; else tail-calls keep with the rest rotated
    let mut a = Asm::new(10);
    let end = a.label();
    a.jump(op::JLTI, 0, 1, end);
    a.op3(op::ADDI, 0, 0, -1);
    a.tail_call(keep, &[0, 2, 3, 4, 5, 6, 7, 8, 9, 1]);
    a.place(end);
    a.constant(10, Word::int(0));
    for r in 1..10 {
        a.op3(op::HEAD, 11, r, 0);
        a.op3(op::ADD, 10, 10, 11);
        a.op3(op::ADD, 10, 10, 10);
    }
    a.op3(op::RET, 10, 0, 0);
    define(spin, a);
    // keep(n, a1..a9): r = spin(n, a1..a9); r + head(a9) if n > 0
    let mut a = Asm::new(10);
    a.call(10, spin, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    a.op3(op::HEAD, 11, 9, 0);
    a.op3(op::ADD, 10, 10, 11);
    a.op3(op::HEAD, 11, 1, 0);
    a.op3(op::ADD, 10, 10, 11);
    a.op3(op::RET, 10, 0, 0);
    define(keep, a);
    let mut a = Asm::new(1);
    a.constant(11, NIL);
    for r in 1..10 {
        a.constant(10, Word::int(r as i64));
        a.op3(op::CONS, r, 10, 11);
    }
    a.tail_call(spin, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    define(main, a);
    let mut xs: Vec<i64> = (1..10).collect();
    let mut extra = 0;
    for _ in 0..n {
        xs.rotate_left(1);
        extra += xs[8] + xs[0];
    }
    let total = xs.iter().fold(0i64, |t, x| (t + x) * 2);
    Program {
        entry: main,
        args: vec![Word::int(n)],
        expected: Outcome::Done(Word::int(total + extra)),
    }
}

/// Counts to `n` by mutual tail recursion through two functions; nil + int on the
/// way takes the slow path of addition. Two functions.
pub fn tail_loop(w: &mut World, n: i64) -> Program {
    let [even, odd] = ["even", "odd"].map(|s| w.declare(s));
    for (f, g) in [(even, odd), (odd, even)] {
        let mut a = Asm::new(2);
        let end = a.label();
        a.jump(op::JLTI, 0, 1, end);
        a.op3(op::ADDI, 0, 0, -1);
        a.constant(2, NIL);
        a.op3(op::ADD, 1, 2, 1);
        a.op3(op::ADD, 1, 2, 1); // r2 is still nil: the first slow path proved nothing
        a.op3(op::ADDI, 1, 1, 1);
        a.tail_call(g, &[0, 1]);
        a.place(end);
        a.op3(op::RET, 1, 0, 0);
        define(f, a);
    }
    Program {
        entry: even,
        args: vec![Word::int(n), Word::int(0)],
        expected: Outcome::Done(Word::int(n)),
    }
}

/// `caller` calls `id` from a loop, `n` times, `depth` frames down (`down` gets there).
pub fn calls(w: &mut World, depth: i64, n: i64) -> Program {
    let [down, caller, id] = ["down", "caller", "id"].map(|s| w.declare(s));
    let mut a = Asm::new(1);
    a.op3(op::RET, 0, 0, 0);
    define(id, a);
    let mut a = Asm::new(1);
    let (top, end) = (a.label(), a.label());
    a.place(top);
    a.jump(op::JLTI, 0, 1, end);
    a.call(1, id, &[0]);
    a.op3(op::ADDI, 0, 0, -1);
    a.jump(op::LOOP, 0, 0, top);
    a.place(end);
    a.op3(op::RET, 0, 0, 0);
    define(caller, a);
    let mut a = Asm::new(2);
    let end = a.label();
    a.jump(op::JLTI, 0, 1, end);
    a.op3(op::ADDI, 0, 0, -1);
    a.call(0, down, &[0, 1]);
    a.op3(op::RET, 0, 0, 0);
    a.place(end);
    a.call(0, caller, &[1]);
    a.op3(op::RET, 0, 0, 0);
    define(down, a);
    let args = vec![Word::int(depth), Word::int(n)];
    Program { entry: down, args, expected: Outcome::Done(Word::int(0)) }
}

/// Counts down from `n`: by a self tail call, or in a loop within the function.
pub fn count(w: &mut World, n: i64, tail_call: bool) -> Program {
    let f = w.declare("count");
    let mut a = Asm::new(1);
    let (top, end) = (a.label(), a.label());
    a.place(top);
    a.jump(op::JLTI, 0, 1, end);
    a.op3(op::ADDI, 0, 0, -1);
    if tail_call {
        a.tail_call(f, &[0]);
    } else {
        a.jump(op::LOOP, 0, 0, top);
    }
    a.place(end);
    a.op3(op::RET, 0, 0, 0);
    define(f, a);
    Program { entry: f, args: vec![Word::int(n)], expected: Outcome::Done(Word::int(0)) }
}
