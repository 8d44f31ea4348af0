//! How an actor takes what comes from elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Cell, Control};
use crate::actor::chain::CallChain;
use crate::actor::far::{Asker, Encode, RemoteReply, encode};
use crate::actor::panic::panic_text;
use crate::actor::parcel::{Deferred, Parcel, ParcelHeaders, RareHeaders};
use crate::actor::reply::ReplyTo;
use crate::actor::traits::{Actor, Exporter, Handler};
use crate::actor::{EVENT, FAILURE};
use crate::addr::{ActorAddr, Location, PortAddr};
use crate::call::CallErrorKind;
use crate::clock;
use crate::gateway::{Bounced, RETURNED};
use crate::ident::ActorId;
use crate::mailbox::WaitOutcome;
use crate::message::{self, Message, RemoteMessage};
use crate::outbox::Held;
use crate::supervision::{Failure, SupervisionEvent};
use crate::sync::{Arc, Mutex, Ordering};
use crate::wire::codec::{DecodeError, Decoder};
use crate::wire::envelope::{Body, Envelope, ReplyOn, Target};
use crate::wire::heads::Told;

impl<A: Actor> Cell<A> {
    pub(super) fn receive(self: &Arc<Self>, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let refuse = |envelope, kind| Err(Box::new(Bounced { envelope, kind }));
        let Target::Handler { handler, incarnation, .. } = envelope.to.target else {
            let reason = "an actor has no ports".to_owned();
            return refuse(envelope, CallErrorKind::Undeliverable { reason });
        };
        if incarnation != 0 && incarnation != self.incarnation() {
            return refuse(envelope, CallErrorKind::ActorStopped);
        }
        let control = match (handler, &envelope.body) {
            (RETURNED, Body::Returned { to, reason }) => {
                // Counted here, not queued: what comes back is not bounded by the mailbox.
                if self.counters.undelivered.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!(actor = %self.id, to = %to.proc, %reason, "a first message came back");
                }
                return Ok(());
            }
            (FAILURE, Body::Message(payload)) => match payload.get::<Failure>() {
                Ok(failure) if !self.outbox.is_news(&failure) => return Ok(()),
                Ok(failure) => {
                    let from = &envelope.headers;
                    let from = ActorAddr { id: from.sender.clone(), at: from.sender_at.clone() };
                    Some(Control::Failure(Box::new(failure), from, self.mailbox.accepted()))
                }
                Err(error) => return refuse(envelope, CallErrorKind::decode(error)),
            },
            (EVENT, Body::Message(payload)) => match payload.get::<SupervisionEvent>() {
                Ok(event) => {
                    self.outbox.hears(&event);
                    Some(Control::Event(Box::new(event)))
                }
                Err(error) => return refuse(envelope, CallErrorKind::decode(error)),
            },
            _ => None,
        };
        if let Some(control) = control {
            return match self.push_control(control) {
                Ok(()) => Ok(()),
                Err(_) => refuse(envelope, self.gone()),
            };
        }
        let Body::Message(payload) = &envelope.body else {
            let reason = "an actor takes messages only".to_owned();
            return refuse(envelope, CallErrorKind::Undeliverable { reason });
        };
        let mut lookup = Lookup { wanted: handler, found: None };
        A::exports(&mut lookup);
        let Some(open) = lookup.found else {
            let reason = format!("{} has no handler {handler:016x}", std::any::type_name::<A>());
            return refuse(envelope, CallErrorKind::Undeliverable { reason });
        };
        let rare = RareHeaders {
            point: envelope.headers.point,
            trace: envelope.headers.trace,
            deferred: match envelope.headers.reply_on {
                ReplyOn::Deferred => envelope.headers.reply_to.clone().map(|port| {
                    // Dropped with a message that is not handled, it answers.
                    let asker = Asker::named(&envelope.headers.sender, Some(&envelope.headers.sender_at));
                    Deferred::Port(Mutex::new(Some(self.reply_to(port, encode::<()>, asker))))
                }),
                ReplyOn::Answer | ReplyOn::Acceptance => None,
            },
        };
        let headers = ParcelHeaders {
            deadline: envelope.headers.deadline_us.and_then(clock::in_us),
            chain: CallChain::from_wire(envelope.headers.chain.clone()),
            rare: (rare.point.is_some() || rare.deferred.is_some() || rare.trace.is_some())
                .then(|| Box::new(rare)),
        };
        let reply_to = match envelope.headers.reply_on {
            ReplyOn::Answer => envelope.headers.reply_to.clone().map(|port| Asking {
                port,
                sender: &envelope.headers.sender,
                home: Some(&envelope.headers.sender_at),
            }),
            ReplyOn::Acceptance | ReplyOn::Deferred => None,
        };
        let arriving = || Held::arriving(&self.outbox, &self.id, &envelope.headers);
        let helds = envelope.headers.lent.is_some().then(arriving);
        // The user's `Deserialize` runs here, in the task of a link: a panic in it is a message that does not decode.
        let open = || open(self, Decoder::new(payload), reply_to, headers);
        let opened = Held::decoding(helds.as_ref(), || catch_unwind(AssertUnwindSafe(open)));
        let parcel = match opened {
            Ok(Ok(parcel)) => parcel,
            Ok(Err(error)) => return refuse(envelope, CallErrorKind::decode(error)),
            Err(panic) => {
                let reason = format!("decoding panicked: {}", panic_text(&*panic));
                return refuse(envelope, CallErrorKind::Decode { reason });
            }
        };
        self.outbox.events().note(|| format!("deliver {} {}", self.id, parcel.handler()));
        let taken = self.enqueue(parcel, envelope);
        if taken.is_ok() {
            helds.iter().for_each(Held::arrived);
        }
        taken
    }

    /// Takes messages, as many of the first as it can.
    pub(super) fn hear(self: &Arc<Self>, told: &[Told<'_>]) -> usize {
        let Some(Target::Handler { handler, incarnation, .. }) = told.first().and_then(Told::handler) else {
            return 0;
        };
        let mut lookup = Lookup { wanted: handler, found: None };
        A::exports(&mut lookup);
        let Some(open) = lookup.found.filter(|_| incarnation == 0 || incarnation == self.incarnation())
        else {
            return 0;
        };
        for (taken, one) in told.iter().enumerate() {
            if one.handler().is_none() {
                return taken;
            }
            let (reply_to, headers) = match one.ask() {
                None => (None, ParcelHeaders::default()),
                Some((ask, port)) => {
                    let deadline = self.outbox.coarse().after_us(ask.left_us);
                    let chain = ask.in_chain.then(|| CallChain::extend(one.sender().clone(), None));
                    let asking = Asking { port: (port, 0), sender: one.sender(), home: None };
                    (Some(asking), ParcelHeaders { deadline, chain, rare: None })
                }
            };
            let is_call = reply_to.is_some();
            // As in `receive`; whatever is wrong is found again there, and told.
            let open = || open(self, Decoder::of_bytes(one.body()), reply_to, headers);
            let Ok(Ok(parcel)) = catch_unwind(AssertUnwindSafe(open)) else { return taken };
            self.outbox.events().note(|| format!("deliver {} {}", self.id, parcel.handler()));
            if is_call {
                self.enqueue_call(parcel);
            } else if self.push(parcel).is_err() {
                return taken;
            }
        }
        told.len()
    }

    fn reply_to<R>(&self, (port, slot): (PortAddr, u32), encode: Encode<R>, asker: Asker) -> ReplyTo<R> {
        let (outbox, from) = (self.outbox.clone(), self.id.clone());
        ReplyTo::port(RemoteReply { outbox, from, port, slot, encode, asker })
    }

    /// Accepts a message of a `send_wait` from afar, and says so when it has.
    fn accept(self: &Arc<Self>, parcel: Parcel<A>, port: (PortAddr, u32)) {
        let acceptance = self.reply_to(port, encode::<()>, Asker::nobody());
        match self.push_or_wait(parcel) {
            Ok(None) => acceptance.answer(()),
            Ok(Some(waiting)) => {
                let waits = async move {
                    match waiting.await {
                        WaitOutcome::Accepted => acceptance.answer(()),
                        WaitOutcome::Closed(_) => drop(acceptance),
                    }
                };
                drop(self.outbox.runtime().spawn(waits));
            }
            Err(refused) => acceptance.fail(refused.0),
        }
    }

    fn enqueue(self: &Arc<Self>, parcel: Parcel<A>, envelope: Envelope) -> Result<(), Box<Bounced>> {
        // Whatever lane it says it comes on: only the runtime's own news, handled above, goes past the bound.
        if let (ReplyOn::Acceptance, Some(port)) =
            (envelope.headers.reply_on, envelope.headers.reply_to.clone())
        {
            self.accept(parcel, port);
            return Ok(());
        }
        if envelope.headers.reply_to.is_some() {
            self.enqueue_call(parcel);
            return Ok(());
        }
        self.push(parcel).map_err(|refused| Box::new(Bounced { envelope, kind: refused.0 }))
    }

    /// Of a call, whose caller hears what becomes of it.
    fn enqueue_call(self: &Arc<Self>, parcel: Parcel<A>) {
        match self.push_or_wait(parcel) {
            Ok(None) => {}
            Ok(Some(waiting)) => waiting.detach(),
            Err(refused) => refused.1.refuse(refused.0),
        }
    }
}

/// A reply that is expected.
struct Asking<'a> {
    port: (PortAddr, u32),
    sender: &'a ActorId,
    /// Where the sender is, unless in the proc of the port.
    home: Option<&'a Arc<Location>>,
}

type Open<A> = fn(&Cell<A>, Decoder<'_>, Option<Asking<'_>>, ParcelHeaders) -> Result<Parcel<A>, DecodeError>;

/// Finds the handler of a number: with the generated `exports` it becomes a chain of comparisons.
struct Lookup<A: Actor> {
    wanted: u64,
    found: Option<Open<A>>,
}

impl<A: Actor> Exporter<A> for Lookup<A> {
    fn remote<M: RemoteMessage>(&mut self)
    where
        A: Handler<M>,
    {
        if self.wanted == M::ID {
            self.found = Some(|cell, input, reply_to, headers| {
                let message = message::decode_message::<M>(input)?;
                let reply = match reply_to {
                    None => ReplyTo::none(),
                    Some(Asking { port, sender, home }) => {
                        cell.reply_to(port, M::encode_reply, Asker::of::<M::Reply>(sender, home))
                    }
                };
                Ok(Parcel::new(message, reply, headers))
            });
        }
    }

    fn local<M: Message>(&mut self)
    where
        A: Handler<M>,
    {
    }
}
