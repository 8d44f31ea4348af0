//! `mesh/src/worker.rs`.

#[path = "../../src/worker/pool.rs"]
mod pool;

pub use pool::{Nested, Run, Workers};
