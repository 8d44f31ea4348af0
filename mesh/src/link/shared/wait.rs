//! Waiting for what becomes of a link, or of what was posted to it.

use super::{Shared, State};

impl Shared {
    /// Asks the other side to acknowledge at once; gives the number of the last envelope posted, or `None` when all is
    /// acknowledged.
    pub(in crate::link) fn ask_for_ack(&self) -> Option<u64> {
        let mut state = self.lock();
        let last = state.session.sent();
        if state.is_acknowledged(last) {
            return None;
        }
        state.asked = Some((last, false));
        self.release(state);
        Some(last)
    }

    /// Waits until everything that has been posted is acknowledged, or the link is lost; not for what is posted later.
    pub(in crate::link) async fn flush(&self) {
        let taken = self.lock().large.taken();
        self.until(|state| state.large.has_sent(taken)).await;
        if let Some(last) = self.ask_for_ack() {
            self.until(|state| state.is_acknowledged(last)).await;
        }
    }

    /// Tells those who wait for acknowledgements.
    pub(in crate::link) fn progressed(&self) {
        self.progress.notify_waiters();
    }

    /// Waits until the link is over.
    pub(in crate::link) async fn lost(&self) {
        let mut lost = std::pin::pin!(self.lost.notified());
        lost.as_mut().enable();
        if !self.lock().is_closed() {
            lost.await;
        }
    }

    /// Waits until `done`, or until the link is over.
    pub(in crate::link) async fn until(&self, done: impl Fn(&State) -> bool) {
        loop {
            let mut progress = std::pin::pin!(self.progress.notified());
            progress.as_mut().enable();
            {
                let state = self.lock();
                if done(&state) || state.is_closed() {
                    return;
                }
            }
            progress.await;
        }
    }
}
