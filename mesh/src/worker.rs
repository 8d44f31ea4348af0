//! Workers: tokio tasks that run what is ready.
//!
//! What is run by them is one allocation that is queued only when it has something to do: no task of its own. A proc
//! has as many workers as its runtime has threads. They are plain tokio tasks, so that paused time, timers and the
//! threads of the runtime stay what they are, and they are started when there is something to run for the first time.
//!
//! ```text
//!              ┌ pushed by the turn of a worker ──► its own queue ─┐        ┌► a turn
//! push(ready) ─┤                                                   ├─ next ─┤
//!              └ by anyone else ──────────────► shared queue ──────┘        └► idle: sleeps
//!                                                 others steal half of a queue that is not empty
//! ```
//!
//! Invariants
//! - `WORK-1` what is pushed is run, by a worker, or by whoever finds the runtime gone.
//! - `WORK-2` no worker sleeps while there is something in the shared queue.
//! - `WORK-3` what is queued behind a turn that blocks its thread can be taken by the other workers.
//! - `WORK-4` when the runtime ends, `on_close` runs once, before anything else that is pushed.

mod pool;

pub use pool::{Nested, Run, Workers};

#[cfg(test)]
mod tests;
