//! The way back after a cut: who dials, and how long between two tries.

use std::time::Duration;

use async_trait::async_trait;

use super::handshake::Ready;
use crate::wire::hello::SessionHello;

/// The longest wait after the first try that has failed.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

/// The longest wait between two tries.
const BACKOFF_MAX: Duration = Duration::from_millis(500);

/// Dials the other side of a link again.
#[async_trait]
pub trait Redial: Send + Sync + 'static {
    /// Dials once, and asks to go on with `session`.
    ///
    /// # Errors
    /// [`RedialError`].
    ///
    /// # Cancel safety
    /// If it is dropped, so is the connection.
    async fn redial(&self, session: SessionHello) -> Result<Ready, RedialError>;
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedialError {
    /// It may succeed later.
    #[error("{reason}")]
    Again {
        /// Why not now.
        reason: String,
    },
    /// It never will.
    #[error("{reason}")]
    Hopeless {
        /// Why.
        reason: String,
    },
}

/// The waits between tries: twice as long each time, up to a bound, and a random part of that, so that many links that
/// were cut at once do not all come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    longest: Duration,
    rng: fastrand::Rng,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Backoff {
        Backoff { longest: BACKOFF_FIRST, rng: fastrand::Rng::with_seed(seed) }
    }

    /// The next wait: between half the longest and the longest.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.longest.mul_f64(0.5 + self.rng.f64() / 2.0);
        self.longest = (self.longest * 2).min(BACKOFF_MAX);
        wait
    }
}
