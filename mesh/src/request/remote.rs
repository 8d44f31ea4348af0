//! Verbs on an actor anywhere: the message is encoded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::builder::{Accepts, Limit, OneActor};
use super::pending::{OpenPort, Outcome, Pending, Whom};
use super::send_wait::SendWait;
use crate::activity::CallOf;
use crate::actor::{Handler, Remote, ReplyTo, Scope, panic_text};
use crate::addr::{ActorAddr, PortAddr};
use crate::call::{CallErrorKind, SendError};
use crate::clock;
use crate::ident::Uid;
use crate::message::{self, RemoteMessage};
use crate::outbox::{Lending, went_nowhere};
use crate::port::{CallWait, Next, OnceSink, PortItem, PortSink, encoded_count};
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder, PARTS_MAX, Payload};
use crate::wire::envelope::{Body, CastPoint, Destination, Envelope, Headers, Lane, Lent, ReplyOn};
use crate::wire::heads::Ask;

/// What an envelope to an actor says beside its payload.
#[derive(Default)]
pub(super) struct Posting {
    pub(super) reply_to: Option<(PortAddr, u32)>,
    pub(super) reply_on: Option<ReplyOn>,
    pub(super) limit_us: Option<u64>,
    pub(super) point: Option<CastPoint>,
    /// How the replies of many may be merged.
    pub(super) merge: Option<u64>,
    /// The ports whose references it carries.
    pub(super) lent: Option<Arc<[Lent]>>,
}

/// Posts an encoded message to an actor.
pub(super) fn post(
    scope: Scope<'_>,
    to: &ActorAddr,
    handler: u64,
    payload: Payload,
    posting: Posting,
) -> Result<(), CallErrorKind> {
    let headers = Headers { point: posting.point, ..headers(scope, &posting) };
    let envelope = Envelope { to: Destination::handler(to, handler), headers, body: Body::Message(payload) };
    scope.outbox.gateway().post(envelope).map_err(|bounced| bounced.kind)
}

/// What is said to one destination, and to many, alike.
pub(super) fn headers(scope: Scope<'_>, posting: &Posting) -> Headers {
    let mut headers = scope.outbox.headers(scope.sender, Lane::Data);
    headers.deadline_us = posting.limit_us;
    headers.lent = posting.lent.clone();
    headers.trace = scope.outbox.trace();
    if posting.reply_to.is_some() {
        headers.reply_to = posting.reply_to.clone();
        headers.reply_on = posting.reply_on.unwrap_or(ReplyOn::Answer);
        // Who waits for the acceptance alone does not wait for the handler.
        if headers.reply_on != ReplyOn::Acceptance {
            headers.chain = scope.call_chain().map(|chain| chain.to_wire()).unwrap_or_default();
        }
    }
    headers
}

/// The longest body, in bytes, that is copied into a link's buffer rather than shared.
const TELL_LEN_MAX: usize = 16 << 10;

/// Posts a message without a reply. The ports whose references it carries hear what becomes of those.
fn post_plain<M: RemoteMessage>(
    scope: Scope<'_>,
    (to, rank): (&Arc<ActorAddr>, Option<u32>),
    payload: Payload,
    (encoded, limit_us): (u64, Option<u64>),
) -> Result<(), CallErrorKind> {
    let lending = lend::<M>(encoded, &Whom::Remote(to.clone(), rank));
    let posting = Posting { limit_us, lent: lending.header(), ..Posting::default() };
    // The message comes back to whoever sends it, with the references.
    let in_order = |_: &CallErrorKind| lending.take_back(0, &CallErrorKind::ActorStopped);
    post(scope, to, M::ID, payload, posting).inspect_err(in_order)
}

/// Lends the ports whose references were encoded since to one actor.
fn lend<M: RemoteMessage>(encoded: u64, whom: &Whom) -> Lending {
    if encoded == encoded_count() {
        return Lending::default();
    }
    let whom = whom.clone();
    Lending::of(encoded, 1, move |_| whom.holder(M::NAME))
}

/// A message that was not encoded: the references in it that were go nowhere.
fn not_encoded(encoded: u64) -> impl Fn(EncodeError) -> CallErrorKind {
    move |error| {
        went_nowhere(encoded);
        error.call_error()
    }
}

/// Posts a message that says nothing beside its arguments: without an envelope, where a link takes it.
fn tell<M: RemoteMessage>(
    scope: Scope<'_>,
    to: &Arc<ActorAddr>,
    rank: Option<u32>,
    message: &M,
) -> Result<(), CallErrorKind> {
    let encoded = encoded_count();
    message::with_encoded(message, |encoder| {
        if encoded != encoded_count() || scope.outbox.trace().is_some() {
            let payload = std::mem::take(encoder).finish().map_err(not_encoded(encoded))?;
            return post_plain::<M>(scope, (to, rank), payload, (encoded, None));
        }
        if encoder.body().len() <= TELL_LEN_MAX && encoder.parts().len() <= PARTS_MAX {
            let (body, parts) = (encoder.body(), encoder.parts());
            if let Some(told) = scope.outbox.gateway().tell(to, M::ID, scope.sender, (body, parts), None) {
                return told;
            }
        }
        let payload = std::mem::take(encoder).finish().map_err(|error| error.call_error())?;
        post(scope, to, M::ID, payload, Posting::default())
    })
    .map_err(not_encoded(encoded))?
}

/// What the reply of a call waits for.
pub(super) fn reply_on<M: crate::message::Message>() -> Option<ReplyOn> {
    M::DEFERRED.then_some(ReplyOn::Deferred)
}

/// The cycle that a call would close.
pub(super) fn deadlock(scope: Scope<'_>, to: &ActorAddr) -> Option<CallErrorKind> {
    let cycle = scope.call_chain()?.cycle(&to.id)?;
    Some(CallErrorKind::Deadlock { cycle })
}

/// Takes the reply of a call to another place.
struct CallSink<R> {
    reply: Mutex<Option<ReplyTo<R>>>,
    decode: fn(Decoder<'_>) -> Result<R, DecodeError>,
    call: CallWait,
}

impl<R> CallSink<R> {
    fn reply(&self) -> MutexGuard<'_, Option<ReplyTo<R>>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, value: Result<Decoder<'_>, CallErrorKind>) -> Result<Next, CallErrorKind> {
        // PORT-3, or nobody waits any more.
        let reply = self.reply().take();
        let closed = || CallErrorKind::Undeliverable { reason: "the port is closed".into() };
        let reply = reply.ok_or_else(closed)?;
        let value = match value {
            Ok(value) => value,
            Err(kind) => {
                reply.fail(kind);
                return Ok(Next::Close);
            }
        };
        // The user's `Deserialize` runs here, in the task of a link: a panic in it is a reply that does not decode.
        match catch_unwind(AssertUnwindSafe(|| (self.decode)(value))) {
            Ok(Ok(value)) => reply.answer(value),
            Ok(Err(error)) => reply.fail(CallErrorKind::decode(error)),
            Err(panic) => {
                let reason = format!("decoding the reply panicked: {}", panic_text(&*panic));
                reply.fail(CallErrorKind::Decode { reason });
            }
        }
        Ok(Next::Close)
    }
}

impl<R: Send> PortSink for CallSink<R> {
    fn put(&self, _slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        match item {
            PortItem::Failed(kind) => self.give(Err(kind)),
            value => value.open(|payload| self.give(Ok(Decoder::new(payload)))).flatten(),
        }
    }

    fn put_bytes(&self, _slot: u32, body: &[u8]) -> Result<Next, CallErrorKind> {
        self.give(Ok(Decoder::of_bytes(body)))
    }

    fn owner(&self) -> Option<Uid> {
        Some(self.call.caller)
    }

    fn calls(&self) -> Vec<CallWait> {
        if self.reply().is_some() { vec![self.call.clone()] } else { Vec::new() }
    }
}

/// Calls one actor; `point` says which member of a mesh it is.
pub(super) fn call<M: RemoteMessage>(
    scope: Scope<'_>,
    whom: Whom,
    to: &ActorAddr,
    message: &M,
    timeout: Option<Duration>,
    point: Option<CastPoint>,
) -> Pending<M::Reply> {
    let limit = Limit::local::<M>(timeout, scope);
    let sent = deadlock(scope, to).map_or(Ok(()), Err).and_then(|()| {
        // The port knows who waits for whom.
        let of = CallOf { caller: scope.sender.uid.0, callee: 0, handler: M::NAME };
        let (reply, wait) = ReplyTo::here(of);
        let call = CallWait {
            caller: scope.sender.uid,
            callee: to.id.clone(),
            handler: M::NAME,
            since: limit.began(),
        };
        let sink = CallSink { reply: Mutex::new(Some(reply)), decode: message::decode_reply_of::<M>, call };
        let encoded = encoded_count();
        message::with_encoded(message, |encoder| {
            let lending = lend::<M>(encoded, &whom);
            let opened = scope.outbox.ports().open(Arc::new(sink)).map_err(exhausted);
            let asked = opened.and_then(|port| {
                let open = OpenPort::new(scope.outbox.clone(), port);
                ask::<M>(scope, to, encoder, port, &limit, (point, lending.header()))?;
                Ok(Outcome::remote(wait, open))
            });
            asked.inspect_err(|kind| lending.take_back(0, kind))
        })
        .map_err(not_encoded(encoded))?
    });
    Pending::new(sent.unwrap_or_else(|kind| Outcome::Failed(Box::new(kind))), whom, M::NAME, limit)
}

/// Posts an encoded call whose reply comes to `port`: without an envelope, where it says little and a link takes it.
fn ask<M: RemoteMessage>(
    scope: Scope<'_>,
    to: &ActorAddr,
    encoder: &mut Encoder,
    port: u64,
    limit: &Limit,
    (point, lent): (Option<CastPoint>, Option<Arc<[Lent]>>),
) -> Result<(), CallErrorKind> {
    let says_little = scope.chain.is_none()
        && scope.outbox.trace().is_none()
        && point.is_none()
        && lent.is_none()
        && !M::DEFERRED;
    let left_us = clock::to_us(limit.after);
    let (body, parts) = (encoder.body(), encoder.parts());
    if says_little && body.len() <= TELL_LEN_MAX && parts.len() <= PARTS_MAX {
        let ask = Ask { left_us, port, in_chain: scope.is_actor };
        if let Some(asked) =
            scope.outbox.gateway().tell(to, M::ID, scope.sender, (body, parts), Some((ask, limit.at)))
        {
            return asked;
        }
    }
    let payload = std::mem::take(encoder).finish().map_err(|error| error.call_error())?;
    let posting = Posting {
        reply_to: Some((PortAddr { proc: scope.outbox.addr(), port }, 0)),
        reply_on: reply_on::<M>(),
        limit_us: Some(left_us),
        point,
        merge: None,
        lent,
    };
    post(scope, to, M::ID, payload, posting)
}

pub(super) fn exhausted(error: crate::port::PortsExhausted) -> CallErrorKind {
    CallErrorKind::Undeliverable { reason: error.to_string() }
}

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: RemoteMessage> Accepts<M> for Remote<A> {
    type Pending = Pending<M::Reply>;

    fn call(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Pending<M::Reply> {
        let whom = Whom::Remote(self.addr().clone(), self.rank());
        call(scope, whom, self.addr(), &message, timeout, None)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: RemoteMessage> OneActor<M> for Remote<A> {
    fn send(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<M>> {
        let Some(limit_us) = timeout.map(clock::to_us) else {
            return tell(scope, self.addr(), self.rank(), &message).map_err(|kind| {
                let callee = Whom::Remote(self.addr().clone(), self.rank()).callee(M::NAME);
                SendError { callee: Box::new(callee), kind, message }
            });
        };
        let encoded = encoded_count();
        let sent = message::encode_message(&message).map_err(not_encoded(encoded)).and_then(|payload| {
            let to = (self.addr(), self.rank());
            post_plain::<M>(scope, to, payload, (encoded, Some(limit_us)))
        });
        sent.map_err(|kind| {
            let callee = Whom::Remote(self.addr().clone(), self.rank()).callee(M::NAME);
            SendError { callee: Box::new(callee), kind, message }
        })
    }

    fn send_wait(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> SendWait<M> {
        let limit = Limit::of::<M>(timeout, scope);
        let whom = Whom::Remote(self.addr().clone(), self.rank());
        let encoded = encoded_count();
        let sent = message::encode_message(&message).map_err(not_encoded(encoded)).and_then(|payload| {
            let lending = lend::<M>(encoded, &whom);
            let (sink, item) = OnceSink::new();
            let opened = scope.outbox.open_sink(sink).map_err(exhausted);
            let posted = opened.and_then(|(port, guard)| {
                let limit_us = timeout.map(|_| limit.left_us());
                let reply_on = Some(ReplyOn::Acceptance);
                let (reply_to, lent) = (Some((port, 0)), lending.header());
                let posting = Posting { reply_to, reply_on, limit_us, lent, ..Posting::default() };
                post(scope, self.addr(), M::ID, payload, posting)?;
                Ok((item, guard))
            });
            // The message comes back to whoever sends it, with the references.
            posted.inspect_err(|_| lending.take_back(0, &CallErrorKind::ActorStopped))
        });
        match sent {
            Err(kind) => SendWait::failed(whom, M::NAME, limit, kind, message),
            Ok((item, guard)) => {
                let wait = async move {
                    let item = item.await;
                    drop(guard);
                    match item {
                        Ok(PortItem::Value(_) | PortItem::Lent(_)) => Ok(()),
                        Ok(PortItem::Failed(kind)) => Err((kind, Some(message))),
                        Err(_) => Err((CallErrorKind::ActorStopped, Some(message))),
                    }
                };
                SendWait::waiting(whom, M::NAME, limit, Box::pin(wait))
            }
        }
    }
}
