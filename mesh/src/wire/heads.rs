//! The heads of data frames: an envelope without its payload, less what the other side of the connection knows already.
//!
//! ```text
//! ┌───────────────────────────────┬──────────────────────────────────────────────┬───────────┐
//! │ Known(slot) or New(slot, who) │ target, deadline, chain, reply port, …       │ body kind │
//! ├───────────────────────────────┴──────────────────────────────────────────────┴───────────┘
//! │ Tell(slot)                      a message that says nothing else                         │
//! │ Ask(slot, time, port, …)        a call whose caller nobody waits for, or one              │
//! │ Answer(slot, port, rank)        a reply to a port                                         │
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

mod told;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
pub(crate) use told::Kept;
pub use told::Told;

use super::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};
use super::envelope::{
    Body, BodyHead, CastPoint, Destination, Envelope, HOPS_MAX, Headers, Lane, Lent, ReplyOn, Target,
    TraceContext,
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
    /// The arguments.
    pub body: &'a [u8],
    /// Large byte strings beside them.
    pub parts: &'a [Bytes],
    /// Where it is a call: what that says.
    pub ask: Option<Ask>,
}

/// What a call says beside its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is left of its time, in microseconds.
    pub left_us: u64,
    /// Where the reply goes: a port of the sender's proc.
    pub port: u64,
    /// Whether its sender is in the chain of callers, alone; else nobody is.
    pub in_chain: bool,
}

impl Tell<'_> {
    /// It as what has arrived, for who is in this process; `None` if it has large parts.
    pub(crate) fn told<R>(&self, then: impl FnOnce(&Told<'_>) -> R) -> Option<R> {
        let who = WhoRef::of_tell(self);
        let told = Told::lent(&who, self.said(), self.body);
        self.parts.is_empty().then(|| then(&told))
    }

    fn said(&self) -> Said {
        match self.ask {
            None => Said::Tell,
            Some(ask) => Said::Ask(ask),
        }
    }

    /// The envelope that it is.
    pub fn to_envelope(&self) -> Envelope {
        let payload = Payload { body: Bytes::copy_from_slice(self.body), parts: self.parts.to_vec() };
        let who = WhoRef::of_tell(self).to_owned();
        who.envelope(self.said(), payload).expect("it has a handler")
    }
}

/// The reply to a call.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The port.
    pub to: &'a PortAddr,
    /// Its slot there.
    pub slot: u32,
    /// Who answers.
    pub sender: &'a ActorId,
    /// Where that is.
    pub sender_at: &'a Arc<Location>,
    /// The value.
    pub body: &'a [u8],
    /// Large byte strings beside it.
    pub parts: &'a [Bytes],
}

impl Answer<'_> {
    /// As [`Tell::told`].
    pub(crate) fn told<R>(&self, then: impl FnOnce(&Told<'_>) -> R) -> Option<R> {
        let who = WhoRef::of_answer(self);
        let told = Told::lent(&who, self.said(), self.body);
        self.parts.is_empty().then(|| then(&told))
    }

    fn said(&self) -> Said {
        Said::Answer { port: self.to.port, slot: self.slot }
    }

    /// The envelope that it is.
    pub fn to_envelope(&self) -> Envelope {
        let payload = Payload { body: Bytes::copy_from_slice(self.body), parts: self.parts.to_vec() };
        let who = WhoRef::of_answer(self).to_owned();
        who.envelope(self.said(), payload).expect("a reply needs no handler")
    }
}

/// All that most envelopes say beside who: what is not here is as in [`Headers::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Tell,
    Ask(Ask),
    Answer { port: u64, slot: u32 },
}

impl Said {
    /// What an envelope says; `None` when that is more.
    fn of(Envelope { to, headers, body }: &Envelope) -> Option<Said> {
        let is_short = headers.hops == HOPS_MAX
            && headers.trace.is_none()
            && headers.reply_on == ReplyOn::Answer
            && headers.point.is_none()
            && headers.lent.is_none();
        if !is_short {
            return None;
        }
        match (body, to.target, headers.lane) {
            (Body::Message(_), Target::Handler { .. }, Lane::Data) => {
                match (&headers.reply_to, headers.deadline_us, &headers.chain[..]) {
                    (None, None, []) => Some(Said::Tell),
                    (Some((port, 0)), Some(left_us), chain) if is_of_sender(port, headers) => {
                        let in_chain = match chain {
                            [] => false,
                            [caller] if *caller == headers.sender => true,
                            _ => return None,
                        };
                        Some(Said::Ask(Ask { left_us, port: port.port, in_chain }))
                    }
                    _ => None,
                }
            }
            (Body::Reply(_), Target::Port { port, slot }, Lane::Control) => {
                let is_bare =
                    headers.reply_to.is_none() && headers.deadline_us.is_none() && headers.chain.is_empty();
                is_bare.then_some(Said::Answer { port, slot })
            }
            _ => None,
        }
    }

    /// Appends it, of the pair that is kept in `slot`.
    fn put(self, slot: usize, encoder: &mut Encoder) {
        let kept = u8::try_from(slot).expect("SLOTS fits");
        match self {
            Said::Tell => encoder.put_bytes(&[TELL, kept]),
            Said::Ask(Ask { left_us, port, in_chain }) => {
                encoder.put_bytes(&[ASK, kept, u8::from(in_chain)]);
                encoder.put_varint(left_us);
                encoder.put_varint(port);
            }
            Said::Answer { port, slot } => {
                encoder.put_bytes(&[ANSWER, kept]);
                encoder.put_varint(port);
                encoder.put_varint(slot.into());
            }
        }
    }

    /// What a head says, and of the pair in which slot; `None` when that is more, or malformed.
    #[inline]
    fn get(head: &[u8]) -> Option<(u8, Said)> {
        let (slot, said, rest) = match *head {
            [TELL, slot, ref rest @ ..] => (slot, Said::Tell, rest),
            [ASK, slot, in_chain @ (0 | 1), ref rest @ ..] => {
                let (left_us, rest) = varint(rest)?;
                let (port, rest) = varint(rest)?;
                (slot, Said::Ask(Ask { left_us, port, in_chain: in_chain == 1 }), rest)
            }
            [ANSWER, slot, ref rest @ ..] => {
                let (port, rest) = varint(rest)?;
                let (rank, rest) = varint(rest)?;
                (slot, Said::Answer { port, slot: u32::try_from(rank).ok()? }, rest)
            }
            _ => return None,
        };
        rest.is_empty().then_some((slot, said))
    }
}

/// Whether a port is of the proc that says so, where that is.
fn is_of_sender(port: &PortAddr, headers: &Headers) -> bool {
    port.proc.id == headers.sender.proc && port.proc.at == headers.sender_at
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
#[derive(Clone, Copy, Debug)]
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

    fn of_answer(answer: &Answer<'a>) -> WhoRef<'a> {
        let Answer { to, sender, sender_at, .. } = *answer;
        WhoRef { proc: &to.proc.id, at: &to.proc.at, sender, sender_at, target: None }
    }

    fn is(&self, who: &Who) -> bool {
        *self.proc == who.proc
            && *self.sender == who.sender
            && self.target == who.target
            && *self.at == who.at
            && *self.sender_at == who.sender_at
    }

    /// Whether both go to one handler of one proc.
    fn goes_with(&self, other: &WhoRef<'_>) -> bool {
        self.target == other.target && self.proc.uid == other.proc.uid
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
}

// The first bytes of the heads that are a [`Said`], as the last that was said for a slot: above those of a [`Lead`].
const TELL: u8 = 16;
const ASK: u8 = 17;
const ANSWER: u8 = 18;

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
    deadline_us: Option<u64>,
    chain: C,
    trace: Option<TraceContext>,
    hops: u8,
    lane: Lane,
    reply: Reply,
    reply_on: ReplyOn,
    point: Option<CastPoint>,
    lent: Option<Arc<[Lent]>>,
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
            if let Some(said) = Said::of(envelope) {
                said.put(slot, encoder);
                return Ok(());
            }
            encoder.put_plain(&Lead::<()>::Known(u8::try_from(slot).expect("SLOTS fits")))?;
            return put_rest(envelope, encoder);
        }
        let keeps = put_who(who, slot, encoder)?;
        put_rest(envelope, encoder)?;
        if keeps {
            self.keep(number, slot, who);
        }
        Ok(())
    }

    /// As [`HeadWriter::encode`], of a message.
    ///
    /// # Errors
    /// As [`HeadWriter::encode`].
    pub fn encode_tell(
        &mut self,
        tell: &Tell<'_>,
        number: u64,
        encoder: &mut Encoder,
    ) -> Result<(), EncodeError> {
        if self.put_known(WhoRef::of_tell(tell), tell.said(), encoder) {
            return Ok(());
        }
        self.encode(&Tell { body: &[], parts: &[], ..*tell }.to_envelope(), number, encoder)
    }

    /// As [`HeadWriter::encode`], of a reply.
    ///
    /// # Errors
    /// As [`HeadWriter::encode`].
    pub fn encode_answer(
        &mut self,
        answer: &Answer<'_>,
        number: u64,
        encoder: &mut Encoder,
    ) -> Result<(), EncodeError> {
        if self.put_known(WhoRef::of_answer(answer), answer.said(), encoder) {
            return Ok(());
        }
        self.encode(&Answer { body: &[], parts: &[], ..*answer }.to_envelope(), number, encoder)
    }

    /// Appends what a pair says, if it is one that is kept.
    fn put_known(&self, who: WhoRef<'_>, said: Said, encoder: &mut Encoder) -> bool {
        let slot = who.slot();
        let knows = self.knows(slot, who);
        if knows {
            said.put(slot, encoder);
        }
        knows
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

fn put_rest(envelope: &Envelope, encoder: &mut Encoder) -> Result<(), EncodeError> {
    let headers = &envelope.headers;
    let reply = match &headers.reply_to {
        None => Reply::None,
        Some((port, slot)) if is_of_sender(port, headers) => Reply::Sender(port.port, *slot),
        Some((port, slot)) => Reply::Other(port.clone(), *slot),
    };
    encoder.put_plain(&Rest {
        target: envelope.to.target,
        deadline_us: headers.deadline_us,
        chain: &headers.chain[..],
        trace: headers.trace,
        hops: headers.hops,
        lane: headers.lane,
        reply,
        reply_on: headers.reply_on,
        point: headers.point,
        lent: headers.lent.clone(),
    })?;
    match &envelope.body {
        Body::Message(_) => encoder.put_plain(&BodyHead::Message),
        Body::Reply(_) => encoder.put_plain(&BodyHead::Reply),
        Body::Failed(_) | Body::Returned { .. } => encoder.put_plain(&BodyHead::of(&envelope.body)),
    }
}

impl Who {
    /// The envelope that says no more than `said`; `None` of a message where no handler was named.
    fn envelope(self, said: Said, payload: Payload) -> Option<Envelope> {
        let Who { proc, at, sender, sender_at, target } = self;
        let (target, headers, body) = match said {
            Said::Tell => (target?, Headers::of(sender, sender_at, Lane::Data), Body::Message(payload)),
            Said::Ask(ask) => {
                let home = ProcAddr { id: sender.proc.clone(), at: sender_at.clone() };
                let headers = Headers {
                    deadline_us: Some(ask.left_us),
                    chain: if ask.in_chain { vec![sender.clone()] } else { Vec::new() },
                    reply_to: Some((PortAddr { proc: home, port: ask.port }, 0)),
                    ..Headers::of(sender, sender_at, Lane::Data)
                };
                (target?, headers, Body::Message(payload))
            }
            Said::Answer { port, slot } => (
                Target::Port { port, slot },
                Headers::of(sender, sender_at, Lane::Control),
                Body::Reply(payload),
            ),
        };
        Some(Envelope { to: Destination { proc, at, target }, headers, body })
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

    /// What this head and body say, if that is little; `None` when it is anything else, or malformed:
    /// [`HeadReader::decode`] will say.
    #[inline]
    pub fn told<'a>(&'a self, head: &[u8], body: &'a [u8]) -> Option<Told<'a>> {
        let (slot, said) = Said::get(head)?;
        let who = self.known(slot).ok()?;
        let is_whole = matches!(said, Said::Answer { .. }) || who.target.is_some();
        is_whole.then_some(Told::known(who, said, body))
    }

    /// Puts the next head and its payload together again.
    ///
    /// # Errors
    /// [`DecodeError`], when the head is malformed. It is final: the heads that follow may mean anything.
    pub fn decode(&mut self, head: &[u8], payload: Payload) -> Result<Envelope, DecodeError> {
        if let Some((slot, said)) = Said::get(head) {
            let envelope = self.known(slot)?.clone().envelope(said, payload);
            return envelope.ok_or_else(|| malformed("no handler was named for its slot"));
        }
        let mut decoder = Decoder::of_bytes(head);
        let who = match decoder.get::<Lead<Who>>()? {
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
            deadline_us: rest.deadline_us,
            chain: rest.chain,
            trace: rest.trace,
            hops: rest.hops,
            lane: rest.lane,
            reply_to,
            reply_on: rest.reply_on,
            point: rest.point,
            lent: rest.lent,
        };
        let envelope = Envelope { to: Destination { proc, at, target: rest.target }, headers, body };
        envelope.check_bounds().map_err(|error| DecodeError::Value { reason: error.to_string() })?;
        Ok(envelope)
    }
}

/// Takes a number of the encoding (a `u64` of variable length, little-endian) off the front of `bytes`.
#[inline]
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    Some(match *first {
        small @ 0..=250 => (small.into(), rest),
        251 => rest.split_first_chunk().map(|(number, rest)| (u16::from_le_bytes(*number).into(), rest))?,
        252 => rest.split_first_chunk().map(|(number, rest)| (u32::from_le_bytes(*number).into(), rest))?,
        253 => rest.split_first_chunk().map(|(number, rest)| (u64::from_le_bytes(*number), rest))?,
        _ => return None,
    })
}

fn malformed(reason: &str) -> DecodeError {
    DecodeError::Value { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
