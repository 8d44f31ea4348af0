//! Where a reply goes.
//!
//! Within a process it is one allocation with two ends, of the one who answers and the one who waits, and no count of them:
//! whoever is the last to leave frees it, and who that is follows from the four bits of its state.
//!
//! - `REPLY-1` before `GIVEN` the reply is the answering side's, after it the waiting side's.
//! - `REPLY-2` while `WAITING` is set the waker is only read; without it, it is the waiting side's.
//! - `REPLY-3` the answering side sets `GIVEN`, once, with its last touch of the place; but where it finds `WAITING` that is
//!   `LEFT`, which it sets when it has woken.
//! - `REPLY-4` the waiting side frees the place when the other has left. Else it sets `CLOSED`, once, with its last touch, and
//!   the other frees it. Each sets its last bit and reads the other's in one step, so exactly one sees both.
//!
//! After Rust's and tokio's one-shot channels; these count references beside the state, which made three of the five atomic
//! operations of a reply that is there when it is asked for.

#![expect(unsafe_code, reason = "two ends of one allocation without counting; see above, and `mesh/model`")]

use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use super::far::{Encode, RemoteReply};
use crate::activity::CallOf;
use crate::call::CallErrorKind;
use crate::clock::Wait;
use crate::sync::{Arc, AtomicU8, Ordering, Spin, UnsafeCell};

/// The outcome of a call, within a process: what went wrong is larger than most replies, which are moved a few times.
pub type Reply<R> = Result<R, Box<CallErrorKind>>;

/// Where a reply goes. Dropped unused, it says that the actor has stopped: no caller waits for ever (`CALL-1`).
pub struct ReplyTo<R>(Option<NonNull<Place<R>>>);

// SAFETY: what it points to is shared with the waiting side by the rules above; replies are sent from one to the other.
unsafe impl<R: Send> Send for ReplyTo<R> {}
// SAFETY: a reference only tells whether there is a place.
unsafe impl<R: Send> Sync for ReplyTo<R> {}

/// One allocation, so that a reply is one word of a message.
enum Place<R> {
    Here(Slot<R>),
    /// The answering side's alone.
    Port(RemoteReply<R>),
}

impl<R> Place<R> {
    fn new(place: Place<R>) -> NonNull<Place<R>> {
        NonNull::from(Box::leak(Box::new(place)))
    }

    /// # Safety
    /// It was made by `new`, and nobody else has it.
    unsafe fn free(place: NonNull<Place<R>>) {
        // SAFETY: as the caller promises.
        drop(unsafe { Box::from_raw(place.as_ptr()) });
    }
}

/// The reply is there.
const GIVEN: u8 = 1;
/// The waker is there.
const WAITING: u8 = 2;
/// The waiting side has left.
const CLOSED: u8 = 4;
/// The answering side, which found a waker, has left.
const LEFT: u8 = 8;

/// Where a reply within the process waits for its caller, or the caller for it. Every [`ReplyTo`] answers, at the
/// latest when it is dropped, so there is no state for a lost sender.
struct Slot<R> {
    state: AtomicU8,
    reply: UnsafeCell<Option<Reply<R>>>,
    waker: UnsafeCell<Option<Waker>>,
    call: CallOf,
}

/// Gives the reply.
///
/// # Safety
/// The place is that of a `ReplyTo`, which is gone with this.
#[inline(always)]
unsafe fn give<R>(place: NonNull<Place<R>>, reply: impl FnOnce() -> Reply<R>) {
    // SAFETY: the answering side has not left yet, so it is not freed (`REPLY-4`), or its alone.
    let slot = match unsafe { place.as_ref() } {
        Place::Here(slot) => slot,
        Place::Port(remote) => {
            match reply() {
                Ok(value) => remote.answer(&value),
                Err(kind) => remote.fail(*kind),
            }
            // SAFETY: a port's place has one side only.
            return unsafe { Place::free(place) };
        }
    };
    // SAFETY: it is this side's until `GIVEN` (`REPLY-1`), and there is none yet to be dropped.
    slot.reply.with_mut(|to| unsafe { to.write(Some(reply())) });
    let before = slot.state.fetch_or(GIVEN, Ordering::AcqRel);
    if before & (CLOSED | WAITING) == 0 {
        return;
    }
    if before & CLOSED == 0 {
        // SAFETY: it is only read while it is there (`REPLY-2`), and the waiting side waits for `LEFT` to free it.
        let waker = |waker: *const Option<Waker>| unsafe { &*waker }.as_ref().map(Waker::wake_by_ref);
        slot.waker.with(waker);
        if slot.state.fetch_or(LEFT, Ordering::AcqRel) & CLOSED == 0 {
            return;
        }
    }
    // SAFETY: the waiting side has left, and this one just now (`REPLY-4`).
    unsafe { Place::free(place) };
}

/// A caller's end of a reply within the process.
pub struct ReplyWait<R> {
    /// Until the reply is taken.
    place: Option<NonNull<Place<R>>>,
    watch: Option<Arc<Watch>>,
}

// SAFETY: as of `ReplyTo`.
unsafe impl<R: Send> Send for ReplyWait<R> {}
// SAFETY: a reference only reads the state.
unsafe impl<R: Send> Sync for ReplyWait<R> {}

fn stopped<R>() -> Reply<R> {
    Err(Box::new(CallErrorKind::ActorStopped))
}

/// What a caller finds.
pub enum Arrival<R> {
    /// The reply.
    Reply(Reply<R>),
    /// The deadline that is watched for this wait has passed.
    Expired,
}

impl<R> ReplyWait<R> {
    fn slot(&self) -> Option<&Slot<R>> {
        // SAFETY: this side has not left while it has the place.
        match unsafe { self.place?.as_ref() } {
            Place::Here(slot) => Some(slot),
            Place::Port(_) => None,
        }
    }

    /// Whether the reply is there.
    #[inline]
    pub fn is_given(&self) -> bool {
        self.slot().is_none_or(|slot| slot.state.load(Ordering::Acquire) & GIVEN != 0)
    }

    /// Takes the reply, or waits for it.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<R>> {
        let Some(slot) = self.slot() else {
            return Poll::Ready(Arrival::Reply(stopped()));
        };
        let state = slot.state.load(Ordering::Acquire);
        if state & GIVEN != 0 {
            return Poll::Ready(Arrival::Reply(self.take(state & WAITING != 0)));
        }
        if let Some(taken) = self.wait_on(state, cx.waker()) {
            return Poll::Ready(Arrival::Reply(taken));
        }
        if !self.watch.as_ref().is_some_and(|watch| watch.wait(cx.waker())) {
            return Poll::Pending;
        }
        if self.is_given() {
            // Before the time was over, and while the waker was there.
            return Poll::Ready(Arrival::Reply(self.take(true)));
        }
        self.leave();
        Poll::Ready(Arrival::Expired)
    }

    /// The reply is not wanted any more.
    fn leave(&mut self) {
        let Some(slot) = self.slot() else { return };
        let before = slot.state.fetch_or(CLOSED, Ordering::AcqRel);
        let left = before & LEFT != 0 || before & WAITING == 0;
        if let Some(place) = self.place.take()
            && before & GIVEN != 0
            && left
        {
            // SAFETY: as in `take`.
            unsafe { Place::free(place) };
        }
    }

    /// Leaves a waker; the reply, if it has come meanwhile.
    fn wait_on(&mut self, state: u8, waker: &Waker) -> Option<Reply<R>> {
        let slot = self.slot()?;
        if state & WAITING != 0 {
            // SAFETY: it is only read while it is there (`REPLY-2`).
            let same =
                |left: *const Option<Waker>| unsafe { &*left }.as_ref().is_some_and(|it| it.will_wake(waker));
            if slot.waker.with(same) {
                return None;
            }
            if slot.state.fetch_and(!WAITING, Ordering::AcqRel) & GIVEN != 0 {
                // Given while the waker was there.
                return Some(self.take(true));
            }
        }
        let waker = waker.clone();
        // SAFETY: it is this side's without `WAITING` (`REPLY-2`).
        let before = slot.waker.with_mut(|left| unsafe { (*left).replace(waker) });
        drop(before);
        // Given while there was none.
        (slot.state.fetch_or(WAITING, Ordering::AcqRel) & GIVEN != 0).then(|| self.take(false))
    }

    /// Takes the reply, which was given; `woken` when the other side found a waker.
    fn take(&mut self, woken: bool) -> Reply<R> {
        let Some(slot) = self.slot() else { return stopped() };
        // SAFETY: it is this side's after `GIVEN` (`REPLY-1`), which was read with an acquire.
        let reply = slot.reply.with_mut(|from| unsafe { (*from).take() });
        let last = !woken || slot.state.fetch_or(CLOSED, Ordering::AcqRel) & LEFT != 0;
        if let Some(place) = self.place.take()
            && last
        {
            // SAFETY: the other side has left (`REPLY-3`), and this one just now (`REPLY-4`).
            unsafe { Place::free(place) };
        }
        reply.unwrap_or_else(stopped)
    }

    /// The wait, for its deadline to be watched; `None` when the reply was taken.
    pub fn watch(&mut self, waker: &Waker) -> Option<Arc<dyn Wait>> {
        let call = self.slot()?.call;
        let watch = Arc::new(Watch { call, at: Spin::new(Watching::Open(waker.clone())) });
        self.watch = Some(watch.clone());
        Some(watch)
    }
}

impl<R> Drop for ReplyWait<R> {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            let before = std::mem::replace(&mut *watch.at.lock(), Watching::Closed);
            drop(before);
        }
        self.leave();
    }
}

/// The wait for a reply that does not come at once, as those see it who watch its deadline.
struct Watch {
    call: CallOf,
    at: Spin<Watching>,
}

enum Watching {
    Open(Waker),
    /// The time is over; the caller is to be told.
    Expired,
    /// The caller has what it wanted, or wants it no more.
    Closed,
}

impl Watch {
    /// Leaves a waker; whether the time is over.
    fn wait(&self, waker: &Waker) -> bool {
        match &*self.at.lock() {
            Watching::Open(before) if before.will_wake(waker) => return false,
            Watching::Open(_) => {}
            Watching::Expired => return true,
            Watching::Closed => return false,
        }
        // A waker is the executor's code: it is cloned, and dropped, where no lock is held.
        let waker = Watching::Open(waker.clone());
        let mut at = self.at.lock();
        let expired = matches!(&*at, Watching::Expired);
        let unused = if expired { waker } else { std::mem::replace(&mut *at, waker) };
        drop(at);
        drop(unused);
        expired
    }
}

impl Wait for Watch {
    fn is_open(&self) -> bool {
        matches!(&*self.at.lock(), Watching::Open(_))
    }

    fn call(&self) -> Option<CallOf> {
        Some(self.call)
    }

    fn expire(&self) {
        let mut at = self.at.lock();
        if matches!(&*at, Watching::Open(_)) {
            let before = std::mem::replace(&mut *at, Watching::Expired);
            drop(at);
            if let Watching::Open(waker) = before {
                waker.wake();
            }
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
        let place = Place::new(Place::Here(Slot {
            state: AtomicU8::new(0),
            reply: UnsafeCell::new(None),
            waker: UnsafeCell::new(None),
            call,
        }));
        (ReplyTo(Some(place)), ReplyWait { place: Some(place), watch: None })
    }

    /// A port, anywhere.
    pub fn port(port: RemoteReply<R>) -> ReplyTo<R> {
        ReplyTo(Some(Place::new(Place::Port(port))))
    }

    /// Whether somebody waits.
    pub fn is_expected(&self) -> bool {
        self.0.is_some()
    }

    #[inline(always)]
    fn give(&mut self, reply: impl FnOnce() -> Reply<R>) {
        if let Some(place) = self.0.take() {
            // SAFETY: it is this `ReplyTo`'s, which has it no more.
            unsafe { give(place, reply) };
        }
    }

    /// Answers.
    #[inline]
    pub fn answer(mut self, value: R) {
        self.give(|| Ok(value));
    }

    /// Says that there is no answer.
    pub fn fail(mut self, kind: CallErrorKind) {
        self.give(|| Err(Box::new(kind)));
    }

    /// The port, if it is one; else whoever waits is told that the actor has stopped.
    fn into_port(mut self) -> Option<RemoteReply<R>> {
        let place = self.0?;
        // SAFETY: this side has not left yet.
        if matches!(unsafe { place.as_ref() }, Place::Here(_)) {
            return None;
        }
        self.0 = None;
        // SAFETY: a port's place has one side only, whose end is taken out just now.
        match *unsafe { Box::from_raw(place.as_ptr()) } {
            Place::Here(_) => None,
            Place::Port(remote) => Some(remote),
        }
    }

    /// The same port for another type; `None` for a place that is not a port.
    pub(super) fn encoding<S>(self, encode: Encode<S>) -> Option<ReplyTo<S>> {
        Some(ReplyTo::port(self.into_port()?.encoding(encode)))
    }

    /// Tells no port. Who waits in this process is told as by a drop.
    pub fn forget(self) {
        let _port = self.into_port();
    }
}

impl<R> Drop for ReplyTo<R> {
    #[inline]
    fn drop(&mut self) {
        self.give(stopped);
    }
}
