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
//! It also knows whose turn it is, under the same lock, so that a message costs one atomic operation at the sender and
//! none at the consumer while there are more:
//!
//! ```text
//!                 message, control, notice                    begin, claim
//! Resting ────────────────────────────────────────► Queued ────────────────► Running ──► Over
//! Awaiting ───────────── notice ──────────────────────┘ ▲                       │
//!    ▲  ▲                                               └─────── park(Turn) ────┤
//!    └──┴──────────────────────── park(Message), park(Notice) ──────────────────┘
//! ```
//!
//! Invariants
//! - `MAIL-1` at most `capacity` messages are accepted and not yet started; waiters come in strictly in order, and a
//!   plain push never overtakes one (`DEL-4`).
//! - `MAIL-2` a withdrawn waiter leaves nothing behind.
//! - `MAIL-3` every accepted message is taken by the consumer, or handed out by [`Mailbox::close`], exactly once.
//! - `MAIL-4` one thread at a time has the consumer, from the making, a `begin` or a `claim` to the next `park` that does not
//!   say `Running`; what comes meanwhile is seen by that `park`, so no message waits for a consumer that rests.
//!
//! The queue is a lock around a piece of memory that the consumer swaps out whole ([`Records`]), which measured faster than
//! the channels there are, and lets the consumer check its stop signal, budget and counters once a batch.

mod full;
mod queue;
mod records;
mod wait;

pub use full::FullPolicy;
pub use queue::{Accepted, Closed, Entered, First, Mailbox, Parked, Refusal, Rest, Taken, Urgent};
pub use records::{Pack, Record, Records, Room, SLACK, WHOLE, Word};
pub use wait::{Places, WaitCell, WaitOutcome, Waiting};

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
