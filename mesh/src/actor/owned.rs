//! What belongs to whoever runs an actor.

#![expect(unsafe_code, reason = "no lock for what the mailbox gives to one thread at a time; see below")]

use std::cell::UnsafeCell;

/// A value of the one who runs an actor: the mailbox says who that is, under its lock (`MAIL-4`), so a second lock
/// would only say the same again.
pub(super) struct Owned<T>(UnsafeCell<T>);

// SAFETY: it is reached by one thread at a time, as `get` demands, so it only moves between threads.
unsafe impl<T: Send> Sync for Owned<T> {}

impl<T> Owned<T> {
    pub(super) const fn new(value: T) -> Owned<T> {
        Owned(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// The caller has the consumer of the mailbox (`MAIL-4`), from before the call to after the last use of what it
    /// gets, and gets it once at a time. What an earlier owner wrote is seen: both were under the mailbox's lock between.
    #[expect(clippy::mut_from_ref, reason = "exclusive by the rule above")]
    pub(super) unsafe fn get(&self) -> &mut T {
        // SAFETY: nobody else has a reference, as the caller promises.
        unsafe { &mut *self.0.get() }
    }
}
