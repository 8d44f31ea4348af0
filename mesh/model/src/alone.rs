//! What one thread at a time may touch.

#![expect(unsafe_code, reason = "shared, to see whether it is touched by two; there is nothing in it")]

use loom::cell::UnsafeCell;

/// Fails the model when two threads touch it with no order between them.
#[derive(Debug, Default)]
pub struct Alone(UnsafeCell<()>);

// SAFETY: there is nothing in it that could be read or written.
unsafe impl Sync for Alone {}

impl Alone {
    /// Touches it while `f` runs.
    pub fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.with_mut(|_| f())
    }
}
