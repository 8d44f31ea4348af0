//! Replies and items as they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use mesh_macros::quiet;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep_until};

use super::builder::{Limit, ManyActors, OneActor};
use super::gather::Ranks;
use super::limit::TimeLimit;
use super::many::{Cast, CastError};
use super::port_ref::{Hold, PortRef};
use crate::actor::{Caller, Handler, Scope};
use crate::call::{CallErrorKind, Callee, RankError, SendError};
use crate::ident::{ActorId, Uid};
use crate::message::{self, Message, RemoteMessage};
use crate::outbox::Held;
use crate::port::{Here, Holder, ItemSink, Lends, Port, PortItem};
use crate::wire::codec::{DecodeError, Payload};

/// The replies of a mesh as they come: a stream of `(rank, Result<R, RankError>)`, one a rank, then its end.
#[must_use = "the message was sent; take the replies with `next().await`"]
pub struct Replies<R> {
    ranks: Ranks,
    items: mpsc::Receiver<(u32, PortItem)>,
    _guard: Option<crate::port::PortGuard>,
    decode: fn(&Payload) -> Result<R, DecodeError>,
    /// The ranks that have not answered.
    missing: std::collections::BTreeSet<u32>,
    limit: Limit,
    sleep: Pin<Box<Sleep>>,
}

impl<R> Replies<R> {
    pub(super) fn open<A, M>(
        target: &Cast<A>,
        ranks: Ranks,
        scope: Scope<'_>,
        message: &M,
        timeout: Option<Duration>,
    ) -> Replies<R>
    where
        A: Handler<M>,
        M: RemoteMessage<Reply = R>,
    {
        let limit = Limit::of::<M>(timeout, scope);
        let size = target.view().num_ranks();
        // One reply a rank: it never fills.
        let (sink, items) = ItemSink::new(scope.sender.uid, size.max(1));
        let guard = target.call_to(scope, message, limit, sink, None);
        let missing = (0..u32::try_from(size).unwrap_or(u32::MAX)).collect();
        let sleep = Box::pin(sleep_until(limit.at));
        Replies { ranks, items, _guard: guard, decode: message::decode_reply::<M>, missing, limit, sleep }
    }

    /// Waits for the next reply; `None` when every rank has answered.
    ///
    /// # Cancel safety
    /// Cancel safe: a reply that was not returned is returned later.
    pub async fn next(&mut self) -> Option<(usize, Result<R, RankError>)> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn open_reply(&self, rank: u32, item: PortItem) -> Result<R, RankError> {
        let reply = item.open(self.decode).and_then(|reply| reply.map_err(CallErrorKind::decode));
        reply.map_err(|kind| self.ranks.error(rank as usize, kind))
    }
}

impl<R> Unpin for Replies<R> {}

impl<R> Stream for Replies<R> {
    type Item = (usize, Result<R, RankError>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Poll::Ready(Some((rank, item))) = self.items.poll_recv(cx) {
            if self.missing.remove(&rank) {
                return Poll::Ready(Some((rank as usize, self.open_reply(rank, item))));
            }
        }
        if self.missing.is_empty() {
            return Poll::Ready(None);
        }
        if self.sleep.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let kind = CallErrorKind::Deadline { after: self.limit.after };
        let rank = self.missing.pop_first().expect("not empty, as just checked");
        Poll::Ready(Some((rank as usize, Err(self.ranks.error(rank as usize, kind)))))
    }
}

/// The items of a `#[stream]` handler. Dropping it closes the port; the handler's next post comes back to it.
///
/// It ends when the handler, and whatever it has given the port to, has dropped it; a rank that fails is an error among the
/// items that names it.
pub type Items<I> = Port<I>;

/// A request to a `#[stream]` handler, to be finished with `.stream(cx)`.
#[must_use = "a request does nothing until it is finished with a verb: `.stream(cx)`"]
pub struct StreamRequest<'t, T, I, F> {
    target: &'t T,
    make: F,
    timeout: Option<Duration>,
    _item: std::marker::PhantomData<fn() -> I>,
}

/// The same for a mesh: every rank posts to one port.
pub type StreamManyRequest<'t, A, I, F> = StreamRequest<'t, Cast<A>, I, F>;

/// How a target opens a stream: one actor, or every rank of a mesh.
pub trait Streams<M: Message> {
    /// What the reference that the message carries is to whoever waits at the port.
    #[doc(hidden)]
    fn lends(&self, here: Arc<Here>) -> Hold {
        Hold::Here(here)
    }

    /// Sends the message that carries the port.
    ///
    /// # Errors
    /// Why it cannot go.
    fn start(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<()>>;
}

#[quiet]
impl<'t, T, I, F> StreamRequest<'t, T, I, F> {
    /// A request to `target`; `make` puts the port into the message.
    pub fn new(target: &'t T, make: F) -> StreamRequest<'t, T, I, F> {
        StreamRequest { target, make, timeout: None, _item: std::marker::PhantomData }
    }

    /// Limits the time to the start of the handler: by a [`Duration`], or by an `Option` of one, whose `None` leaves the limit
    /// that there was.
    pub fn timeout(self, limit: impl TimeLimit) -> StreamRequest<'t, T, I, F> {
        StreamRequest { timeout: limit.into_limit().or(self.timeout), ..self }
    }

    /// Opens a port, sends it, and gives its items.
    ///
    /// # Errors
    /// [`SendError`], when the request cannot go.
    pub fn stream<M>(self, cx: &impl Caller) -> Result<Items<I>, SendError<()>>
    where
        I: DeserializeOwned + 'static,
        M: Message,
        F: FnOnce(PortRef<I>) -> M,
        T: Streams<M>,
    {
        let scope = cx.scope();
        let (addr, items) = scope.open_port::<I>().map_err(|error| SendError {
            callee: Box::new(Callee {
                actor: scope.sender.clone(),
                handler: Some(M::NAME.to_owned()),
                rank: None,
            }),
            kind: CallErrorKind::Undeliverable { reason: error.to_string() },
            message: (),
        })?;
        let hold = self.target.lends(items.here());
        self.target.start(scope, (self.make)(PortRef::holding(addr, 0, hold)), self.timeout)?;
        Ok(items)
    }
}

fn start_one<T: OneActor<M>, M: Message>(
    target: &T,
    scope: Scope<'_>,
    message: M,
    timeout: Option<Duration>,
) -> Result<(), SendError<()>> {
    target.send(scope, message, timeout).map_err(|error| SendError {
        callee: error.callee,
        kind: error.kind,
        message: (),
    })
}

impl<A: Handler<M>, M: Message> Streams<M> for crate::actor::Local<A> {
    fn lends(&self, here: Arc<Here>) -> Hold {
        let (cell, inlet) = (self.cell(), here.inlet().clone());
        let holder = Holder { callee: cell.callee(M::NAME), at: None };
        match inlet.lend(1, Box::new(move |_| holder.clone())) {
            Some(number) => Hold::Held(Held::here(cell.sending().clone(), cell.id().clone(), inlet, number)),
            None => Hold::Here(here),
        }
    }

    fn start(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<()>> {
        start_one(self, scope, message, timeout)
    }
}

impl<A: Handler<M>, M: RemoteMessage> Streams<M> for crate::actor::Remote<A> {
    fn start(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<()>> {
        start_one(self, scope, message, timeout)
    }
}

impl<A: Handler<M>, M: RemoteMessage> Streams<M> for Cast<A> {
    fn start(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), SendError<()>> {
        let CastError { failed, .. } = match self.cast(scope, message, timeout) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let first = failed.into_iter().next().map(|failed| failed.error);
        let nobody = || ActorId::new(scope.sender.proc.clone(), Uid(0), "mesh".into());
        Err(match first {
            Some(error) => SendError { callee: error.callee, kind: error.kind, message: () },
            None => SendError {
                callee: Box::new(Callee { actor: nobody(), handler: Some(M::NAME.to_owned()), rank: None }),
                kind: CallErrorKind::Undeliverable { reason: "the mesh has no ranks".to_owned() },
                message: (),
            },
        })
    }
}
