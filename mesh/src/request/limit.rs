//! What `.timeout(…)` takes.

use std::time::Duration;

/// How long a request may take: a [`Duration`], or an optional one, whose `None` says nothing.
#[diagnostic::on_unimplemented(
    message = "a timeout is a `Duration`, not `{Self}`",
    label = "expected a `Duration`, found `{Self}`",
    note = "say the unit: `Duration::from_secs(5)` or `Duration::from_millis(500)`, with `use std::time::Duration`"
)]
pub trait TimeLimit {
    /// The limit; `None` leaves that which there was: of an earlier `.timeout(…)`, of the handler, or of the configuration.
    fn into_limit(self) -> Option<Duration>;
}

#[diagnostic::do_not_recommend]
impl TimeLimit for Duration {
    fn into_limit(self) -> Option<Duration> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl TimeLimit for Option<Duration> {
    fn into_limit(self) -> Option<Duration> {
        self
    }
}
