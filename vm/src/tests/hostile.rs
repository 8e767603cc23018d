//! Damaged files: whatever still verifies runs without harm, whatever it then does.

use super::*;
use rata_bytecode::decode::decode_unchecked_checksums;
use rata_bytecode::encode;
use rata_bytecode::module::Package;

use crate::value::{Pid, Value};
use crate::{Fragment, Heap, Origin, Outcome, Process, run};

/// A small generator: the tests must find the same files every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let builds = vec![
        calls::fib(),
        calls::tail_loop(),
        calls::deep(),
        processes::receiver(),
        errors::catcher(),
        modules::constant(),
        values::collector(),
    ];
    builds.into_iter().map(|b| encode(&Package { modules: vec![b.module], entry: None })).collect()
}

/// Runs every function a package exports for a few turns, collecting at every safepoint.
fn exercise(package: &Package, dice: &mut Dice) -> bool {
    let vm = vm_with(&[]);
    let Ok(modules) = vm.load(package, Origin::Program) else { return false };
    for index in modules {
        assert!(vm.listing(index).is_some());
        let Some((main, arities)) = vm.exported(index, crate::sym::MAIN) else { continue };
        let heap = Heap::new();
        let mut call = vec![main];
        call.extend((0..arities[0]).map(|_| Value::count(dice.roll(12))));
        let mut process = Process::new(Pid::new(1, 1));
        process.heap.set_stress(true);
        process.heap.set_limit(1 << 18);
        process.start(&vm, Fragment::copy_of(heap.list(&call)));
        let mut host = TestHost::default();
        for _ in 0..40 {
            process.core.mailbox.push(Fragment::copy_of(heap.list(&[main, Value::TRUE])));
            match run(&mut process, &vm, &mut host, 1 + dice.roll(30) as i64) {
                Outcome::Yield => {}
                Outcome::Wait(_) => process.time_out(),
                _ => break,
            }
        }
    }
    true
}

#[test]
fn damaged_files_do_no_harm() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut loaded = 0;
    for seed in seeds() {
        assert!(exercise(&rata_bytecode::decode(&seed).expect("a whole file"), &mut dice));
        for _ in 0..1500 {
            let mut bytes = seed.clone();
            for _ in 0..1 + dice.roll(3) {
                let at = dice.roll(bytes.len());
                bytes[at] = match dice.roll(3) {
                    0 => bytes[at].wrapping_add(1),
                    1 => bytes[at] ^ 1 << dice.roll(8),
                    _ => dice.roll(256) as u8,
                };
            }
            if let Ok(package) = decode_unchecked_checksums(&bytes) {
                loaded += exercise(&package, &mut dice) as u32;
            }
        }
    }
    println!("{loaded} damaged files ran");
    assert!(loaded > 500, "only {loaded} damaged files ran");
}
