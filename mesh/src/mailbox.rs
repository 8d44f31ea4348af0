//! The queue in front of an actor: bounded, first in first out, with a lane of its own for control.
//!
//! It does not know actors or envelopes: `T` is a message, `C` a control message. One consumer, any number of senders.
//!
//! ```text
//! senders ──push──► queue (≤ capacity) ──take, whole──► batch ──started()──► handler
//!              └──► waiters (FIFO, ≤ waiters_max)          ▲
//! control ────────────────────────────────────────────────┘  always first, never counted
//! ```
//!
//! Invariants
//! - `MAIL-1` at most `capacity` messages are accepted and not yet started; waiters come in strictly in order, and a
//!   plain push never overtakes one (`DEL-4`).
//! - `MAIL-2` a withdrawn waiter leaves nothing behind.
//! - `MAIL-3` every accepted message is taken by the consumer, or handed out by [`Mailbox::close`], exactly once.
//!
//! The queue is a mutex around a `VecDeque` that the consumer swaps out whole, which measured faster than the channels
//! there are, and lets the consumer check its stop signal, budget and counters once a batch.

mod queue;
mod wait;

pub use queue::{Closed, Entered, Mailbox, Refusal, Taken};
pub use wait::{Places, WaitCell, WaitOutcome, Waiting};

/// What happens to a message when the mailbox is full (`DEL-4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FullPolicy {
    /// Calls and waiting sends queue in order; a plain `send` is refused.
    #[default]
    Wait,
    /// Everything is refused.
    Reject,
    /// The oldest queued message is dropped, and counted.
    DropOldest,
}

/// How a mailbox is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MailboxConfig {
    /// How many messages may wait to be started; `None` for the configured default (`MESH_MAILBOX_CAPACITY`).
    pub capacity: Option<usize>,
    /// What happens to the next one.
    pub full: FullPolicy,
}

#[cfg(test)]
mod tests;
