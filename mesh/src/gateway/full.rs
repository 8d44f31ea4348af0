//! The sender's half of flow control: the actors elsewhere that have said that they are full.
//!
//! A plain send or cast to one of them is refused at the verb, with the message; calls and waiting sends go on, and wait
//! in its queue. See [`hold`](super::hold) for the half that says so.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::FAILURE;
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{Uid, name_hash};
use crate::wire::envelope::{Body, Destination, Envelope, Lane, Target};

/// The handler that news of an actor's mailbox is addressed to, in who sends to it; its gateway takes it in.
pub(super) const ROOM: u64 = name_hash("mesh.room");

/// How many full actors are remembered; what goes to more of them is held or refused where they are.
const FULL_MAX: usize = 4096;

/// How often a message is let through to an actor that is said to be full: the news that it has room may have been lost
/// with whoever was to say so. It is told again that it is full within the same time, at most.
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(100);

/// After how many of those that were let through, and of which nothing was heard, it is taken to have room.
const PROBES_MAX: u32 = 3;

/// What a gateway says of a mailbox to the gateway of one who sends to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RoomNews {
    pub(super) proc: Uid,
    pub(super) actor: Uid,
    /// How many messages the full mailbox holds; `None` when there is room.
    pub(super) full: Option<u64>,
}

#[derive(Debug)]
struct Full {
    capacity: u64,
    probe_at: Instant,
    /// How many were let through since it last said that it is full.
    probes: u32,
}

/// The full actors elsewhere.
#[derive(Debug, Default)]
pub(super) struct FullActors(BTreeMap<(Uid, Uid), Full>);

impl FullActors {
    /// Takes in what was said of a mailbox.
    pub(super) fn note(&mut self, news: RoomNews) {
        let Some(capacity) = news.full else {
            self.0.remove(&(news.proc, news.actor));
            return;
        };
        let now = clock::now();
        if self.0.len() >= FULL_MAX {
            // Nobody has sent to them since: whoever does is told again.
            self.0.retain(|_, full| full.probe_at > now);
        }
        if self.0.len() < FULL_MAX {
            self.0.insert((news.proc, news.actor), Full { capacity, probe_at: now + PROBE_EVERY, probes: 0 });
        }
    }

    /// A proc is lost: what its actors had said is no longer so.
    pub(super) fn forget(&mut self, proc: Uid) {
        self.0.retain(|(of, _), _| *of != proc);
    }

    /// Why a plain message to an actor is refused.
    pub(super) fn refuses(&mut self, proc: Uid, actor: Uid) -> Option<CallErrorKind> {
        if self.0.is_empty() {
            return None;
        }
        let full = self.0.get_mut(&(proc, actor))?;
        let now = clock::now();
        if full.probe_at <= now {
            (full.probe_at, full.probes) = (now + PROBE_EVERY, full.probes + 1);
            if full.probes > PROBES_MAX {
                self.0.remove(&(proc, actor));
            }
            return None;
        }
        Some(CallErrorKind::MailboxFull { capacity: full.capacity })
    }

    /// Why an envelope of a sender that is here is refused.
    pub(super) fn refuses_envelope(&mut self, envelope: &Envelope) -> Option<CallErrorKind> {
        let actor = bounded(envelope).filter(|_| envelope.headers.reply_to.is_none())?;
        self.refuses(envelope.to.proc.uid, actor)
    }
}

/// The actor whose mailbox bounds an envelope: that of a user's message, and of nothing else.
pub(super) fn bounded(envelope: &Envelope) -> Option<Uid> {
    match (envelope.to.target, envelope.headers.lane, &envelope.body) {
        (Target::Handler { actor, handler, .. }, Lane::Data, Body::Message(_)) if handler != ROOM => {
            Some(actor)
        }
        _ => None,
    }
}

/// The owner that an envelope tells of a failure.
pub(super) fn owner_told(envelope: &Envelope) -> Option<Uid> {
    match envelope.to.target {
        Target::Handler { actor, handler: FAILURE, .. } => Some(actor),
        _ => None,
    }
}

/// The news in an envelope, if that is what it carries.
pub(super) fn news_in(envelope: &Envelope) -> Option<RoomNews> {
    match (envelope.to.target, &envelope.body) {
        (Target::Handler { handler: ROOM, .. }, Body::Message(payload)) => payload.get().ok(),
        _ => None,
    }
}

/// What a message that came back says of the mailbox that it was for.
pub(super) fn news_in_returned(envelope: &Envelope) -> Option<RoomNews> {
    match &envelope.body {
        Body::Returned { to, reason: CallErrorKind::MailboxFull { capacity } } => match to.target {
            Target::Handler { actor, .. } => {
                Some(RoomNews { proc: to.proc.uid, actor, full: Some(*capacity) })
            }
            _ => None,
        },
        _ => None,
    }
}

/// Where news for the sender of an envelope goes.
pub(super) fn to_sender_of(envelope: &Envelope) -> Destination {
    let sender = &envelope.headers.sender;
    Destination {
        proc: sender.proc.clone(),
        at: envelope.headers.sender_at.clone(),
        target: Target::Handler { actor: sender.uid, incarnation: 0, handler: ROOM },
    }
}
