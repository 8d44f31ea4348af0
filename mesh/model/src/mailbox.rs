//! `mesh/src/mailbox.rs`.

#[path = "../../src/mailbox/full.rs"]
mod full;
#[path = "../../src/mailbox/queue.rs"]
mod queue;
#[path = "../../src/mailbox/wait.rs"]
mod wait;

pub use full::FullPolicy;
pub use queue::{Accepted, Closed, Entered, Mailbox, Parked, Refusal, Rest, Taken};
pub use wait::{Places, WaitCell, WaitOutcome, Waiting};
