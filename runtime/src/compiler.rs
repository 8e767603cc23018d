//! The thread that compiles hot functions to machine code, and what profilers are told of it.
//!
//! In: a node. Out: a thread that works from the first hot function until the program ends; `/tmp/perf-<pid>.map` if asked for.

use crate::node::Node;
use crate::report;
use parking_lot::Mutex;
use rata_vm::Compiled;
use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// Compiling recurses a little over the code compiled, whose size is bounded.
const STACK: usize = 4 << 20;

/// Has the thread started once there is something for it to do.
pub fn prepare(node: &Arc<Node>) -> io::Result<()> {
    if !node.vm.has_compiler() {
        return Ok(());
    }
    if node.options.perf_map {
        let file = File::create(format!("/tmp/perf-{}.map", std::process::id()))?;
        let file = Mutex::new(file);
        node.vm.observe_code(Box::new(move |code| note(&mut file.lock(), &code)));
    }
    if !node.options.jit.synchronous {
        let weak = Arc::downgrade(node);
        node.vm.when_first_hot(Box::new(move || {
            if let Some(node) = weak.upgrade() {
                start(node);
            }
        }));
    }
    Ok(())
}

fn start(node: Arc<Node>) {
    let work = move || {
        if let Err(cause) = catch_unwind(AssertUnwindSafe(|| node.vm.compile_hot_functions())) {
            report::broken(&node, &*cause);
        }
    };
    // Where the system gives no thread the program runs as well, only slower.
    let _ = thread::Builder::new().name("rata-jit".to_owned()).stack_size(STACK).spawn(work);
}

fn note(file: &mut File, code: &Compiled) {
    // A profile without names is no reason to fail.
    let _ = writeln!(file, "{:x} {:x} {}", code.address, code.bytes, code.name);
}
