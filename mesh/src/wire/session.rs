//! The session: numbers what is sent, keeps it until it is acknowledged, and accepts what arrives in order (`DEL-2`).
//!
//! ```text
//! send ─► [ to be written │ written, unacknowledged ] ──acknowledged──► gone
//!                 ▲──────── resume ────────┘  └───────── at the end ──► returned, oldest first
//! ```
//!
//! Pure: no connection, no clock. A session outlives its connections: on the next one, either side first says how far
//! it has received, and the other goes on from there ([`Session::resume`]).
//!
//! Invariants
//! - `SESSION-1` sent = acknowledged + unacknowledged, in the order sent; what is returned is exactly the latter.
//! - `SESSION-2` numbers arrive without gaps. A number below the next one is a repetition and ignored; a number above
//!   it means that something was lost, and is an error.
//! - `SESSION-3` what stands in [`Lane::Data`] and is not acknowledged is within the [`Window`]; only an envelope
//!   larger than the whole window may be alone in it. [`Lane::Control`] is always admitted.
//! - `SESSION-4` acknowledged ≤ written ≤ sent. Over any number of connections, each of which carries a prefix of what
//!   was written to it, every message is received exactly once and in order.

use std::collections::VecDeque;

use super::envelope::{Envelope, Lane};

/// The most messages of [`Lane::Data`] on a link that are not acknowledged, by default.
pub const WINDOW_MESSAGES: u64 = 8192;

/// The most bytes of [`Lane::Data`] on a link that are not acknowledged, by default.
pub const WINDOW_BYTES: u64 = 32 << 20;

/// How much of a window may arrive before it is acknowledged without waiting for a frame that could carry it: a quarter.
const ACK_PART: u64 = 4;

/// How much may be unacknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// In messages.
    pub messages: u64,
    /// In bytes, parts included.
    pub len_bytes: u64,
}

impl Default for Window {
    fn default() -> Window {
        Window { messages: WINDOW_MESSAGES, len_bytes: WINDOW_BYTES }
    }
}

/// How the other side broke the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A number was left out.
    #[error("message {expected} was to come, but message {found} came")]
    Gap {
        /// The number that was to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// Something was acknowledged that has not been sent.
    #[error("message {acknowledged} was acknowledged, but only {sent} were sent")]
    AckBeyondSent {
        /// The number acknowledged.
        acknowledged: u64,
        /// The last number sent.
        sent: u64,
    },
    /// The other side says that it has received less than it has acknowledged.
    #[error(
        "message {acknowledged} was acknowledged before, and now only {received} are said to have arrived"
    )]
    Forgotten {
        /// The number acknowledged before.
        acknowledged: u64,
        /// What is said now.
        received: u64,
    },
}

/// What to do with a message that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is the next one: hand it on.
    Next,
    /// It was here before: drop it.
    Repeated,
}

/// Both directions of one session.
#[derive(Debug)]
pub struct Session {
    window: Window,
    sent: u64,
    kept: VecDeque<Kept>,
    kept_messages: u64,
    kept_bytes: u64,
    /// How many of the kept have been written to this connection.
    written: usize,
    received: u64,
    /// The acknowledgement that was last given to a frame.
    told: u64,
    untold_bytes: u64,
    ack_wanted: bool,
}

/// An envelope that is not acknowledged. Its number follows from its place.
#[derive(Debug)]
struct Kept {
    envelope: Envelope,
    len_bytes: u64,
}

impl Session {
    /// A session in which nothing has been sent yet.
    pub fn new(window: Window) -> Session {
        Session {
            window,
            sent: 0,
            kept: VecDeque::new(),
            kept_messages: 0,
            kept_bytes: 0,
            written: 0,
            received: 0,
            told: 0,
            untold_bytes: 0,
            ack_wanted: false,
        }
    }

    /// Whether `len_bytes` more in `lane` fit into the window (`SESSION-3`).
    pub fn admits(&self, lane: Lane, len_bytes: u64) -> bool {
        let fits = self.kept_messages < self.window.messages
            && self.kept_bytes.saturating_add(len_bytes) <= self.window.len_bytes;
        lane == Lane::Control || fits || self.kept_messages == 0
    }

    /// The number that the next envelope sent will have.
    pub fn next_seq(&self) -> u64 {
        self.sent + 1
    }

    /// Keeps an envelope of `len_bytes` on the wire, and gives its number. That it is admitted was asked before.
    pub fn send(&mut self, envelope: Envelope, len_bytes: u64) -> u64 {
        self.sent += 1;
        if envelope.headers.lane == Lane::Data {
            self.kept_messages += 1;
            self.kept_bytes += len_bytes;
        }
        self.kept.push_back(Kept { envelope, len_bytes });
        self.sent
    }

    /// The other side has received everything up to `acknowledged`. Gives whether that was news.
    ///
    /// # Errors
    /// [`SessionError::AckBeyondSent`].
    pub fn acked(&mut self, acknowledged: u64) -> Result<bool, SessionError> {
        if acknowledged > self.sent {
            return Err(SessionError::AckBeyondSent { acknowledged, sent: self.sent });
        }
        let before = self.acknowledged();
        for _ in before..acknowledged {
            let kept = self.kept.pop_front().expect("SESSION-1");
            self.written = self.written.saturating_sub(1);
            if kept.envelope.headers.lane == Lane::Data {
                self.kept_messages -= 1;
                self.kept_bytes -= kept.len_bytes;
            }
        }
        Ok(acknowledged > before)
    }

    /// The oldest message that is not written to this connection yet, and its number.
    pub fn unwritten(&self) -> Option<(u64, &Envelope)> {
        let kept = self.kept.get(self.written)?;
        Some((self.acknowledged() + self.written as u64 + 1, &kept.envelope))
    }

    /// The oldest message that was not written to this connection is written to it now.
    pub fn wrote(&mut self) {
        debug_assert!(self.written < self.kept.len(), "SESSION-4");
        self.written += 1;
    }

    /// There is a new connection, and the other side says that it has received everything up to `received`: what comes
    /// after it is to be written again. Gives whether anything was acknowledged by that.
    ///
    /// # Errors
    /// [`SessionError`]: the other side has forgotten, or speaks of another session. The session has then not changed.
    pub fn resume(&mut self, received: u64) -> Result<bool, SessionError> {
        let acknowledged = self.acknowledged();
        if received < acknowledged {
            return Err(SessionError::Forgotten { acknowledged, received });
        }
        let news = self.acked(received)?;
        self.written = 0;
        Ok(news)
    }

    /// A message with the number `seq` has arrived.
    ///
    /// # Errors
    /// [`SessionError::Gap`]; the session has then not changed.
    pub fn received(&mut self, seq: u64, len_bytes: u64) -> Result<Arrival, SessionError> {
        let expected = self.received + 1;
        if seq > expected {
            return Err(SessionError::Gap { expected, found: seq });
        }
        if seq < expected {
            // The acknowledgement may have been lost with a connection: say it again.
            self.ack_wanted = true;
            return Ok(Arrival::Repeated);
        }
        self.received = seq;
        self.untold_bytes += len_bytes;
        Ok(Arrival::Next)
    }

    /// The other side waits for an acknowledgement.
    pub fn want_ack(&mut self) {
        self.ack_wanted = true;
    }

    /// Whether an acknowledgement must go out now, if need be in a frame of its own.
    pub fn ack_due(&self) -> bool {
        self.ack_wanted
            || self.received - self.told >= self.window.messages.div_ceil(ACK_PART)
            || self.untold_bytes >= self.window.len_bytes.div_ceil(ACK_PART)
    }

    /// Whether anything has arrived that is not acknowledged; it must be after some idle time.
    pub fn ack_pending(&self) -> bool {
        self.ack_wanted || self.received > self.told
    }

    /// The number up to which everything has arrived.
    pub fn received_up_to(&self) -> u64 {
        self.received
    }

    /// The acknowledgement for a frame that goes out now.
    pub fn take_ack(&mut self) -> u64 {
        self.told = self.received;
        self.untold_bytes = 0;
        self.ack_wanted = false;
        self.received
    }

    /// The last number sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The number up to which the other side has received everything.
    pub fn acknowledged(&self) -> u64 {
        self.sent - self.kept.len() as u64
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Ends: everything that is not acknowledged, oldest first.
    pub fn into_returned(self) -> Vec<Envelope> {
        self.kept.into_iter().map(|kept| kept.envelope).collect()
    }
}

#[cfg(test)]
mod tests;
