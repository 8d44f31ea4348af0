//! Envelopes for the tests of this layer and the links above it.

use std::sync::Arc;

use super::codec::Payload;
use super::envelope::{Body, Destination, Envelope, HOPS_MAX, Headers, Lane, Target};
use crate::addr::Location;
use crate::ident::{ActorId, GatewayId, Label, ProcId, Uid};

/// The number that such an envelope carries; 0 for one that carries something else.
pub(crate) fn number(envelope: &Envelope) -> u64 {
    envelope.payload().and_then(|payload| payload.get().ok()).unwrap_or_default()
}

/// An envelope that carries `number`, as its body.
pub(crate) fn envelope(lane: Lane, number: u64) -> Envelope {
    let proc = ProcId::single(Uid(1), Label::new("p"));
    let gateway = GatewayId { uid: Uid(2), incarnation: 1 };
    let at = Arc::new(Location { gateway, door: None });
    Envelope {
        to: Destination {
            proc: proc.clone(),
            at: at.clone(),
            target: Target::Handler { actor: Uid(3), incarnation: 0, handler: 4 },
        },
        headers: Headers {
            sender: ActorId::new(proc, Uid(5), Label::new("s")),
            sender_at: at,
            deadline_us: None,
            chain: Vec::new(),
            trace: None,
            hops: HOPS_MAX,
            lane,
            reply_to: None,
            reply_on: crate::wire::envelope::ReplyOn::Answer,
            point: None,
            lent: None,
        },
        body: Body::Message(Payload::of(&number).expect("a number encodes")),
    }
}
