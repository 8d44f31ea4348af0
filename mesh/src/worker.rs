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
//! Fairness: the queues are in the order of the pushes, and a turn has its share of a round through the worker's queue: 4,096
//! messages in all, but 8 to 128 for each. So what is queued waits for 4,096 messages of others, or for 8 of each where there
//! are more than 512; what is pushed from outside for as much once more, since it is moved to a worker every 61 turns. What a
//! turn makes is run first, the last made first, so that a tree of actors grows branch by branch in memory that is used
//! again: four of those, then one of the others. After 64 turns or 1,024 messages a worker lets the runtime's other tasks run.
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
