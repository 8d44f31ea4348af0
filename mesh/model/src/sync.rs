//! What `mesh/src/sync.rs` is, of loom.

pub use loom::hint::spin_loop;
pub use loom::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
pub use loom::sync::{Mutex, MutexGuard};
pub use loom::thread::yield_now;
// Counts of references are not what is checked, and only the standard one points to a `dyn`.
pub use std::sync::{Arc, PoisonError, Weak};

#[path = "../../src/sync/spin.rs"]
pub(crate) mod real;

/// A flag whose `swap` stores only what changes it: loom's own takes a `true` over a `true` for one that may come after the
/// `false` that follows it, against the rule that nothing is between a read-modify-write and what it has read.
#[derive(Debug, Default)]
pub struct AtomicBool(loom::sync::atomic::AtomicBool);

impl AtomicBool {
    /// A flag.
    pub fn new(value: bool) -> AtomicBool {
        AtomicBool(loom::sync::atomic::AtomicBool::new(value))
    }

    /// As of the standard one.
    pub fn load(&self, order: Ordering) -> bool {
        self.0.load(order)
    }

    /// As of the standard one.
    pub fn store(&self, value: bool, order: Ordering) {
        self.0.store(value, order);
    }

    /// As of the standard one.
    pub fn swap(&self, value: bool, order: Ordering) -> bool {
        let found = match order {
            Ordering::AcqRel => Ordering::Acquire,
            Ordering::Release => Ordering::Relaxed,
            order => order,
        };
        self.0.compare_exchange(!value, value, order, found).unwrap_or_else(|same| same)
    }
}

/// A cell that is written once more when it ends: who reads it then, or has read it with no order to its end, has read
/// memory that was freed.
#[derive(Debug)]
pub struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell.
    pub fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(loom::cell::UnsafeCell::new(value))
    }

    /// As loom's.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.0.with(f)
    }

    /// As loom's.
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }
}

impl<T> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.with_mut(|_| ());
        }
    }
}

/// As in `mesh`.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A lock, as [`crate::spin::Spin`] is one.
#[derive(Default)]
pub struct Spin<T>(Mutex<T>);

/// The value, locked until this is dropped.
pub type SpinGuard<'s, T> = MutexGuard<'s, T>;

impl<T> Spin<T> {
    /// A value, unlocked.
    pub fn new(value: T) -> Spin<T> {
        Spin(Mutex::new(value))
    }

    /// Locks.
    pub fn lock(&self) -> SpinGuard<'_, T> {
        lock(&self.0)
    }
}

impl<T> std::fmt::Debug for Spin<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spin")
    }
}
