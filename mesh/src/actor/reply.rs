//! Where a reply goes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use super::panic::panic_text;
use crate::activity::CallOf;
use crate::addr::PortAddr;
use crate::call::CallErrorKind;
use crate::clock::Wait;
use crate::ident::ActorId;
use crate::outbox::Outbox;
use crate::sync::{Arc, Mutex, MutexGuard, lock};
use crate::wire::codec::{EncodeError, Payload};
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

/// The outcome of a call, within a process.
pub type Reply<R> = Result<R, CallErrorKind>;

/// Where a reply goes. Dropped unused, it says that the actor has stopped: no caller waits for ever (`CALL-1`).
pub struct ReplyTo<R>(Option<Place<R>>);

enum Place<R> {
    Here(Arc<ReplySlot<R>>),
    Port(Box<RemoteReply<R>>),
}

struct RemoteReply<R> {
    outbox: Arc<Outbox>,
    from: ActorId,
    port: PortAddr,
    slot: u32,
    encode: fn(&R) -> Result<Payload, EncodeError>,
}

impl<R> RemoteReply<R> {
    fn post(&self, body: Body) {
        let headers = self.outbox.headers(&self.from, Lane::Control);
        let to = Destination::port(&self.port, self.slot);
        self.outbox.gateway().post_or_bounce(Envelope { to, headers, body });
    }
}

/// Where a reply within the process waits for its caller, or the caller for it. Every [`ReplyTo`] answers, at the
/// latest when it is dropped, so there is no state for a lost sender.
struct ReplySlot<R> {
    slot: Mutex<Slot<R>>,
    call: CallOf,
}

enum Slot<R> {
    Empty,
    Waiting(Waker),
    Given(Reply<R>),
    /// The time is over; the caller is to be told.
    Expired,
    /// The caller has what it wanted, or wants it no more.
    Closed,
}

impl<R> ReplySlot<R> {
    fn lock(&self) -> MutexGuard<'_, Slot<R>> {
        // No user code runs under the lock, so a poisoned slot is still whole.
        lock(&self.slot)
    }

    fn give(&self, reply: Reply<R>) {
        let mut slot = self.lock();
        match &*slot {
            Slot::Empty | Slot::Given(_) => *slot = Slot::Given(reply),
            Slot::Waiting(_) => {
                let before = std::mem::replace(&mut *slot, Slot::Given(reply));
                drop(slot);
                if let Slot::Waiting(waker) = before {
                    waker.wake();
                }
            }
            // The caller has given up. A value of the user's is not dropped under the lock.
            Slot::Expired | Slot::Closed => {
                drop(slot);
                drop(reply);
            }
        }
    }
}

impl<R: Send> Wait for ReplySlot<R> {
    fn is_open(&self) -> bool {
        matches!(&*self.lock(), Slot::Waiting(_))
    }

    fn call(&self) -> Option<CallOf> {
        Some(self.call)
    }

    fn expire(&self) {
        let mut slot = self.lock();
        if matches!(&*slot, Slot::Waiting(_)) {
            let before = std::mem::replace(&mut *slot, Slot::Expired);
            drop(slot);
            if let Slot::Waiting(waker) = before {
                waker.wake();
            }
        }
    }
}

/// A caller's end of a reply within the process.
pub struct ReplyWait<R>(Arc<ReplySlot<R>>);

/// What a caller finds.
pub enum Arrival<R> {
    /// The reply.
    Reply(Reply<R>),
    /// The deadline that is watched for this wait has passed.
    Expired,
}

impl<R> ReplyWait<R> {
    /// Takes the reply, or waits for it.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<R>> {
        let mut slot = self.0.lock();
        match &*slot {
            Slot::Waiting(waker) if waker.will_wake(cx.waker()) => Poll::Pending,
            Slot::Empty | Slot::Waiting(_) => {
                *slot = Slot::Waiting(cx.waker().clone());
                Poll::Pending
            }
            Slot::Expired => Poll::Ready(Arrival::Expired),
            Slot::Given(_) | Slot::Closed => match std::mem::replace(&mut *slot, Slot::Closed) {
                Slot::Given(reply) => Poll::Ready(Arrival::Reply(reply)),
                _ => Poll::Ready(Arrival::Reply(Err(CallErrorKind::ActorStopped))),
            },
        }
    }
}

impl<R: Send + 'static> ReplyWait<R> {
    /// The wait, for its deadline to be watched.
    pub fn wait(&self) -> Arc<dyn Wait> {
        self.0.clone()
    }
}

impl<R> Drop for ReplyWait<R> {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut *self.0.lock(), Slot::Closed);
        drop(before);
    }
}

impl<R> ReplyTo<R> {
    /// Nobody waits.
    pub const fn none() -> ReplyTo<R> {
        ReplyTo(None)
    }

    /// A caller in this process, of this call.
    pub fn here(call: CallOf) -> (ReplyTo<R>, ReplyWait<R>) {
        let slot = Arc::new(ReplySlot { slot: Mutex::new(Slot::Empty), call });
        (ReplyTo(Some(Place::Here(slot.clone()))), ReplyWait(slot))
    }

    /// A port, anywhere.
    pub fn port(
        outbox: Arc<Outbox>,
        from: ActorId,
        (port, slot): (PortAddr, u32),
        encode: fn(&R) -> Result<Payload, EncodeError>,
    ) -> ReplyTo<R> {
        ReplyTo(Some(Place::Port(Box::new(RemoteReply { outbox, from, port, slot, encode }))))
    }

    /// Whether somebody waits.
    pub fn is_expected(&self) -> bool {
        self.0.is_some()
    }

    /// Answers.
    pub fn answer(mut self, value: R) {
        match self.0.take() {
            None => {}
            Some(Place::Here(slot)) => slot.give(Ok(value)),
            // The user's `Serialize` runs here: a panic in it is a reply that does not encode.
            Some(Place::Port(remote)) => {
                let encoded = catch_unwind(AssertUnwindSafe(|| (remote.encode)(&value)));
                remote.post(match encoded {
                    Ok(Ok(payload)) => Body::Reply(payload),
                    Ok(Err(error)) => Body::Failed(error.call_error()),
                    Err(panic) => {
                        let reason = format!("encoding the reply panicked: {}", panic_text(&*panic));
                        Body::Failed(CallErrorKind::Decode { reason })
                    }
                });
            }
        }
    }

    /// The same port for another type; `None` for a place that is not a port.
    pub(super) fn encoding<S>(
        mut self,
        encode: fn(&S) -> Result<Payload, EncodeError>,
    ) -> Option<ReplyTo<S>> {
        match self.0.take()? {
            Place::Here(_) => None,
            Place::Port(remote) => {
                let RemoteReply { outbox, from, port, slot, .. } = *remote;
                Some(ReplyTo::port(outbox, from, (port, slot), encode))
            }
        }
    }

    /// Says that there is no answer.
    pub fn fail(mut self, kind: CallErrorKind) {
        self.fail_with(kind);
    }

    fn fail_with(&mut self, kind: CallErrorKind) {
        match self.0.take() {
            None => {}
            Some(Place::Here(slot)) => slot.give(Err(kind)),
            Some(Place::Port(remote)) => remote.post(Body::Failed(kind)),
        }
    }

    /// Nobody is told.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl<R> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        self.fail_with(CallErrorKind::ActorStopped);
    }
}
