//! Whether something is to be run, is queued, and is run.

use crate::sync::{AtomicU8, Ordering};

/// It is to be run.
const NOTIFIED: u8 = 1;
/// Somebody runs it.
const RUNNING: u8 = 2;
/// There is an entry for it in a queue: perhaps an old one, if it was run from elsewhere meanwhile.
const QUEUED: u8 = 4;

/// Whether something is to be run, is queued, and is run: by one at a time.
///
/// Invariants: `NOTIFIED` without `RUNNING` implies `QUEUED`; there is at most one entry in all queues.
#[derive(Debug)]
pub struct RunState(AtomicU8);

impl Default for RunState {
    /// At rest.
    fn default() -> RunState {
        RunState(AtomicU8::new(0))
    }
}

impl RunState {
    fn update(&self, f: impl Fn(u8) -> Option<u8>) -> Result<u8, u8> {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, f)
    }

    /// It is to be run. Whether the caller is to queue it.
    #[must_use]
    pub fn notify(&self) -> bool {
        let next =
            |state| Some(if state & RUNNING == 0 { state | NOTIFIED | QUEUED } else { state | NOTIFIED });
        self.update(next).is_ok_and(|before| before & (RUNNING | QUEUED) == 0)
    }

    /// An entry was taken out of a queue. Whether the caller is to run it.
    #[must_use]
    pub fn dequeued(&self) -> bool {
        let next = |state| match state & (NOTIFIED | RUNNING) {
            NOTIFIED => Some(RUNNING),
            _ => Some(state & !QUEUED),
        };
        self.update(next).is_ok_and(|before| before & (NOTIFIED | RUNNING) == NOTIFIED)
    }

    /// Takes it from its queue, whose entry stays. Whether the caller is to run it.
    #[must_use]
    pub fn claim(&self) -> bool {
        let next = |state| (state & (NOTIFIED | RUNNING) == NOTIFIED).then_some(RUNNING | QUEUED);
        self.update(next).is_ok()
    }

    /// It has run; `again` when there is more to do. Whether the caller is to queue it.
    #[must_use]
    pub fn ran(&self, again: bool) -> bool {
        let next = |state| {
            let rest = state & QUEUED;
            Some(if again || state & NOTIFIED != 0 { NOTIFIED | QUEUED } else { rest })
        };
        self.update(next).is_ok_and(|before| (again || before & NOTIFIED != 0) && before & QUEUED == 0)
    }
}
