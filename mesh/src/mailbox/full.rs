//! What a mailbox does when it is full.

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
