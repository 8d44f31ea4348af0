//! What a link takes: within its window, while it is open.

use super::{Phase, State};
use crate::call::CallErrorKind;
use crate::link::backlog::window_len;
use crate::wire::envelope::{Envelope, Lane};
use crate::wire::session::{WAITING_WINDOWS, Window};

impl State {
    /// Whether a small envelope would be taken; also when there is nothing to wait for any more.
    pub(in crate::link) fn has_room(&self) -> bool {
        !self.is_open() || self.session.admits(Lane::Data, 0)
    }

    /// As [`State::has_room`], for an envelope.
    pub(in crate::link) fn has_room_for(&self, envelope: &Envelope) -> bool {
        !self.is_open()
            || if self.large.takes(envelope) {
                self.large.admits(envelope, self.window_of(envelope))
            } else {
                self.admits(envelope, len_of(envelope))
            }
    }

    /// The window for an envelope: those whose senders wait for an answer may stand behind a full one.
    pub(super) fn window_of(&self, envelope: &Envelope) -> Window {
        let window = self.session.window();
        if envelope.headers.reply_to.is_some() { window.times(WAITING_WINDOWS) } else { window }
    }

    pub(super) fn admits(&self, envelope: &Envelope, len_bytes: u64) -> bool {
        let lane = envelope.bound_lane();
        if envelope.headers.reply_to.is_some() {
            self.session.admits_waiting(lane, len_bytes)
        } else {
            self.session.admits(lane, len_bytes)
        }
    }

    pub(super) fn check_open(&self) -> Result<(), CallErrorKind> {
        if let Phase::Closing { reason, .. } | Phase::Closed { reason } = &self.phase {
            return Err(CallErrorKind::Unreachable { reason: reason.clone() });
        }
        Ok(())
    }

    pub(super) fn check_room(&self, has_room: bool) -> Result<(), CallErrorKind> {
        if has_room {
            return Ok(());
        }
        Err(CallErrorKind::MailboxFull { capacity: self.session.window().messages })
    }
}

/// What an envelope counts in the window, in bytes.
pub(in crate::link) fn len_of(envelope: &Envelope) -> u64 {
    envelope.payload().map_or(size_of::<Envelope>() as u64, window_len)
}
