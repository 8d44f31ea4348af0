//! Failures that are heard after the messages which were accepted before them (`ACTOR-6`).

use std::collections::VecDeque;

use crate::supervision::Failure;

/// Failures that came while messages were queued, each with `T`. Empty, as most often, it is a word.
#[expect(clippy::box_collection, reason = "every actor has one, and nearly none has anything in it")]
pub(super) struct Behind<T>(Option<Box<VecDeque<Waiting<T>>>>);

/// Behind how many messages that were ever accepted, and what.
type Waiting<T> = (u64, Box<Failure>, T);

impl<T> Behind<T> {
    pub(super) fn nothing() -> Behind<T> {
        Behind(None)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[cold]
    pub(super) fn push(&mut self, accepted: u64, failure: Box<Failure>, with: T) {
        self.0.get_or_insert_default().push_back((accepted, failure, with));
    }

    /// Takes the next, whatever it is behind.
    pub(super) fn take(&mut self) -> Option<(Box<Failure>, T)> {
        self.next_after(u64::MAX)
    }

    /// Takes the next if it is behind no more than so many.
    pub(super) fn next_after(&mut self, begun: u64) -> Option<(Box<Failure>, T)> {
        let waiting = self.0.as_mut()?;
        let next = waiting.pop_front_if(|(after, ..)| *after <= begun);
        if waiting.is_empty() {
            self.0 = None;
        }
        next.map(|(_, failure, with)| (failure, with))
    }
}
