//! Envelopes that wait in a gateway until there is a way for them, in order.
//!
//! Invariants
//! - `HELD-1` there are never more than [`HELD_MAX`].
//! - `HELD-2` their time runs on: what goes on has less of it, and what has none left goes back with `Deadline`.

use std::time::Duration;

use tokio::time::Instant;

use super::Bounced;
use crate::call::CallErrorKind;
use crate::clock;
use crate::wire::envelope::Envelope;

/// The most envelopes that are held for one destination, while it departs, is away, or is dialled.
pub(super) const HELD_MAX: usize = 4096;

/// What is held for one destination, and since when.
#[derive(Default)]
pub(super) struct Held(Vec<(Instant, Envelope)>);

/// What was held, as it goes on.
pub(super) struct Released {
    pub(super) envelopes: Vec<Envelope>,
    /// Those whose time is over.
    pub(super) expired: Vec<Bounced>,
}

impl Held {
    /// # Errors
    /// The envelope, when there are as many as may be (`HELD-1`).
    pub(super) fn push(&mut self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        if self.0.len() >= HELD_MAX {
            let kind = CallErrorKind::MailboxFull { capacity: HELD_MAX as u64 };
            return Err(Box::new(Bounced { envelope, kind }));
        }
        self.0.push((clock::now(), envelope));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, as they were.
    pub(super) fn into_envelopes(self) -> impl Iterator<Item = Envelope> {
        self.0.into_iter().map(|(_, envelope)| envelope)
    }

    /// All, with the time that each has left (`HELD-2`).
    pub(super) fn release(self) -> Released {
        let now = clock::now();
        let mut released = Released { envelopes: Vec::with_capacity(self.0.len()), expired: Vec::new() };
        for (since, mut envelope) in self.0 {
            let waited_us = clock::to_us(now.saturating_duration_since(since));
            match envelope.headers.deadline_us {
                Some(left_us) if left_us <= waited_us => {
                    let kind = CallErrorKind::Deadline { after: Duration::from_micros(left_us) };
                    released.expired.push(Bounced { envelope, kind });
                }
                left_us => {
                    envelope.headers.deadline_us = left_us.map(|left_us| left_us - waited_us);
                    released.envelopes.push(envelope);
                }
            }
        }
        released
    }
}
