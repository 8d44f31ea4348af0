//! What stands in a queue of a direct link.

use std::sync::Arc;

use crate::call::CallErrorKind;
use crate::link::backlog::{window_len, window_len_of};
use crate::link::shared::{len_of, unframed};
use crate::wire::cast::{Cast, Member};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Envelope, Lane};
use crate::wire::frame;
use crate::wire::heads::{Kept, Told};

/// What is on its way. What most say is kept in less than an envelope: of thousands of links, each takes its part of the
/// caches.
pub(super) enum Item {
    Whole(Box<Envelope>),
    /// The part of one rank in a cast.
    One(Arc<Cast>, Member),
    /// A message or a reply that says little.
    Short(Kept),
}

/// What a message that says little counts in the window, in bytes; `None` of a reply, which stands outside.
pub(super) fn counted(told: &Told<'_>) -> Option<u64> {
    told.handler().map(|_| window_len_of(told.body().len()))
}

impl Item {
    pub(super) fn into_envelope(self) -> Envelope {
        match self {
            Item::Whole(envelope) => *envelope,
            Item::One(cast, member) => cast.one(member),
            Item::Short(kept) => kept.into_envelope(),
        }
    }

    /// What it counts in the window, in bytes; `None` if it stands outside.
    pub(super) fn counted(&self) -> Option<u64> {
        let (lane, len_bytes) = match self {
            Item::Whole(envelope) => (envelope.bound_lane(), len_of(envelope)),
            Item::One(cast, _) => (cast.headers.lane, window_len(&cast.payload)),
            Item::Short(kept) => return counted(&kept.told()),
        };
        (lane == Lane::Data).then_some(len_bytes)
    }

    /// Whether its sender waits for an answer.
    pub(super) fn is_waited_for(&self) -> bool {
        match self {
            Item::Whole(envelope) => envelope.headers.reply_to.is_some(),
            Item::One(cast, _) => cast.headers.reply_to.is_some(),
            Item::Short(kept) => kept.told().is_ask(),
        }
    }

    /// How long what it carries is, in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Item::Whole(envelope) => envelope.payload().map_or(0, Payload::len_bytes),
            Item::One(cast, _) => cast.payload.len_bytes(),
            Item::Short(kept) => kept.told().body().len(),
        }
    }

    /// Checks what the other side would not take.
    pub(super) fn check(&self) -> Result<(), CallErrorKind> {
        let (none, empty) = ([], Payload::default());
        let (body, parts) = match self {
            Item::Whole(envelope) => {
                envelope.check_bounds().map_err(CallErrorKind::decode)?;
                let Payload { body, parts } = envelope.payload().unwrap_or(&empty);
                (body.len(), &parts[..])
            }
            Item::One(cast, _) => {
                cast.headers.check_bounds().map_err(CallErrorKind::decode)?;
                (cast.payload.body.len(), &cast.payload.parts[..])
            }
            Item::Short(kept) => (kept.told().body().len(), &none[..]),
        };
        frame::check_lengths(0, body, parts).map(drop).map_err(unframed)
    }
}
