//! The reply of one actor, on its way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use super::builder::Limit;
use crate::actor::{Arrival, ReplyWait};
use crate::addr::ActorAddr;
use crate::call::{CallError, CallErrorKind, Callee, TryCallError};
use crate::clock::{self, Watched};
use crate::outbox::{Outbox, Resident};
use crate::port::Holder;

/// A call with less time than this has a timer of its own; longer ones share one.
const SHORT: Duration = clock::TICK.saturating_mul(8);

/// Whom a call was to: made into words only when it fails.
#[derive(Clone)]
pub(super) enum Whom {
    Local(Arc<dyn Resident>),
    Remote(Arc<ActorAddr>, Option<u32>),
}

impl Whom {
    /// Where the deadlines of calls within the process are watched.
    fn outbox(&self) -> Option<&Outbox> {
        match self {
            Whom::Local(resident) => resident.outbox(),
            Whom::Remote(..) => None,
        }
    }

    /// As one that is lent a port.
    pub(super) fn holder(&self, handler: &str) -> Holder {
        let at = match self {
            Whom::Local(_) => None,
            Whom::Remote(addr, _) => Some(addr.at.clone()),
        };
        Holder { callee: self.callee(handler), at }
    }

    pub(super) fn callee(&self, handler: &str) -> Callee {
        let (actor, rank) = match self {
            Whom::Local(resident) => (resident.id().clone(), None),
            Whom::Remote(addr, rank) => (addr.id.clone(), *rank),
        };
        Callee { actor, handler: Some(handler.to_owned()), rank }
    }
}

pub(super) enum Outcome<R> {
    Failed(Box<CallErrorKind>),
    Local {
        reply: ReplyWait<R>,
        deadline: Deadline,
    },
    /// As a local one, of which nobody knows how to run the callee.
    Remote {
        reply: ReplyWait<R>,
        deadline: Deadline,
        port: OpenPort,
    },
    Taken,
}

/// The port that a reply comes to; closed when it is dropped. As a `PortGuard`, by the outbox that watches the deadline: one
/// count in a call instead of two.
pub(super) struct OpenPort {
    outbox: Arc<Outbox>,
    port: u64,
}

impl OpenPort {
    pub(super) fn new(outbox: Arc<Outbox>, port: u64) -> OpenPort {
        OpenPort { outbox, port }
    }
}

impl Drop for OpenPort {
    fn drop(&mut self) {
        self.outbox.ports().close(self.port);
    }
}

/// How the deadline of a reply is met.
pub(super) enum Deadline {
    /// Not watched yet.
    Unwatched,
    Watched(Watched),
}

impl<R> Outcome<R> {
    /// A reply within the process.
    pub(super) fn local(reply: ReplyWait<R>) -> Outcome<R> {
        Outcome::Local { reply, deadline: Deadline::Unwatched }
    }

    /// A reply that comes to a port.
    pub(super) fn remote(reply: ReplyWait<R>, port: OpenPort) -> Outcome<R> {
        Outcome::Remote { reply, deadline: Deadline::Unwatched, port }
    }
}

/// The reply of one actor, on its way: a future of `Result<R, CallError>`. The message is sent already.
#[must_use = "the message was sent; await this to get its reply, or use `.send(cx)` if you do not want one"]
pub struct Pending<R> {
    outcome: Outcome<R>,
    whom: Whom,
    handler: &'static str,
    limit: Limit,
    /// What few need: a call is moved a few times, so it is kept small.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Dropped with it: a place among the waiters, a count of calls in flight.
    held: Vec<Box<dyn Send>>,
}

impl<R> Pending<R> {
    pub(super) fn new(outcome: Outcome<R>, whom: Whom, handler: &'static str, limit: Limit) -> Pending<R> {
        Pending { outcome, whom, handler, limit, rare: None }
    }

    pub(super) fn holding(mut self, held: Box<dyn Send>) -> Pending<R> {
        self.rare.get_or_insert_default().held.push(held);
        self
    }

    fn poll_kind(&mut self, cx: &mut Context<'_>) -> Poll<Result<R, Box<CallErrorKind>>> {
        let poll = match &mut self.outcome {
            Outcome::Failed(kind) => Poll::Ready(Err(kind.clone())),
            Outcome::Local { reply, deadline } => {
                let (whom, rare, limit) = (&self.whom, &self.rare, &mut self.limit);
                in_budget(cx, |cx| {
                    if !reply.is_given()
                        && let (Deadline::Unwatched, Whom::Local(callee)) = (&*deadline, whom)
                        && rare.as_ref().is_none_or(|rare| rare.sleep.is_none())
                    {
                        callee.clone().run_for_caller();
                    }
                    poll_reply(reply, deadline, limit, whom.outbox(), cx)
                })
            }
            Outcome::Remote { reply, deadline, port } => {
                let limit = &mut self.limit;
                in_budget(cx, |cx| poll_reply(reply, deadline, limit, Some(&port.outbox), cx))
            }
            Outcome::Taken => panic!("a reply was polled after it was given"),
        };
        if poll.is_ready() || self.watched().is_some() {
            return poll;
        }
        let at = self.limit.at;
        let rare = self.rare.get_or_insert_default();
        let sleep = rare.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        sleep.as_mut().poll(cx).map(|()| Err(Box::new(CallErrorKind::Deadline { after: self.limit.after })))
    }

    /// Where its deadline is watched, and in which place.
    fn watched(&self) -> Option<(&Outbox, Watched)> {
        match &self.outcome {
            Outcome::Local { deadline: Deadline::Watched(watched), .. } => {
                Some((self.whom.outbox()?, *watched))
            }
            Outcome::Remote { deadline: Deadline::Watched(watched), port, .. } => {
                Some((&port.outbox, *watched))
            }
            _ => None,
        }
    }
}

/// As any wait of tokio's: who only ever finds replies lets others run nevertheless.
#[inline(always)]
fn in_budget<T>(cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let coop = ready!(coop::poll_proceed(cx));
    let polled = poll(cx);
    if polled.is_ready() {
        coop.made_progress();
    }
    polled
}

/// Takes a reply, or waits for it; a limit that is not short is watched by `outbox`.
fn poll_reply<R>(
    reply: &mut ReplyWait<R>,
    deadline: &mut Deadline,
    limit: &mut Limit,
    outbox: Option<&Outbox>,
    cx: &mut Context<'_>,
) -> Poll<Result<R, Box<CallErrorKind>>> {
    match reply.poll(cx) {
        Poll::Ready(Arrival::Reply(reply)) => return Poll::Ready(reply),
        Poll::Ready(Arrival::Expired) => {
            return Poll::Ready(Err(Box::new(CallErrorKind::Deadline { after: limit.after })));
        }
        Poll::Pending => {}
    }
    // A short one is met by a timer of its own.
    if limit.after > SHORT
        && let (Deadline::Unwatched, Some(outbox)) = (&*deadline, outbox)
        && let Some(wait) = reply.watch(cx.waker())
    {
        // Its time was made with a clock that knows nothing of a pause.
        if let Err(now) = outbox.coarse().agrees() {
            limit.at = now + limit.after;
        }
        *deadline = Deadline::Watched(outbox.watch(limit.at, wait));
    }
    Poll::Pending
}

impl<R> Unpin for Pending<R> {}

impl<R> Future for Pending<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.poll_kind(cx);
        if poll.is_ready() {
            if let Some((outbox, watched)) = self.watched() {
                outbox.forget(watched);
            }
            self.outcome = Outcome::Taken;
            self.rare = None;
        }
        poll.map_err(|kind| {
            // The callee knows only what was left of the time, not what was allowed.
            let kind = match *kind {
                CallErrorKind::Deadline { .. } => CallErrorKind::Deadline { after: self.limit.after },
                kind => kind,
            };
            CallError::new(self.whom.callee(self.handler), kind)
        })
    }
}

impl<R> fmt::Debug for Pending<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({})", self.whom.callee(self.handler))
    }
}

/// The flattened reply of a handler that returns a `Result`: a future of `Result<R, TryCallError<E>>`.
#[must_use = "the message was sent; await this to get its reply"]
#[derive(Debug)]
pub struct TryPending<R, E>(Pending<Result<R, E>>);

impl<R, E> TryPending<R, E> {
    pub(super) fn new(pending: Pending<Result<R, E>>) -> TryPending<R, E> {
        TryPending(pending)
    }
}

impl<R, E> Future for TryPending<R, E> {
    type Output = Result<R, TryCallError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|reply| match reply {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(TryCallError::Handler(error)),
            Err(error) => Err(TryCallError::Call(error)),
        })
    }
}
