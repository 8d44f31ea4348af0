//! The heads of data frames: an envelope without its payload, less what the other side of the connection knows already.
//!
//! ```text
//! ┌───────────────────────────────┬──────────────────────────────────────────────┬───────────┐
//! │ Known(slot) or New(slot, who) │ target, seq, deadline, chain, reply port, …  │ body kind │
//! ├───────────────────────────────┴──────────────────────────────────────────────┴───────────┘
//! │ Tell(slot, seq)                 a message that says nothing else                         │
//! └──────────────────────────────────────────────────────────────────────────────────────────┘
//! who: the proc and location of destination and sender, and the handler
//! ```
//!
//! Most envelopes go between few pairs, and names and locations are most of a head. The writer keeps the last pair of
//! each slot; the reader keeps what it is told.
//!
//! Invariants
//! - `HEADS-1` what one writer has encoded, one reader decodes to the same, if it decodes all of it in order and once,
//!   over however many connections: a head belongs to a number of the session.
//! - `HEADS-2` a reader keeps at most [`SLOTS`] pairs of at most [`WHO_LEN_MAX`] bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};
use super::envelope::{
    Body, BodyHead, CastPoint, Destination, Envelope, HOPS_MAX, Headers, Lane, ReplyOn, Target, TraceContext,
};
use crate::addr::{ActorAddr, Location, PortAddr, ProcAddr};
use crate::ident::{ActorId, ProcId, Uid};

/// How many pairs of sender and destination are kept.
pub const SLOTS: usize = 64;

/// The longest pair that is kept, in bytes.
pub const WHO_LEN_MAX: usize = 1024;

/// A message to an actor that says nothing but where it goes, from whom, and what: no deadline, no reply.
#[derive(Clone, Copy, Debug)]
pub struct Tell<'a> {
    /// The actor.
    pub to: &'a ActorAddr,
    /// Its handler.
    pub handler: u64,
    /// Who sends it.
    pub sender: &'a ActorId,
    /// Where it comes back to.
    pub sender_at: &'a Arc<Location>,
    /// Its number among what the sender has sent to this actor.
    pub seq: u64,
    /// The arguments.
    pub body: &'a [u8],
    /// Large byte strings beside them.
    pub parts: &'a [Bytes],
}

impl Tell<'_> {
    /// The envelope that it is.
    pub fn to_envelope(&self) -> Envelope {
        let headers =
            Headers { seq: self.seq, ..Headers::of(self.sender.clone(), self.sender_at.clone(), Lane::Data) };
        let payload = Payload { body: Bytes::copy_from_slice(self.body), parts: self.parts.to_vec() };
        Envelope { to: Destination::handler(self.to, self.handler), headers, body: Body::Message(payload) }
    }
}

/// Who sends to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Who {
    proc: ProcId,
    at: Arc<Location>,
    sender: ActorId,
    sender_at: Arc<Location>,
    /// The handler; the port of a reply is never the same again.
    target: Option<Target>,
}

/// As [`Who`], where it lies.
#[derive(Clone, Copy)]
struct WhoRef<'a> {
    proc: &'a ProcId,
    at: &'a Arc<Location>,
    sender: &'a ActorId,
    sender_at: &'a Arc<Location>,
    target: Option<Target>,
}

impl<'a> WhoRef<'a> {
    fn of(Envelope { to, headers, .. }: &'a Envelope) -> WhoRef<'a> {
        let target = match to.target {
            Target::Handler { .. } => Some(to.target),
            Target::Port { .. } | Target::Cast | Target::Replies { .. } | Target::Fold { .. } => None,
        };
        WhoRef { proc: &to.proc, at: &to.at, sender: &headers.sender, sender_at: &headers.sender_at, target }
    }

    fn of_tell(tell: &Tell<'a>) -> WhoRef<'a> {
        let Tell { to, handler, sender, sender_at, .. } = *tell;
        let target = Target::Handler { actor: to.id.uid, incarnation: to.id.incarnation, handler };
        WhoRef { proc: &to.id.proc, at: &to.at, sender, sender_at, target: Some(target) }
    }

    fn is(&self, who: &Who) -> bool {
        *self.proc == who.proc
            && *self.sender == who.sender
            && self.target == who.target
            && *self.at == who.at
            && *self.sender_at == who.sender_at
    }

    fn to_owned(self) -> Who {
        let WhoRef { proc, at, sender, sender_at, target } = self;
        Who {
            proc: proc.clone(),
            at: at.clone(),
            sender: sender.clone(),
            sender_at: sender_at.clone(),
            target,
        }
    }

    /// Any function of who; the same pair should find its slot again.
    fn slot(&self) -> usize {
        let mixed = self.proc.uid.0
            ^ self.sender.uid.0.rotate_left(16)
            ^ self.sender.proc.uid.0.rotate_left(32)
            ^ match self.target {
                Some(Target::Handler { actor, handler, .. }) => {
                    actor.0.rotate_left(48) ^ handler.rotate_left(8)
                }
                _ => 0,
            };
        usize::try_from(Uid(mixed).member(0).0 % SLOTS as u64).unwrap_or(0)
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
    /// A plain message of this number, as the last that was said for this slot; nothing follows.
    Tell(u8, u64),
}

/// The number of [`Lead::Tell`] in the encoding.
const TELL: u8 = 3;

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

/// Encodes the heads of one direction of one session.
#[derive(Debug, Default)]
pub struct HeadWriter {
    slots: Vec<Option<Who>>,
    /// What the slots held before, by the number of the message that changed them.
    past: VecDeque<(u64, usize, Option<Who>)>,
}

impl HeadWriter {
    /// Appends the head of `envelope`, message `number` of the session, to `encoder`. It must be the next that the reader
    /// gets, or be taken back.
    ///
    /// # Errors
    /// As [`Envelope::encode_head`]; what was encoded before stays, and the next envelope may follow.
    pub fn encode(
        &mut self,
        envelope: &Envelope,
        number: u64,
        encoder: &mut Encoder,
    ) -> Result<(), EncodeError> {
        envelope.check_bounds()?;
        let who = WhoRef::of(envelope);
        let slot = who.slot();
        if self.knows(slot, who) {
            let slot = u8::try_from(slot).expect("SLOTS fits");
            if is_plain(envelope) {
                return encoder.put_plain(&Lead::<()>::Tell(slot, envelope.headers.seq));
            }
            encoder.put_plain(&Lead::<()>::Known(slot))?;
            return put_rest(envelope, encoder);
        }
        let keeps = put_who(who, slot, encoder)?;
        put_rest(envelope, encoder)?;
        if keeps {
            self.keep(number, slot, who);
        }
        Ok(())
    }

    /// As [`HeadWriter::encode`], of a plain message.
    ///
    /// # Errors
    /// As [`HeadWriter::encode`].
    pub fn encode_tell(
        &mut self,
        tell: &Tell<'_>,
        number: u64,
        encoder: &mut Encoder,
    ) -> Result<(), EncodeError> {
        let who = WhoRef::of_tell(tell);
        let slot = who.slot();
        if self.knows(slot, who) {
            let slot = u8::try_from(slot).expect("SLOTS fits");
            return encoder.put_plain(&Lead::<()>::Tell(slot, tell.seq));
        }
        let keeps = put_who(who, slot, encoder)?;
        encoder.put_plain(&Rest::<&[ActorId]> {
            target: who.target.expect("a handler"),
            seq: tell.seq,
            deadline_us: None,
            chain: &[],
            trace: None,
            hops: HOPS_MAX,
            lane: Lane::Data,
            reply: Reply::None,
            reply_on: ReplyOn::Answer,
            point: None,
        })?;
        encoder.put_plain(&BodyHead::Message)?;
        if keeps {
            self.keep(number, slot, who);
        }
        Ok(())
    }

    fn knows(&self, slot: usize, who: WhoRef<'_>) -> bool {
        self.slots.get(slot).is_some_and(|known| known.as_ref().is_some_and(|known| who.is(known)))
    }

    fn keep(&mut self, number: u64, slot: usize, who: WhoRef<'_>) {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, None);
        }
        let before = self.slots[slot].replace(who.to_owned());
        self.past.push_back((number, slot, before));
    }

    /// Whether the head of `envelope` can be encoded at all, and how long it is at most, in bytes.
    ///
    /// # Errors
    /// As [`HeadWriter::encode`].
    pub fn check(envelope: &Envelope) -> Result<usize, EncodeError> {
        let mut encoder = Encoder::default();
        HeadWriter::default().encode(envelope, 0, &mut encoder)?;
        Ok(encoder.body().len())
    }

    /// The head of message `number`, the last one, is not sent after all.
    pub fn take_back(&mut self, number: u64) {
        if let Some((_, slot, before)) = self.past.pop_back_if(|(of, _, _)| *of == number) {
            self.slots[slot] = before;
        }
    }

    /// The reader has had all up to `number`.
    pub fn forget_up_to(&mut self, number: u64) {
        while self.past.front().is_some_and(|(of, _, _)| *of <= number) {
            self.past.pop_front();
        }
    }

    /// A reader that knows what the other side's does after the messages that are forgotten.
    pub fn into_reader(self) -> HeadReader {
        let HeadWriter { mut slots, past } = self;
        for (_, slot, before) in past.into_iter().rev() {
            slots[slot] = before;
        }
        HeadReader { slots }
    }
}

/// Appends who; gives whether it is to be kept.
fn put_who(who: WhoRef<'_>, slot: usize, encoder: &mut Encoder) -> Result<bool, EncodeError> {
    let who = who.to_owned();
    let mut alone = Encoder::default();
    alone.put_plain(&who)?;
    let keeps = alone.body().len() <= WHO_LEN_MAX;
    if keeps {
        encoder.put_plain(&Lead::New(u8::try_from(slot).expect("SLOTS fits"), &who))?;
    } else {
        encoder.put_plain(&Lead::Once(&who))?;
    }
    Ok(keeps)
}

/// Whether an envelope says no more than a [`Tell`].
fn is_plain(Envelope { to, headers, body }: &Envelope) -> bool {
    matches!((body, to.target), (Body::Message(_), Target::Handler { .. }))
        && headers.reply_to.is_none()
        && headers.deadline_us.is_none()
        && headers.hops == HOPS_MAX
        && headers.lane == Lane::Data
        && headers.chain.is_empty()
        && headers.trace.is_none()
        && headers.reply_on == ReplyOn::Answer
        && headers.point.is_none()
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

/// A plain message that has arrived, where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    who: &'a Who,
    seq: u64,
    body: &'a [u8],
}

impl<'a> Told<'a> {
    /// Whether it goes where `other` goes.
    pub fn goes_with(&self, other: &Told<'_>) -> bool {
        std::ptr::eq(self.who, other.who)
    }

    /// The proc.
    pub fn proc(&self) -> &'a ProcId {
        &self.who.proc
    }

    /// What in the proc.
    pub fn target(&self) -> Option<Target> {
        self.who.target
    }

    /// The arguments.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The envelope that it is.
    pub fn to_envelope(&self) -> Envelope {
        let payload = Payload { body: Bytes::copy_from_slice(self.body), parts: Vec::new() };
        self.who.plain(self.seq, payload).expect("a plain message has a handler")
    }
}

impl Who {
    /// The plain message of number `seq`.
    fn plain(&self, seq: u64, payload: Payload) -> Option<Envelope> {
        let Who { proc, at, sender, sender_at, target } = self.clone();
        let headers = Headers { seq, ..Headers::of(sender, sender_at, Lane::Data) };
        Some(Envelope {
            to: Destination { proc, at, target: target? },
            headers,
            body: Body::Message(payload),
        })
    }
}

/// Decodes the heads of one direction of one session.
#[derive(Debug, Default)]
pub struct HeadReader {
    slots: Vec<Option<Who>>,
}

impl HeadReader {
    fn known(&self, slot: u8) -> Result<&Who, DecodeError> {
        let known = self.slots.get(usize::from(slot)).and_then(Option::as_ref);
        known.ok_or_else(|| malformed("nobody was named for its slot"))
    }

    /// The plain message of this head and body; `None` when it is anything else, or malformed: [`HeadReader::decode`]
    /// will say.
    #[inline]
    pub fn told<'a>(&'a self, head: &[u8], body: &'a [u8]) -> Option<Told<'a>> {
        let [TELL, slot, seq @ ..] = head else { return None };
        let who = self.known(*slot).ok().filter(|who| who.target.is_some())?;
        Some(Told { who, seq: whole_varint(seq)?, body })
    }

    /// Puts the next head and its payload together again.
    ///
    /// # Errors
    /// [`DecodeError`], when the head is malformed. It is final: the heads that follow may mean anything.
    pub fn decode(&mut self, head: &[u8], payload: Payload) -> Result<Envelope, DecodeError> {
        let mut decoder = Decoder::of_bytes(head);
        let who = match decoder.get::<Lead<Who>>()? {
            Lead::Tell(slot, seq) => {
                decoder.finish()?;
                let plain = self.known(slot)?.plain(seq, payload);
                return plain.ok_or_else(|| malformed("no handler was named for its slot"));
            }
            Lead::Known(slot) => self.known(slot)?.clone(),
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
        let Who { proc, at, sender, sender_at, target: _ } = who;
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

/// A number of the encoding (a `u64` of variable length, little-endian) that fills `bytes`.
#[inline]
fn whole_varint(bytes: &[u8]) -> Option<u64> {
    match *bytes {
        [small @ 0..=250] => Some(small.into()),
        [251, a, b] => Some(u16::from_le_bytes([a, b]).into()),
        [252, a, b, c, d] => Some(u32::from_le_bytes([a, b, c, d]).into()),
        [253, a, b, c, d, e, f, g, h] => Some(u64::from_le_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    }
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError::Value { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
