//! The request, and what each kind of target can do with it.

use std::time::Duration;

use mesh_macros::quiet;
use tokio::time::Instant;

use super::gather::{EachPending, MeshPending, ReducePending};
use super::limit::TimeLimit;
use super::many::CastError;
use super::pending::{Pending, TryPending};
use super::send_wait::SendWait;
use super::stream::Replies;
use crate::actor::{Actor, ActorHandle, ActorRef, Caller, Local, Remote, Scope, Target};
use crate::call::SendError;
use crate::clock::{self, COARSE};
use crate::config;
use crate::message::{Message, merge_id};
use crate::reduce::Reducer;

/// How long a call may take, and when that is over.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How long.
    pub after: Duration,
    /// When.
    pub at: Instant,
}

/// What a limit is that the clock does not reach: 136 years.
const FAR: Duration = Duration::from_secs(u32::MAX as u64);

impl Limit {
    /// The limit of a call: its own, else the handler's, else the configured one; never beyond the caller's own
    /// deadline (`CALL-3`).
    pub fn of<M: Message>(own: Option<Duration>, scope: Scope<'_>) -> Limit {
        Limit::from(Limit::length::<M>(own, scope), clock::now(), scope)
    }

    /// As [`of`](Self::of), within the process: some milliseconds more are nothing to a longer limit, and cost less than
    /// to read the clock.
    #[inline(always)]
    pub fn local<M: Message>(own: Option<Duration>, scope: Scope<'_>) -> Limit {
        let after = Limit::length::<M>(own, scope);
        if after >= COARSE
            && let Some(at) = scope.outbox.coarse().after(after)
        {
            return Limit { after, at }.within(scope);
        }
        Limit::from(after, clock::now(), scope)
    }

    /// Never beyond the caller's own.
    #[inline(always)]
    fn within(self, scope: Scope<'_>) -> Limit {
        match scope.deadline {
            Some(at) if at < self.at => {
                Limit { after: self.after.saturating_sub(self.at.saturating_duration_since(at)), at }
            }
            _ => self,
        }
    }

    #[inline(always)]
    fn length<M: Message>(own: Option<Duration>, scope: Scope<'_>) -> Duration {
        own.or(M::DESCRIPTOR.timeout).unwrap_or_else(|| scope.outbox.config().get(config::CALL_TIMEOUT))
    }

    fn from(after: Duration, now: Instant, scope: Scope<'_>) -> Limit {
        let after = now.checked_add(after).map_or(FAR, |_| after);
        Limit { after, at: now + after }.within(scope)
    }

    /// When it began.
    pub fn began(&self) -> Instant {
        self.at.checked_sub(self.after).unwrap_or(self.at)
    }

    /// What is left of it, in microseconds, as it travels.
    pub fn left_us(&self) -> u64 {
        clock::to_us(self.at.saturating_duration_since(clock::now()))
    }
}

/// A target that takes messages of type `M`.
#[diagnostic::on_unimplemented(
    message = "`{M}` cannot be sent to this target",
    label = "not accepted there",
    note = "the actor there needs a `#[handler]` method for it, or `impl mesh::Handler<{M}>` listed in its `#[actor(handles({M}))]`",
    note = "a message of `#[handler(local)]`, or without `#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]`, goes through an `ActorHandle` only"
)]
pub trait Accepts<M: Message>: Target {
    /// What a call gives.
    type Pending;
    /// Calls.
    fn call(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Self::Pending;
}

/// A target that is one actor.
#[diagnostic::on_unimplemented(
    message = "this request addresses a mesh; `send`, `send_wait` and `try_call` are for one actor (an `ActorHandle` or `ActorRef`)",
    label = "not one actor",
    note = "use `.cast(cx)` to send to every rank, `.call_each(cx)` for each rank's result, or pick one with `mesh.rank(n)`"
)]
pub trait OneActor<M: Message>: Accepts<M, Pending = Pending<M::Reply>> {
    /// Sends without waiting.
    ///
    /// # Errors
    /// [`SendError`] with the message.
    fn send(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<M>>;
    /// Sends, waiting for room.
    fn send_wait(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> SendWait<M>;
}

/// A target that is a mesh.
#[diagnostic::on_unimplemented(
    message = "this request addresses one actor; `cast`, `call_each`, `choose` and `reduce` are for a mesh (an `ActorMesh` or `ActorMeshRef`)",
    label = "not a mesh",
    note = "use `.call(cx)` for the reply of one actor, or `.send(cx)` without one"
)]
pub trait ManyActors<M: Message>: Accepts<M> {
    /// Sends to every rank.
    ///
    /// # Errors
    /// [`CastError`], naming the ranks it could not be sent to.
    fn cast(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), CastError>;
    /// Calls every rank.
    fn call_each(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> EachPending<M::Reply>;
    /// Calls every rank; the replies may come merged, as the pair of reply type and reducer with the number `merge`
    /// says.
    fn call_merged(
        &self,
        scope: Scope<'_>,
        message: M,
        timeout: Option<Duration>,
        merge: Option<u64>,
    ) -> EachPending<M::Reply>;
    /// Calls one rank.
    fn choose(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Pending<M::Reply>;
    /// Calls every rank, and gives the replies as they come.
    fn stream(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Replies<M::Reply>;
}

/// A message with its target, to be finished with a verb. It is no future itself: `.await` comes after the verb, since
/// the verb says what to wait for (a reply, room in the mailbox, or nothing).
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// # use mesh::prelude::*;
/// # struct Counter { n: i64 }
/// # #[actor] impl Counter {
/// #     #[new] fn new(n: i64) -> Self { Counter { n } }
/// #     #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// # let counter = cx.spawn(Counter { n: 0 });
/// use std::time::Duration;
///
/// let reply = counter.add(1).timeout(Duration::from_millis(50)).call(cx); // sent, whether it is awaited or not
/// assert_eq!(reply.await?, 1);
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
#[must_use = "a request does nothing until it is finished with a verb: `.call(cx)`, `.send(cx)`, `.cast(cx)`, `.choose(cx)`, …"]
pub struct Request<'t, T, M> {
    target: &'t T,
    message: M,
    timeout: Option<Duration>,
}

#[quiet]
impl<'t, T, M> Request<'t, T, M> {
    /// A request to `target`.
    pub fn new(target: &'t T, message: M) -> Request<'t, T, M> {
        Request { target, message, timeout: None }
    }

    /// Limits the time from the verb to the reply; for a message without a reply, to the start of its handler. Within a
    /// process a limit of a second or more may be met up to 20 ms late.
    ///
    /// `limit` is a [`Duration`], or an `Option` of one: what is `None` leaves the limit that there was, the handler's own or
    /// else [`CALL_TIMEOUT`](crate::config::CALL_TIMEOUT).
    pub fn timeout(self, limit: impl TimeLimit) -> Request<'t, T, M> {
        Request { timeout: limit.into_limit().or(self.timeout), ..self }
    }

    /// The message, unsent.
    pub fn into_message(self) -> M {
        self.message
    }

    /// Sends, and gives the reply: of one actor, or of every rank of a mesh.
    ///
    /// # Cancel safety
    /// Dropping the result before the message is accepted withdraws it; later the handler runs, and its reply is
    /// discarded.
    pub fn call<P>(self, cx: &impl Caller) -> P
    where
        M: Message,
        T: Accepts<M, Pending = P>,
    {
        self.target.call(cx.scope(), self.message, self.timeout)
    }

    /// Sends to one actor, without a reply and without waiting.
    ///
    /// # Errors
    /// [`SendError`] with the message: the mailbox is full, or the actor has ended. What goes wrong on the way to
    /// another process comes back to the sender as a returned message.
    pub fn send(self, cx: &impl Caller) -> Result<(), SendError<M>>
    where
        M: Message,
        T: OneActor<M>,
    {
        self.target.send(cx.scope(), self.message, self.timeout)
    }

    /// Sends to one actor, without a reply; resolves when the mailbox has accepted it, first come first served.
    ///
    /// # Cancel safety
    /// Dropping it before acceptance withdraws the message in this process; in another it may still be accepted.
    pub fn send_wait(self, cx: &impl Caller) -> SendWait<M>
    where
        M: Message,
        T: OneActor<M>,
    {
        self.target.send_wait(cx.scope(), self.message, self.timeout)
    }

    /// As `call`, for a handler that returns a `Result`: its error and the call's become one.
    pub fn try_call<R, E>(self, cx: &impl Caller) -> TryPending<R, E>
    where
        M: Message<Reply = Result<R, E>>,
        R: Send + 'static,
        E: Send + 'static,
        T: OneActor<M>,
    {
        TryPending::new(self.target.call(cx.scope(), self.message, self.timeout))
    }

    /// Sends to every rank of a mesh, without replies and without waiting.
    ///
    /// # Errors
    /// [`CastError`], naming the ranks it could not be sent to; the others have it.
    pub fn cast(self, cx: &impl Caller) -> Result<(), CastError>
    where
        M: Message,
        T: ManyActors<M>,
    {
        self.target.cast(cx.scope(), self.message, self.timeout)
    }

    /// Calls every rank of a mesh; each has its own result.
    pub fn call_each(self, cx: &impl Caller) -> EachPending<M::Reply>
    where
        M: Message,
        T: ManyActors<M>,
    {
        self.target.call_each(cx.scope(), self.message, self.timeout)
    }

    /// Calls one rank of a mesh: of two picked at random, the one with fewer calls of ours in flight
    /// (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
    pub fn choose(self, cx: &impl Caller) -> Pending<M::Reply>
    where
        M: Message,
        T: ManyActors<M>,
    {
        self.target.choose(cx.scope(), self.message, self.timeout)
    }

    /// Calls every rank of a mesh, and gives the replies as they come, each with its rank.
    pub fn stream(self, cx: &impl Caller) -> Replies<M::Reply>
    where
        M: Message,
        T: ManyActors<M>,
    {
        self.target.stream(cx.scope(), self.message, self.timeout)
    }

    /// Merges the replies of a mesh, in rank order, with `reducer`. Finish with `.call(cx)`.
    pub fn reduce<R>(self, reducer: R) -> ReduceRequest<'t, T, M, R, M::Reply>
    where
        M: Message,
        T: ManyActors<M>,
        R: Reducer<M::Reply>,
    {
        let call = |request: Self, reducer: R, scope: Scope<'_>| {
            let Request { target, message, timeout } = request;
            // One with state of its own is known here alone.
            let merge = (size_of::<R>() == 0).then(merge_id::<M::Reply, R>);
            ReducePending::new(target.call_merged(scope, message, timeout, merge), Box::new(reducer))
        };
        ReduceRequest { request: self, reducer, call }
    }
}

/// A request whose replies are merged.
#[must_use = "a request does nothing until it is finished with a verb: `.call(cx)`"]
pub struct ReduceRequest<'t, T, M, R, O> {
    request: Request<'t, T, M>,
    reducer: R,
    /// What `reduce` knew of its types: checked there, once, so that a reducer that does not fit is one error.
    call: fn(Request<'t, T, M>, R, Scope<'_>) -> ReducePending<O>,
}

impl<T, M, R, O> ReduceRequest<'_, T, M, R, O> {
    /// Calls every rank and gives the merged reply.
    pub fn call(self, cx: &impl Caller) -> ReducePending<O> {
        (self.call)(self.request, self.reducer, cx.scope())
    }
}

impl<A: Actor> ActorHandle<A> {
    /// A request with a message of its own type: for hand-written [`Handler`](crate::actor::Handler)s. That the actor handles it is checked by
    /// the verb.
    pub fn message<M>(&self, message: M) -> Request<'_, Local<A>, M> {
        Request::new(self.target(), message)
    }
}

impl<A: Actor> ActorRef<A> {
    /// A request with a message of its own type: for hand-written [`Handler`](crate::actor::Handler)s. That the actor handles it is checked by
    /// the verb.
    pub fn message<M>(&self, message: M) -> Request<'_, Remote<A>, M> {
        Request::new(self.target(), message)
    }
}

impl<R> MeshPending<R> {
    /// What `call` gives for a mesh.
    pub(super) fn of(each: EachPending<R>) -> MeshPending<R> {
        MeshPending::new(each)
    }
}
