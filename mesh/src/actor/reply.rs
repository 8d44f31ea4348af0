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
use crate::sync::{Arc, Spin};
use crate::wire::codec::{EncodeError, Payload};
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

/// The outcome of a call, within a process.
pub type Reply<R> = Result<R, CallErrorKind>;

/// Where a reply goes. Dropped unused, it says that the actor has stopped: no caller waits for ever (`CALL-1`).
pub struct ReplyTo<R>(Option<Arc<Place<R>>>);

/// One allocation, so that a reply is one word of a message.
enum Place<R> {
    Here(ReplySlot<R>),
    Port(RemoteReply<R>),
}

impl<R> Place<R> {
    fn here(&self) -> Option<&ReplySlot<R>> {
        match self {
            Place::Here(slot) => Some(slot),
            Place::Port(_) => None,
        }
    }

    fn answer(&self, value: R) {
        let remote = match self {
            Place::Here(slot) => return slot.give(Ok(value)),
            Place::Port(remote) => remote,
        };
        // The user's `Serialize` runs here: a panic in it is a reply that does not encode.
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

    #[cold]
    fn fail(&self, kind: CallErrorKind) {
        match self {
            Place::Here(slot) => slot.give(Err(kind)),
            Place::Port(remote) => remote.post(Body::Failed(kind)),
        }
    }
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
    slot: Spin<Slot<R>>,
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
    fn give(&self, reply: Reply<R>) {
        let mut slot = self.slot.lock();
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

impl<R: Send> Wait for Place<R> {
    fn is_open(&self) -> bool {
        self.here().is_some_and(ReplySlot::is_open)
    }

    fn call(&self) -> Option<CallOf> {
        Some(self.here()?.call)
    }

    fn expire(&self) {
        if let Some(slot) = self.here() {
            slot.expire();
        }
    }
}

impl<R> ReplySlot<R> {
    fn is_open(&self) -> bool {
        matches!(&*self.slot.lock(), Slot::Waiting(_))
    }

    fn expire(&self) {
        let mut slot = self.slot.lock();
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
pub struct ReplyWait<R> {
    place: Arc<Place<R>>,
    /// It has the reply.
    done: bool,
}

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
        if let Some(found) = self.look(cx.waker()) {
            return found;
        }
        // A waker is the executor's code: it is cloned, and dropped, where no lock is held.
        let waker = Slot::Waiting(cx.waker().clone());
        let Some(place) = self.place.here() else { return Poll::Pending };
        let mut slot = place.slot.lock();
        if matches!(&*slot, Slot::Empty | Slot::Waiting(_)) {
            let before = std::mem::replace(&mut *slot, waker);
            drop(slot);
            drop(before);
            return Poll::Pending;
        }
        drop(slot);
        // It has come meanwhile.
        self.look(cx.waker()).unwrap_or(Poll::Pending)
    }

    /// What there is; `None` when the waker is still to be left there.
    fn look(&mut self, waker: &Waker) -> Option<Poll<Arrival<R>>> {
        let mut slot = self.place.here()?.slot.lock();
        match &*slot {
            Slot::Waiting(before) if before.will_wake(waker) => Some(Poll::Pending),
            Slot::Empty | Slot::Waiting(_) => None,
            Slot::Expired => Some(Poll::Ready(Arrival::Expired)),
            Slot::Given(_) | Slot::Closed => {
                let before = std::mem::replace(&mut *slot, Slot::Closed);
                drop(slot);
                self.done = true;
                Some(Poll::Ready(Arrival::Reply(match before {
                    Slot::Given(reply) => reply,
                    _ => Err(CallErrorKind::ActorStopped),
                })))
            }
        }
    }
}

impl<R: Send + 'static> ReplyWait<R> {
    /// The wait, for its deadline to be watched.
    pub fn wait(&self) -> Arc<dyn Wait> {
        self.place.clone()
    }
}

impl<R> Drop for ReplyWait<R> {
    fn drop(&mut self) {
        if !self.done
            && let Some(place) = self.place.here()
        {
            let before = std::mem::replace(&mut *place.slot.lock(), Slot::Closed);
            drop(before);
        }
    }
}

impl<R> ReplyTo<R> {
    /// Nobody waits.
    pub const fn none() -> ReplyTo<R> {
        ReplyTo(None)
    }

    /// A caller in this process, of this call.
    pub fn here(call: CallOf) -> (ReplyTo<R>, ReplyWait<R>) {
        let place = Arc::new(Place::Here(ReplySlot { slot: Spin::new(Slot::Empty), call }));
        (ReplyTo(Some(place.clone())), ReplyWait { place, done: false })
    }

    /// A port, anywhere.
    pub fn port(
        outbox: Arc<Outbox>,
        from: ActorId,
        (port, slot): (PortAddr, u32),
        encode: fn(&R) -> Result<Payload, EncodeError>,
    ) -> ReplyTo<R> {
        ReplyTo(Some(Arc::new(Place::Port(RemoteReply { outbox, from, port, slot, encode }))))
    }

    /// Whether somebody waits.
    pub fn is_expected(&self) -> bool {
        self.0.is_some()
    }

    /// Answers.
    #[inline]
    pub fn answer(mut self, value: R) {
        if let Some(place) = self.0.take() {
            place.answer(value);
        }
    }

    /// The same port for another type; `None` for a place that is not a port.
    pub(super) fn encoding<S>(
        mut self,
        encode: fn(&S) -> Result<Payload, EncodeError>,
    ) -> Option<ReplyTo<S>> {
        // Nobody else has a port's.
        match Arc::into_inner(self.0.take()?)? {
            Place::Here(_) => None,
            Place::Port(remote) => {
                let RemoteReply { outbox, from, port, slot, .. } = remote;
                Some(ReplyTo::port(outbox, from, (port, slot), encode))
            }
        }
    }

    /// Says that there is no answer.
    pub fn fail(mut self, kind: CallErrorKind) {
        if let Some(place) = self.0.take() {
            place.fail(kind);
        }
    }

    /// Nobody is told.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl<R> Drop for ReplyTo<R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            place.fail(CallErrorKind::ActorStopped);
        }
    }
}
