//! Time and randomness: the two things that a run must be able to repeat.
//!
//! Time is tokio's, so that a test can pause it. Randomness for identities and choices is an [`Entropy`], made from one
//! seed; randomness for secrets is [`secret`]. Nothing else in the crate makes either. This module does not know what
//! they are used for.
//!
//! Invariants
//! - `CLOCK-1` two `Entropy` of one seed, asked the same questions in the same order, give the same answers.
//! - `CLOCK-2` a secret never comes from an `Entropy`: whoever learns the seed learns every answer.

mod coarse;
mod deadlines;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use coarse::{COARSE, Coarse};
pub use deadlines::{Deadlines, TICK, Wait, Watched};

use crate::ident::Uid;

/// The time now, on the clock that a test can pause.
pub fn now() -> Instant {
    Instant::now()
}

/// The time in so many microseconds; `None` when the clock does not reach so far, which is never.
pub fn in_us(us: u64) -> Option<Instant> {
    now().checked_add(Duration::from_micros(us))
}

/// A duration as it travels: in microseconds, as many as there can be.
pub fn to_us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A source of random choices, seeded once per runtime. Clones draw from the same source.
#[derive(Clone)]
pub struct Entropy {
    rng: Arc<Mutex<fastrand::Rng>>,
}

impl Entropy {
    /// The source that `seed` determines (`CLOCK-1`).
    pub fn from_seed(seed: u64) -> Entropy {
        Entropy { rng: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))) }
    }

    /// A source that no other run repeats.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give: identities could then not be told apart.
    pub fn from_os() -> Entropy {
        let seed: [u8; 8] = os_random();
        Entropy::from_seed(u64::from_le_bytes(seed))
    }

    /// A fresh identity; never 0.
    pub fn uid(&self) -> Uid {
        Uid(self.with(|rng| rng.u64(1..)))
    }

    /// Any number.
    pub fn next_u64(&self) -> u64 {
        self.with(|rng| rng.u64(..))
    }

    /// A number from 0 to `n` - 1, each as likely as the others.
    ///
    /// # Panics
    ///
    /// When `n` is 0: there is nothing to choose from.
    pub fn below(&self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below 0 to choose");
        self.with(|rng| rng.u64(..n))
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        // A panic while drawing cannot leave a generator half-changed in a way that matters.
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

/// 128 bits that nobody can guess, from the operating system alone (`CLOCK-2`).
///
/// # Panics
///
/// When the operating system has no randomness to give: a guessable secret is worse than none.
pub fn secret() -> [u8; 16] {
    os_random()
}

/// 256 bits that were never used before, from the operating system alone (`CLOCK-2`).
///
/// # Panics
///
/// As [`secret`].
pub fn nonce() -> [u8; 32] {
    os_random()
}

fn os_random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests;
