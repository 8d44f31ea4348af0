//! The atomics and locks of the mailbox, the run state, the replies and the workers, in one place: the model checks
//! (`mesh/model`) compile the same files over another such module.

mod cell;
mod spin;

pub use std::hint::spin_loop;
pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
pub use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
pub use std::thread::yield_now;

pub use cell::UnsafeCell;
pub use spin::{Spin, SpinGuard};

/// Locks; a panic under the lock leaves what it guards whole, since no code of the user's runs under any of these locks.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
