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
//! - `SESSION-3` what stands in [`Lane::Data`] and is not acknowledged is within the [`Window`], and, with those whose
//!   senders wait for an answer, within [`WAITING_WINDOWS`] of it; only an envelope larger than all of that may be alone
//!   in it. [`Lane::Control`] is always admitted.
//! - `SESSION-4` acknowledged ≤ written ≤ sent. Over any number of connections, each of which carries a prefix of what
//!   was written to it, every message is received exactly once and in order.

use std::collections::VecDeque;

use super::envelope::Lane;

/// The most messages of [`Lane::Data`] on a link that are not acknowledged, by default.
pub const WINDOW_MESSAGES: u64 = 8192;

/// The most bytes of [`Lane::Data`] on a link that are not acknowledged, by default.
pub const WINDOW_BYTES: u64 = 32 << 20;

/// How many windows those may fill whose senders wait for an answer: they take their places behind a full window, as
/// calls and waiting sends do in front of a full mailbox, while plain sends are refused.
pub const WAITING_WINDOWS: u64 = 2;

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

impl Window {
    /// As many windows in one.
    pub fn times(self, count: u64) -> Window {
        Window {
            messages: self.messages.saturating_mul(count),
            len_bytes: self.len_bytes.saturating_mul(count),
        }
    }
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

/// Both directions of one session. It keeps a `K` for each message that is not acknowledged: what its owner needs to
/// write it again.
#[derive(Debug)]
pub struct Session<K> {
    window: Window,
    sent: u64,
    kept: VecDeque<Kept<K>>,
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

/// A message that is not acknowledged. Its number follows from its place.
#[derive(Debug)]
struct Kept<K> {
    what: K,
    /// What it counts in the window; 0 in [`Lane::Control`], with the lowest bit as the mark of [`Lane::Data`].
    counted: u64,
}

/// The mark of a message that counts in the window.
const COUNTED: u64 = 1;

impl<K> Session<K> {
    /// A session in which nothing has been sent yet.
    pub fn new(window: Window) -> Session<K> {
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
        self.admits_within(self.window, lane, len_bytes)
    }

    /// As [`Session::admits`], of a message whose sender waits for an answer.
    pub fn admits_waiting(&self, lane: Lane, len_bytes: u64) -> bool {
        self.admits_within(self.window.times(WAITING_WINDOWS), lane, len_bytes)
    }

    fn admits_within(&self, window: Window, lane: Lane, len_bytes: u64) -> bool {
        let fits = self.kept_messages < window.messages
            && self.kept_bytes.saturating_add(len_bytes) <= window.len_bytes;
        lane == Lane::Control || fits || self.kept_messages == 0
    }

    /// The number that the next envelope sent will have.
    pub fn next_seq(&self) -> u64 {
        self.sent + 1
    }

    /// Keeps a message that counts `len_bytes` in the window, and gives its number. That it is admitted was asked before.
    pub fn send(&mut self, lane: Lane, len_bytes: u64, what: K) -> u64 {
        self.sent += 1;
        let counted = match lane {
            Lane::Data => {
                self.kept_messages += 1;
                self.kept_bytes += len_bytes;
                len_bytes << 1 | COUNTED
            }
            Lane::Control => 0,
        };
        self.kept.push_back(Kept { what, counted });
        self.sent
    }

    /// The other side has received everything up to `acknowledged`: `release` gets what was kept of it, oldest first.
    /// Gives whether that was news.
    ///
    /// # Errors
    /// [`SessionError::AckBeyondSent`].
    pub fn acked(&mut self, acknowledged: u64, mut release: impl FnMut(K)) -> Result<bool, SessionError> {
        if acknowledged > self.sent {
            return Err(SessionError::AckBeyondSent { acknowledged, sent: self.sent });
        }
        let before = self.acknowledged();
        for _ in before..acknowledged {
            let kept = self.kept.pop_front().expect("SESSION-1");
            self.written = self.written.saturating_sub(1);
            if kept.counted & COUNTED != 0 {
                self.kept_messages -= 1;
                self.kept_bytes -= kept.counted >> 1;
            }
            release(kept.what);
        }
        Ok(acknowledged > before)
    }

    /// The oldest message that is not written to this connection yet, and its number.
    pub fn unwritten(&self) -> Option<(u64, &K)> {
        let kept = self.kept.get(self.written)?;
        Some((self.acknowledged() + self.written as u64 + 1, &kept.what))
    }

    /// The oldest message that was not written to this connection is written to it now.
    pub fn wrote(&mut self) {
        debug_assert!(self.written < self.kept.len(), "SESSION-4");
        self.written += 1;
    }

    /// Everything that has been sent is written to this connection now.
    pub fn wrote_all(&mut self) {
        self.written = self.kept.len();
    }

    /// There is a new connection, and the other side says that it has received everything up to `received`: what comes
    /// after it is to be written again. Gives whether anything was acknowledged by that.
    ///
    /// # Errors
    /// [`SessionError`]: the other side has forgotten, or speaks of another session. The session has then not changed.
    pub fn resume(&mut self, received: u64, release: impl FnMut(K)) -> Result<bool, SessionError> {
        let acknowledged = self.acknowledged();
        if received < acknowledged {
            return Err(SessionError::Forgotten { acknowledged, received });
        }
        let news = self.acked(received, release)?;
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

    /// The next `count` messages, of `len_bytes` together, have arrived.
    pub fn received_run(&mut self, count: u64, len_bytes: u64) {
        self.received += count;
        self.untold_bytes += len_bytes;
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
    pub fn into_returned(self) -> impl Iterator<Item = K> {
        self.kept.into_iter().map(|kept| kept.what)
    }
}

#[cfg(test)]
mod tests;
