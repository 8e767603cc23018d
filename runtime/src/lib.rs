//! Many processes: schedulers, signals, timers, I/O and the natives.
