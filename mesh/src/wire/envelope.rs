//! A message on its way between procs: whom to, what about, and what it carries.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{DecodeError, Decoder, EncodeError, Encoder, Payload};
use crate::addr::{ActorAddr, Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::ident::{ActorId, ProcId, Uid};
use crate::supervision::Cause;

/// How many hops an envelope may take; then it is returned.
pub const HOPS_MAX: u8 = 64;

/// The most callers in a call chain; a longer one is refused as a likely loop.
pub const CHAIN_LEN_MAX: usize = 64;

/// The most causes, one below the other, in an error that an envelope carries.
pub const CAUSES_MAX: usize = 32;

/// Where an envelope goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The proc.
    pub proc: ProcId,
    /// The front door it lives behind.
    pub at: Arc<Location>,
    /// What in the proc.
    pub target: Target,
}

impl Destination {
    /// A handler of an actor.
    pub fn handler(actor: &ActorAddr, handler: u64) -> Destination {
        Destination {
            proc: actor.id.proc.clone(),
            at: actor.at.clone(),
            target: Target::Handler { actor: actor.id.uid, incarnation: actor.id.incarnation, handler },
        }
    }

    /// A port.
    pub fn port(port: &PortAddr, slot: u32) -> Destination {
        Destination {
            proc: port.proc.id.clone(),
            at: port.proc.at.clone(),
            target: Target::Port { port: port.port, slot },
        }
    }
}

/// What in a proc an envelope goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A handler of an actor.
    Handler {
        /// The actor.
        actor: Uid,
        /// Which life of it; 0 for any.
        incarnation: u32,
        /// The handler (`Message::ID`).
        handler: u64,
    },
    /// A port.
    Port {
        /// Which.
        port: u64,
        /// Which of the replies that the port waits for: the rank in the caller's view, 0 for a single call.
        slot: u32,
    },
    /// The handlers of many actors: each gateway on the way splits it (see [`cast`](super::cast)).
    Cast,
    /// A port, for the replies of many ranks.
    Replies {
        /// Which.
        port: u64,
    },
    /// An accumulating port: gateways on the way may merge what goes there.
    Fold {
        /// Which.
        port: u64,
        /// The number of the pair of item type and reducer.
        merge: u64,
        /// How long a gateway may keep items to merge them, in milliseconds.
        every_ms: u32,
    },
}

/// Which queue an envelope stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lane {
    /// Users' messages: bounded.
    Data,
    /// Replies, returns, stops and supervision: never behind data, bounded by what they answer.
    Control,
}

/// Which member of a mesh a cast message is for, stamped where it is planned, read where it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CastPoint {
    /// The rank in the caller's view.
    pub rank: u32,
    /// The rank in the whole mesh, as created.
    pub base_rank: u32,
    /// How many ranks the caller's view has.
    pub size: u32,
}

/// The ids of a distributed trace (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// The whole trace.
    pub trace_id: u128,
    /// The span that sent this.
    pub span_id: u64,
}

/// As a `traceparent` of W3C Trace Context, version 00.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace_id, self.span_id)
    }
}

/// The most ports whose references are lent with one message; of more it is not known where they are.
pub const LENT_MAX: usize = 16;

/// A port whose references go with a message, and under which number its proc hears that they were let go of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    /// The port.
    pub port: PortAddr,
    /// The number: a port of its own in the same proc, of which each holder has the slot of its rank.
    pub number: u64,
}

/// No port has this number.
const NOBODY: u64 = 0;

/// Marks the numbers under which ports are lent: ports are never counted so far.
const LENT: u64 = 1 << 63;

/// The bits that a port and its loans have in common, so that what is said of a loan stays behind what is posted.
const WAY_BITS: u32 = 20;

impl Lent {
    /// The `n`-th number of a port.
    pub fn number(port: u64, n: u64) -> u64 {
        LENT | (n << WAY_BITS) | (port & ((1 << WAY_BITS) - 1))
    }

    /// Which of the numbers of its port one is; `None` for a port.
    pub fn nth(number: u64) -> Option<u64> {
        (number >= LENT).then_some((number & !LENT) >> WAY_BITS)
    }

    /// What is the same for a port and the numbers under which it is lent, and differs from that of most others.
    pub fn way(port: u64) -> u64 {
        port & ((1 << WAY_BITS) - 1)
    }

    /// Where it is said that they were let go of.
    pub fn release(&self) -> PortAddr {
        PortAddr { proc: self.port.proc.clone(), port: self.number }
    }

    /// Tells the gateways on the way back to who has lent the port on that it was let go of: what goes to its own proc may
    /// not pass them.
    pub fn forgotten(self, lender: ProcAddr, slot: u32, headers: Headers) -> Envelope {
        let to = Destination::port(&PortAddr { proc: lender, port: NOBODY }, slot);
        let headers = Headers { lent: Some([self].into()), ..headers };
        Envelope { to, headers, body: Body::Failed(CallErrorKind::ActorStopped) }
    }
}

/// What an envelope says beside its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// Who sent it.
    pub sender: ActorId,
    /// Where a message that cannot be delivered is returned to.
    pub sender_at: Arc<Location>,
    /// What is left of the time allowed, in microseconds, at the moment of sending.
    pub deadline_us: Option<u64>,
    /// The callers that wait for this, outermost first.
    pub chain: Vec<ActorId>,
    /// The trace it belongs to.
    pub trace: Option<TraceContext>,
    /// Hops left.
    pub hops: u8,
    /// The queue it stands in.
    pub lane: Lane,
    /// Where the reply goes, if one is expected, and its slot there.
    pub reply_to: Option<(PortAddr, u32)>,
    /// What the reply waits for.
    pub reply_on: ReplyOn,
    /// Its place in a cast.
    pub point: Option<CastPoint>,
    /// The ports whose references it carries, where it is known.
    pub lent: Option<Arc<[Lent]>>,
}

impl Headers {
    /// What `sender` says that has nothing more to say: no deadline, no reply.
    pub fn of(sender: ActorId, sender_at: Arc<Location>, lane: Lane) -> Headers {
        Headers {
            sender,
            sender_at,
            deadline_us: None,
            chain: Vec::new(),
            trace: None,
            hops: HOPS_MAX,
            lane,
            reply_to: None,
            reply_on: ReplyOn::Answer,
            point: None,
            lent: None,
        }
    }

    /// The proc that has lent a port on with this; `None` if it is the port's own.
    pub fn lender(&self, lent: &Lent) -> Option<ProcAddr> {
        let is_own = self.sender.proc.uid == lent.port.proc.id.uid;
        (!is_own).then(|| ProcAddr { id: self.sender.proc.clone(), at: self.sender_at.clone() })
    }

    /// Checks what the other side would not take.
    pub(crate) fn check_bounds(&self) -> Result<(), EncodeError> {
        if self.chain.len() > CHAIN_LEN_MAX {
            return Err(EncodeError::Value { reason: chain_too_long(self.chain.len()) });
        }
        let lent = self.lent().0.len();
        if lent > LENT_MAX {
            return Err(EncodeError::Value { reason: format!("{lent} ports lent, more than {LENT_MAX}") });
        }
        Ok(())
    }

    /// The ports whose references it carries, and the slot of its holder.
    pub fn lent(&self) -> (&[Lent], u32) {
        (self.lent.as_deref().unwrap_or_default(), self.point.map_or(0, |point| point.rank))
    }
}

/// What a reply waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplyOn {
    /// The handler's value.
    Answer,
    /// The acceptance of the message by the mailbox; the reply is empty.
    Acceptance,
    /// A value that the handler gives later.
    Deferred,
}

/// What an envelope carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message, or an item for a port.
    Message(Payload),
    /// The reply to a call.
    Reply(Payload),
    /// The call has no reply, and why.
    Failed(CallErrorKind),
    /// A message that came back, without its payload: what it was for, and why (`DEL-3`).
    Returned {
        /// Where it was to go.
        to: Box<Destination>,
        /// Why it did not.
        reason: CallErrorKind,
    },
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Where it goes.
    pub to: Destination,
    /// What it says beside its body.
    pub headers: Headers,
    /// What it carries.
    pub body: Body,
}

/// The body's kind on the wire; a payload follows the head as bytes.
#[derive(Serialize, Deserialize)]
pub(super) enum BodyHead {
    Message,
    Reply,
    Failed(CallErrorKind),
    Returned { to: Box<Destination>, reason: CallErrorKind },
}

impl BodyHead {
    pub(super) fn of(body: &Body) -> BodyHead {
        match body {
            Body::Message(_) => BodyHead::Message,
            Body::Reply(_) => BodyHead::Reply,
            Body::Failed(kind) => BodyHead::Failed(kind.clone()),
            Body::Returned { to, reason } => BodyHead::Returned { to: to.clone(), reason: reason.clone() },
        }
    }

    pub(super) fn with(self, payload: Payload) -> Body {
        match self {
            BodyHead::Message => Body::Message(payload),
            BodyHead::Reply => Body::Reply(payload),
            BodyHead::Failed(kind) => Body::Failed(kind),
            BodyHead::Returned { to, reason } => Body::Returned { to, reason },
        }
    }
}

impl Envelope {
    /// The lane whose bound it is within on a link. What comes back is one for each that was sent, which nothing else
    /// would bound: it counts as they did.
    pub fn bound_lane(&self) -> Lane {
        if matches!(self.body, Body::Returned { .. }) { Lane::Data } else { self.headers.lane }
    }

    /// Checks what the other side would not take.
    pub(crate) fn check_bounds(&self) -> Result<(), EncodeError> {
        self.headers.check_bounds()?;
        match &self.body {
            Body::Failed(kind) | Body::Returned { reason: kind, .. } => check_causes(kind),
            Body::Message(_) | Body::Reply(_) => Ok(()),
        }
    }

    /// Encodes all but the payload, which travels as it is.
    ///
    /// # Errors
    /// [`EncodeError`], when the headers do not encode, the chain of callers is longer than [`CHAIN_LEN_MAX`], or the
    /// chain of causes longer than [`CAUSES_MAX`]: the other side would not take it.
    pub fn encode_head(&self) -> Result<Payload, EncodeError> {
        let mut encoder = Encoder::default();
        self.encode_head_into(&mut encoder)?;
        encoder.finish()
    }

    /// As [`Envelope::encode_head`], into an encoder that may be used again.
    ///
    /// # Errors
    /// As [`Envelope::encode_head`]; what was encoded before stays.
    pub fn encode_head_into(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.check_bounds()?;
        encoder.put(&self.to)?;
        encoder.put(&self.headers)?;
        encoder.put(&BodyHead::of(&self.body))
    }

    /// Whether it only tells gateways that a port which was lent on was let go of.
    pub fn is_forgotten(&self) -> bool {
        self.headers.lent.is_some() && matches!(self.body, Body::Failed(_))
    }

    /// The payload, where the body has one.
    pub fn payload(&self) -> Option<&Payload> {
        match &self.body {
            Body::Message(payload) | Body::Reply(payload) => Some(payload),
            Body::Failed(_) | Body::Returned { .. } => None,
        }
    }

    /// Puts a head and a payload together again.
    ///
    /// # Errors
    /// [`DecodeError`], when the head is malformed.
    pub fn decode(head: &[u8], payload: Payload) -> Result<Envelope, DecodeError> {
        let mut decoder = Decoder::of_bytes(head);
        let to = decoder.get()?;
        let headers: Headers = decoder.get()?;
        let body = decoder.get::<BodyHead>()?.with(payload);
        decoder.finish()?;
        if headers.chain.len() > CHAIN_LEN_MAX {
            return Err(DecodeError::Value { reason: chain_too_long(headers.chain.len()) });
        }
        Ok(Envelope { to, headers, body })
    }
}

fn chain_too_long(len: usize) -> String {
    format!("a chain of {len} callers is longer than the {CHAIN_LEN_MAX} allowed")
}

fn check_causes(kind: &CallErrorKind) -> Result<(), EncodeError> {
    let CallErrorKind::ActorFailed { cause } = kind else { return Ok(()) };
    let Cause::Child { failure } = &**cause else { return Ok(()) };
    match failure.chain().count() {
        count if count > CAUSES_MAX => Err(EncodeError::Value {
            reason: format!("a chain of {count} causes is longer than {CAUSES_MAX}"),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
