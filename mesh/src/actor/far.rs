//! A reply that goes to a port, anywhere.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use super::panic::panic_text;
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::call::{CallErrorKind, Callee};
use crate::ident::{ActorId, Label, Uid};
use crate::message;
use crate::outbox::{Lending, Outbox, went_nowhere};
use crate::port::{Holder, encoded_count};
use crate::sync::Arc;
use crate::wire::codec::{EncodeError, Encoder, PARTS_MAX};
use crate::wire::envelope::{Body, Destination, Envelope, Headers, Lane, Lent};

/// A reply to a port.
pub struct RemoteReply<R> {
    /// The sending side of who answers.
    pub outbox: Arc<Outbox>,
    /// Who answers.
    pub from: ActorId,
    /// The port.
    pub port: PortAddr,
    /// Its slot there.
    pub slot: u32,
    /// How the value is encoded.
    pub encode: Encode<R>,
    /// Who gets it.
    pub asker: Asker,
}

/// Who has asked, for whoever opened a port whose reference is in the reply.
pub struct Asker {
    /// Its identity and name; `None` where the reply cannot hold a reference.
    who: Option<(Uid, Label)>,
    /// Its proc, unless that is where the reply goes.
    home: Option<Box<ProcAddr>>,
}

impl Asker {
    /// The sender of a call whose reply is an `R`, at home there, where that is not the proc of the reply's port.
    pub(super) fn of<R>(sender: &ActorId, home: Option<&Arc<Location>>) -> Asker {
        // A reference has to be dropped: replies that have not are the most frequent, and cost nothing.
        if std::mem::needs_drop::<R>() { Asker::named(sender, home) } else { Asker::nobody() }
    }

    /// As `of`, whatever the reply is.
    pub(super) fn named(sender: &ActorId, home: Option<&Arc<Location>>) -> Asker {
        let home = home.map(|at| Box::new(ProcAddr { id: sender.proc.clone(), at: at.clone() }));
        Asker { who: Some((sender.uid, sender.label.clone())), home }
    }

    /// Of a reply without a value.
    pub(super) fn nobody() -> Asker {
        Asker { who: None, home: None }
    }

    /// As one that is lent a port with the reply to `port`.
    fn holder(&self, port: &PortAddr) -> Holder {
        let Some((uid, label)) = &self.who else { return Holder::of_port(port) };
        let ProcAddr { id, at } = self.home.as_deref().unwrap_or(&port.proc);
        let actor = ActorId::new(id.clone(), *uid, label.clone());
        Holder { callee: Callee { actor, handler: None, rank: None }, at: Some(at.clone()) }
    }
}

/// Encodes a reply.
pub(crate) type Encode<R> = fn(&R, &mut Encoder) -> Result<(), EncodeError>;

/// Encodes a value as a reply.
pub(crate) fn encode<R: Serialize + 'static>(value: &R, out: &mut Encoder) -> Result<(), EncodeError> {
    out.put(value)
}

/// The longest reply, in bytes, that is copied into a link's buffer rather than shared.
const ANSWER_LEN_MAX: usize = 16 << 10;

impl<R> RemoteReply<R> {
    /// Answers.
    pub(super) fn answer(&self, value: &R) {
        let encoded = encoded_count();
        let posted = message::with_scratch(|encoder| {
            // The user's `Serialize` runs here: a panic in it is a reply that does not encode.
            match catch_unwind(AssertUnwindSafe(|| (self.encode)(value, encoder))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Some(Body::Failed(error.call_error())),
                Err(panic) => {
                    let reason = format!("encoding the reply panicked: {}", panic_text(&*panic));
                    return Some(Body::Failed(CallErrorKind::Decode { reason }));
                }
            }
            let (body, parts) = (encoder.body(), encoder.parts());
            if encoded == encoded_count()
                && body.len() <= ANSWER_LEN_MAX
                && parts.len() <= PARTS_MAX
                && self.outbox.gateway().answer(&self.port, self.slot, &self.from, (body, parts))
            {
                return None;
            }
            Some(match std::mem::take(encoder).finish() {
                Ok(payload) => Body::Reply(payload),
                Err(error) => Body::Failed(error.call_error()),
            })
        });
        if let Some(body) = posted {
            let lent = if encoded == encoded_count() { None } else { self.lend(encoded, &body) };
            self.post(body, lent);
        }
    }

    /// Lends the ports whose references were encoded since to who has asked, if those go there.
    #[cold]
    fn lend(&self, encoded: u64, body: &Body) -> Option<Arc<[Lent]>> {
        if !matches!(body, Body::Reply(_)) {
            went_nowhere(encoded);
            return None;
        }
        let holder = self.asker.holder(&self.port);
        Lending::of(encoded, 1, move |_| holder.clone()).header()
    }

    /// Says that there is no answer.
    pub(super) fn fail(&self, kind: CallErrorKind) {
        self.post(Body::Failed(kind), None);
    }

    /// The same port for another type.
    pub(super) fn encoding<S>(self, encode: Encode<S>) -> RemoteReply<S> {
        let RemoteReply { outbox, from, port, slot, encode: _, asker } = self;
        RemoteReply { outbox, from, port, slot, encode, asker }
    }

    fn post(&self, body: Body, lent: Option<Arc<[Lent]>>) {
        let headers = Headers { lent, ..self.outbox.headers(&self.from, Lane::Control) };
        let to = Destination::port(&self.port, self.slot);
        self.outbox.gateway().post_or_bounce(Envelope { to, headers, body });
    }
}
