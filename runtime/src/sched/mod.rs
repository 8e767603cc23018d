//! Schedulers: one worker thread per core takes bodies from run queues and gives each a turn.
//!
//! A worker looks, in this order, at: expired timers, its own queues by priority, work of others
//! (injected or stolen). With nothing to do it spins briefly, then parks until someone wakes it or its
//! next timer is due. `queue` holds bodies, `idle` the parked workers, `timer` the deadlines, `pool`
//! the threads for what blocks; `worker` is the loop, `turn` one process's turn, `post` how
//! signals reach it, `gather` how many messages become one, `receive` what they do, `exit` its end; `chance` is who is next in a deterministic run.

pub mod chance;
pub mod exit;
pub mod gather;
pub mod idle;
pub mod pool;
pub mod post;
pub mod queue;
pub mod receive;
pub mod shard;
pub mod timer;
pub mod turn;
pub mod worker;
