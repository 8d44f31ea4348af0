//! The concurrent core of `mesh`, compiled over the primitives of a model checker.
//!
//! The files are those of `mesh/src`, by their paths, not copies of them: all that they use of threads they take from
//! `crate::sync` and, the workers, from `tokio`, and here these names mean [loom]'s atomics, locks and threads, and a
//! runtime made of such threads. loom runs each test of `tests/` in every order of their steps, up to a number of
//! preemptions, and with every value that a load may see by the rules of C11; a thread that waits for ever is a deadlock,
//! and fails the test. Each test says what it was seen to catch.
//!
//! [`sync::Spin`] is a mutex of loom's to what is above it: that the real one is a lock is a model of its own
//! ([`spin`]), so that the looks of those who wait at it do not multiply the orders of everything else.

// What `mesh` takes from tokio is found here.
extern crate self as tokio;

#[macro_use]
pub mod local;

pub mod alone;
pub mod runtime;
pub mod sync;
pub mod task;
pub mod time;

mod beside;
pub use beside::{activity, call, clock};

pub mod actor;
pub mod mailbox;
pub mod worker;

/// The real lock, over loom's atomics.
pub mod spin {
    pub use crate::sync::real::{Spin, SpinGuard};
}
