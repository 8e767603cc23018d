//! The interpreter: runs a process's code until its turn is over.
//!
//! In: a process, the VM, the host, a budget of reductions. Out: an [`Outcome`].
//!
//! `run` is the match loop, `machine` its access to frames and code, `calls` all calls but the
//! plain one, `rare` the instructions without a fast path, `env` the way out for collections and raised
//! values, `answer` what natives answered, `receive` mailboxes. It never recurses natively: a rata call pushes a frame on the process's own stack.

mod answer;
mod calls;
pub(crate) mod env;
pub(crate) mod machine;
mod rare;
pub(crate) mod receive;
mod run;
#[cfg(all(feature = "jit", target_arch = "x86_64", target_os = "linux"))]
mod single;
mod special;

use crate::native::Host;
use crate::process::{Outcome, Process};
use crate::vm::Vm;

/// Runs a process for about so many reductions.
pub fn run(process: &mut Process, vm: &Vm, host: &mut dyn Host, budget: i64) -> Outcome {
    process.core.budget = budget;
    let outcome = run::execute(process, vm, host);
    let core = &mut process.core;
    let used = budget.saturating_sub(core.budget).max(0) as u64;
    core.reductions = core.reductions.saturating_add(used);
    outcome
}
