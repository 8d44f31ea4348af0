//! The heads of data frames: an envelope without its payload, less what the other side of the connection knows already.
//!
//! ```text
//! ┌───────────────────────────────┬──────────────────────────────────────────────┬───────────┐
//! │ Known(slot) or New(slot, who) │ target, seq, deadline, chain, reply port, …  │ body kind │
//! └───────────────────────────────┴──────────────────────────────────────────────┴───────────┘
//! who: the proc and location of destination and sender
//! ```
//!
//! Most envelopes go between few pairs, and names and locations are most of a head. The writer keeps the last pair of
//! each slot; the reader keeps what it is told.
//!
//! Invariants
//! - `HEADS-1` what one writer has encoded, one reader decodes to the same, if it decodes all of it in order. Both start
//!   anew with each connection.
//! - `HEADS-2` a reader keeps at most [`SLOTS`] pairs of at most [`WHO_LEN_MAX`] bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};
use super::envelope::{
    Body, BodyHead, CastPoint, Destination, Envelope, Headers, Lane, ReplyOn, Target, TraceContext,
};
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::ident::{ActorId, ProcId};

/// How many pairs of sender and destination are kept.
pub const SLOTS: usize = 64;

/// The longest pair that is kept, in bytes.
pub const WHO_LEN_MAX: usize = 1024;

/// Who sends to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Who {
    proc: ProcId,
    at: Arc<Location>,
    sender: ActorId,
    sender_at: Arc<Location>,
}

impl Who {
    fn of(envelope: &Envelope) -> Who {
        Who {
            proc: envelope.to.proc.clone(),
            at: envelope.to.at.clone(),
            sender: envelope.headers.sender.clone(),
            sender_at: envelope.headers.sender_at.clone(),
        }
    }

    fn is_of(&self, Envelope { to, headers, .. }: &Envelope) -> bool {
        self.proc == to.proc
            && self.sender == headers.sender
            && self.at == to.at
            && self.sender_at == headers.sender_at
    }
}

/// How a head says who.
#[derive(Serialize, Deserialize)]
enum Lead<W> {
    /// As the last that was said for this slot.
    Known(u8),
    /// So, and it is to be kept.
    New(u8, W),
    /// So, this once.
    Once(W),
}

/// Where the reply goes.
#[derive(Serialize, Deserialize)]
enum Reply {
    None,
    /// To a port of the sender's proc.
    Sender(u64, u32),
    Other(PortAddr, u32),
}

/// What is said of each envelope.
#[derive(Serialize, Deserialize)]
struct Rest<C> {
    target: Target,
    seq: u64,
    deadline_us: Option<u64>,
    chain: C,
    trace: Option<TraceContext>,
    hops: u8,
    lane: Lane,
    reply: Reply,
    reply_on: ReplyOn,
    point: Option<CastPoint>,
}

/// Encodes the heads of one direction of one connection.
#[derive(Debug, Default)]
pub struct HeadWriter {
    slots: Vec<Option<Who>>,
}

impl HeadWriter {
    /// Appends the head of `envelope` to `encoder`. It must be the next that the reader gets.
    ///
    /// # Errors
    /// As [`Envelope::encode_head`]; what was encoded before stays, and the next envelope may follow.
    pub fn encode(&mut self, envelope: &Envelope, encoder: &mut Encoder) -> Result<(), EncodeError> {
        envelope.check_bounds()?;
        let slot = slot_of(envelope);
        if self.slots.get(slot).is_some_and(|who| who.as_ref().is_some_and(|who| who.is_of(envelope))) {
            let known: Lead<&Who> = Lead::Known(u8::try_from(slot).expect("SLOTS fits"));
            encoder.put_plain(&known)?;
            return put_rest(envelope, encoder);
        }
        let who = Who::of(envelope);
        let start = encoder.body().len();
        let keeps = who_len(&who)? <= WHO_LEN_MAX;
        if keeps {
            encoder.put_plain(&Lead::New(u8::try_from(slot).expect("SLOTS fits"), &who))?;
        } else {
            encoder.put_plain(&Lead::Once(&who))?;
        }
        debug_assert!(encoder.body().len() > start);
        put_rest(envelope, encoder)?;
        if keeps {
            if self.slots.is_empty() {
                self.slots.resize(SLOTS, None);
            }
            self.slots[slot] = Some(who);
        }
        Ok(())
    }

    /// Starts anew, for another connection.
    pub fn clear(&mut self) {
        self.slots.clear();
    }
}

fn who_len(who: &Who) -> Result<usize, EncodeError> {
    let mut encoder = Encoder::default();
    encoder.put_plain(who)?;
    Ok(encoder.body().len())
}

/// Any function of who; the same pair should find its slot again.
fn slot_of(envelope: &Envelope) -> usize {
    let (to, sender) = (envelope.to.proc.uid, &envelope.headers.sender);
    let mixed = to.member(sender.uid.0 ^ sender.proc.uid.0.rotate_left(32)).0;
    usize::try_from(mixed % SLOTS as u64).unwrap_or(0)
}

fn put_rest(envelope: &Envelope, encoder: &mut Encoder) -> Result<(), EncodeError> {
    let headers = &envelope.headers;
    let reply = match &headers.reply_to {
        None => Reply::None,
        Some((port, slot)) if port.proc.id == headers.sender.proc && port.proc.at == headers.sender_at => {
            Reply::Sender(port.port, *slot)
        }
        Some((port, slot)) => Reply::Other(port.clone(), *slot),
    };
    encoder.put_plain(&Rest {
        target: envelope.to.target,
        seq: headers.seq,
        deadline_us: headers.deadline_us,
        chain: &headers.chain[..],
        trace: headers.trace,
        hops: headers.hops,
        lane: headers.lane,
        reply,
        reply_on: headers.reply_on,
        point: headers.point,
    })?;
    match &envelope.body {
        Body::Message(_) => encoder.put_plain(&BodyHead::Message),
        Body::Reply(_) => encoder.put_plain(&BodyHead::Reply),
        Body::Failed(_) | Body::Returned { .. } => encoder.put_plain(&BodyHead::of(&envelope.body)),
    }
}

/// Decodes the heads of one direction of one connection.
#[derive(Debug, Default)]
pub struct HeadReader {
    slots: Vec<Option<Who>>,
}

impl HeadReader {
    /// Puts the next head and its payload together again.
    ///
    /// # Errors
    /// [`DecodeError`], when the head is malformed. It is final: the heads that follow may mean anything.
    pub fn decode(&mut self, head: &[u8], payload: Payload) -> Result<Envelope, DecodeError> {
        let mut decoder = Decoder::of_bytes(head);
        let who = match decoder.get::<Lead<Who>>()? {
            Lead::Known(slot) => {
                let known = self.slots.get(usize::from(slot)).and_then(Option::as_ref);
                known.ok_or_else(|| malformed("nobody was named for its slot"))?.clone()
            }
            Lead::New(slot, who) => {
                if usize::from(slot) >= SLOTS {
                    return Err(malformed("there is no such slot"));
                }
                if head.len() - decoder.rest_len() > WHO_LEN_MAX + 16 {
                    return Err(malformed("names too long to be kept"));
                }
                if self.slots.is_empty() {
                    self.slots.resize(SLOTS, None);
                }
                self.slots[usize::from(slot)] = Some(who.clone());
                who
            }
            Lead::Once(who) => who,
        };
        let rest: Rest<Vec<ActorId>> = decoder.get()?;
        let body = decoder.get::<BodyHead>()?.with(payload);
        decoder.finish()?;
        let Who { proc, at, sender, sender_at } = who;
        let reply_to = match rest.reply {
            Reply::None => None,
            Reply::Sender(port, slot) => {
                let proc = ProcAddr { id: sender.proc.clone(), at: sender_at.clone() };
                Some((PortAddr { proc, port }, slot))
            }
            Reply::Other(port, slot) => Some((port, slot)),
        };
        let headers = Headers {
            sender,
            sender_at,
            seq: rest.seq,
            deadline_us: rest.deadline_us,
            chain: rest.chain,
            trace: rest.trace,
            hops: rest.hops,
            lane: rest.lane,
            reply_to,
            reply_on: rest.reply_on,
            point: rest.point,
        };
        let envelope = Envelope { to: Destination { proc, at, target: rest.target }, headers, body };
        envelope.check_bounds().map_err(|error| DecodeError::Value { reason: error.to_string() })?;
        Ok(envelope)
    }
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError::Value { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
