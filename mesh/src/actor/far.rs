//! A reply that goes to a port, anywhere.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use super::panic::panic_text;
use crate::addr::PortAddr;
use crate::call::CallErrorKind;
use crate::ident::ActorId;
use crate::message;
use crate::outbox::Outbox;
use crate::sync::Arc;
use crate::wire::codec::{EncodeError, Encoder, PARTS_MAX};
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

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
            if body.len() <= ANSWER_LEN_MAX
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
            self.post(body);
        }
    }

    /// Says that there is no answer.
    pub(super) fn fail(&self, kind: CallErrorKind) {
        self.post(Body::Failed(kind));
    }

    /// The same port for another type.
    pub(super) fn encoding<S>(self, encode: Encode<S>) -> RemoteReply<S> {
        let RemoteReply { outbox, from, port, slot, encode: _ } = self;
        RemoteReply { outbox, from, port, slot, encode }
    }

    fn post(&self, body: Body) {
        let headers = self.outbox.headers(&self.from, Lane::Control);
        let to = Destination::port(&self.port, self.slot);
        self.outbox.gateway().post_or_bounce(Envelope { to, headers, body });
    }
}
