//! How fast plain instructions and calls are, as a sanity check (printed, with generous bounds).

use std::time::Instant;

use super::calls::{fib, tail_loop};
use super::*;

#[test]
fn instructions_and_calls_are_fast() {
    for (name, build, arg, units) in
        [("fib(27)", fib(), 27, 832_040.0 * 6.0), ("loop", tail_loop(), 3_000_000, 3e6 * 4.0)]
    {
        let program = Program::new(vec![build]);
        let start = Instant::now();
        program.run(&[arg], PLAIN);
        let ns = start.elapsed().as_nanos() as f64 / units;
        println!("{name}: {ns:.2} ns per instruction");
        // Unoptimised builds and busy machines are many times slower than this measures.
        assert!(ns < 1000.0, "{name}: {ns} ns per instruction");
    }
}
