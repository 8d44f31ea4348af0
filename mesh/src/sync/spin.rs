//! A lock for a few instructions.
//!
//! Locking is one atomic read-modify-write, unlocking a plain store, where `std::sync::Mutex` needs a second
//! read-modify-write to learn whether somebody sleeps on it. Nobody sleeps here: who finds it locked looks again, and
//! lets other threads run when that takes longer than a holder needs, which is when the holder was preempted. So what is
//! done under it must be short and never wait: it guards the queues of mailboxes and workers, and places of replies.
//!
//! Measured with a message between two actors, of which six such locks were the most of the cost: 205 ns a hop before.

#![expect(unsafe_code, reason = "a lock that costs half of the standard one; see the proofs below")]

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{AtomicBool, Ordering, spin_loop, yield_now};

/// How often a waiter looks before it lets other threads run.
const LOOKS: u32 = 64;

/// A value behind a lock that is held for a few instructions.
pub struct Spin<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard, or `&mut self`, only, and there is one guard at a time.
unsafe impl<T: Send> Send for Spin<T> {}
// SAFETY: as above; a guard gives `&mut T` to one thread at a time, for which `T: Send` is enough.
unsafe impl<T: Send> Sync for Spin<T> {}

impl<T> Spin<T> {
    /// A value, unlocked.
    pub fn new(value: T) -> Spin<T> {
        Spin { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Locks. Not reentrant: a thread that holds it must not lock it again.
    #[inline]
    pub fn lock(&self) -> SpinGuard<'_, T> {
        if self.locked.swap(true, Ordering::Acquire) {
            self.wait();
        }
        SpinGuard { spin: self }
    }

    #[cold]
    fn wait(&self) {
        loop {
            for _ in 0..LOOKS {
                spin_loop();
                if !self.locked.load(Ordering::Relaxed) && !self.locked.swap(true, Ordering::Acquire) {
                    return;
                }
            }
            yield_now();
        }
    }
}

impl<T: Default> Default for Spin<T> {
    fn default() -> Spin<T> {
        Spin::new(T::default())
    }
}

impl<T> fmt::Debug for Spin<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spin")
    }
}

/// The value, locked until this is dropped.
pub struct SpinGuard<'s, T> {
    spin: &'s Spin<T>,
}

// SAFETY: it is a `&mut T` in all but name; only `Sync` would follow wrongly from what it holds.
unsafe impl<T: Sync> Sync for SpinGuard<'_, T> {}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held, so nobody else has a reference that can write.
        unsafe { &*self.spin.value.get() }
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard is borrowed mutably: this is the only reference.
        unsafe { &mut *self.spin.value.get() }
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // What was written under the lock is seen by who locks next: it acquires what this releases.
        self.spin.locked.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_is_in() {
        const EACH: u64 = if cfg!(miri) { 200 } else { 50_000 };
        let spin = Spin::new((0_u64, 0_u64));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let mut pair = spin.lock();
                        pair.0 += 1;
                        // Torn if two were in.
                        assert_eq!(pair.0, pair.1 + 1);
                        pair.1 += 1;
                    }
                });
            }
        });
        assert_eq!(*spin.lock(), (4 * EACH, 4 * EACH));
    }

    #[test]
    fn a_panic_unlocks() {
        let spin = Spin::new(0);
        let hit = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _guard = spin.lock();
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(hit.is_err());
        *spin.lock() += 1;
    }
}
