//! The receiving ends.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, mpsc, oneshot};

use super::inlet::{Came, Here, Inlet};
use super::table::{Next, PortItem, PortSink, PortTable};
use crate::addr::PortAddr;
use crate::call::{CallErrorKind, Callee};
use crate::ident::Uid;
use crate::wire::codec::Payload;

/// No item came, and none will from whom it is about: one that the port was sent to has failed, or nobody is left who could
/// post (`CALL-1`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", closed_text(.callee.as_deref(), .kind))]
pub struct PortClosed {
    /// From whom no item will come; `None` where that is nobody in particular.
    pub callee: Option<Box<Callee>>,
    /// Why. [`CallErrorKind::ActorStopped`] is an end in order.
    pub kind: CallErrorKind,
}

impl PortClosed {
    /// Everyone has let go of it.
    pub(super) fn let_go() -> PortClosed {
        PortClosed { callee: None, kind: CallErrorKind::ActorStopped }
    }
}

fn closed_text(callee: Option<&Callee>, kind: &CallErrorKind) -> String {
    match (callee, kind) {
        (None, CallErrorKind::ActorStopped) => "no item will come: nobody holds the port any more".to_owned(),
        (None, kind) => format!("no item will come: {kind}"),
        (Some(callee), kind) => format!("no item will come from {callee}: {kind}"),
    }
}

/// Closes a port when its receiving end goes.
pub(crate) struct PortGuard {
    table: Arc<PortTable>,
    port: u64,
}

impl PortGuard {
    pub(crate) fn new(table: Arc<PortTable>, port: u64) -> PortGuard {
        PortGuard { table, port }
    }

    /// Where the port is entered.
    pub(super) fn table(&self) -> &Arc<PortTable> {
        &self.table
    }
}

impl Drop for PortGuard {
    fn drop(&mut self) {
        self.table.close(self.port);
    }
}

/// A sink for one item.
pub(crate) struct OnceSink {
    sender: Mutex<Option<oneshot::Sender<PortItem>>>,
}

impl OnceSink {
    pub(crate) fn new() -> (Arc<OnceSink>, oneshot::Receiver<PortItem>) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(OnceSink { sender: Mutex::new(Some(sender)) }), receiver)
    }
}

impl PortSink for OnceSink {
    fn put(&self, _slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        match sender.map(|sender| sender.send(item)) {
            Some(Ok(())) => Ok(Next::Close),
            // PORT-3, or nobody waits any more.
            Some(Err(_)) | None => Err(CallErrorKind::Undeliverable { reason: "the port is closed".into() }),
        }
    }
}

/// A sink for a bounded queue of items, each with its slot.
pub(crate) struct ItemSink {
    owner: Uid,
    sender: mpsc::Sender<(u32, PortItem)>,
    capacity: usize,
}

impl ItemSink {
    pub(crate) fn new(owner: Uid, capacity: usize) -> (Arc<ItemSink>, mpsc::Receiver<(u32, PortItem)>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Arc::new(ItemSink { owner, sender, capacity }), receiver)
    }
}

impl PortSink for ItemSink {
    fn owner(&self) -> Option<Uid> {
        Some(self.owner)
    }

    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        match self.sender.try_send((slot, item)) {
            Ok(()) => Ok(Next::Keep),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(CallErrorKind::MailboxFull { capacity: self.capacity as u64 })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                Err(CallErrorKind::Undeliverable { reason: "the port is closed".into() })
            }
        }
    }
}

/// Decodes an item that came to a port.
pub(crate) fn open_item<T: DeserializeOwned + 'static>(item: PortItem) -> Result<T, CallErrorKind> {
    item.open(Payload::get)?.map_err(CallErrorKind::decode)
}

/// The receiving end of a port for many items. Dropping it closes the port.
///
/// It ends when nobody is left who could post: the references in this process are dropped, and each that was given one, in a
/// message, a reply, or an item of another port, or by another that had it, has dropped it or has ended. An actor that was
/// made with one, as an argument of its constructor, has it as long as it lives, over the lives that its own policy gives it;
/// one that has ended and that its owner has made anew is not counted any more. A reply that nobody waits for any more, and an
/// item of a port that is closed, are dropped.
///
/// One that fails while it holds the port, whose process is lost, or that has failed before it got it, is an error among the
/// items, with its name: that of the actor or client, and its rank in a call to many; of an item of another port that port,
/// with its proc. A reference that is an item of a port whose items are merged on their way
/// ([`open_accumulating_port`](crate::CallerPorts::open_accumulating_port)) may be anywhere: then the port stays open, and so
/// it does for those beyond sixteen ports in one message.
pub struct Port<T> {
    items: mpsc::UnboundedReceiver<Came>,
    inlet: Arc<Inlet>,
    _guard: PortGuard,
    _type: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Port<T> {
    fn given(&self, came: Came) -> Result<T, PortClosed> {
        match came {
            Came::Item(item) => {
                self.inlet.taken();
                open_item(item).map_err(|kind| PortClosed { callee: None, kind })
            }
            Came::Lost(closed) => Err(closed),
            Came::News => unreachable!("only a port that merges its items has news"),
        }
    }

    /// Waits for the next item.
    ///
    /// # Errors
    /// [`PortClosed`], when an item could not be decoded, one that could post has failed, or nobody can post any more.
    ///
    /// # Cancel safety
    /// Cancel safe: an item that was not returned stays in the port.
    pub async fn receive(&mut self) -> Result<T, PortClosed> {
        match self.items.recv().await {
            Some(came) => self.given(came),
            None => Err(self.inlet.over()),
        }
    }
}

impl<T> Unpin for Port<T> {}

/// It ends after those that could post have let go of it, with the error of one that has failed as its last item.
impl<T: DeserializeOwned + 'static> Stream for Port<T> {
    type Item = Result<T, PortClosed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_recv(cx).map(|came| came.map(|came| self.given(came)))
    }
}

/// The receiving end of a port for one item: a future of it. Dropping it closes the port. It ends as a [`Port`] does.
pub struct OncePort<T>(Port<T>);

impl<T: DeserializeOwned + 'static> Future for OncePort<T> {
    type Output = Result<T, PortClosed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let over = |port: &Port<T>| Err(port.inlet.over());
        Pin::new(&mut self.0).poll_next(cx).map(|item| item.unwrap_or_else(|| over(&self.0)))
    }
}

/// A port that is about to be entered into a table.
pub(crate) struct NewPort {
    inlet: Arc<Inlet>,
    items: mpsc::UnboundedReceiver<Came>,
}

impl NewPort {
    /// For so many items at a time.
    pub(crate) fn of_many(owner: Uid, capacity: usize) -> NewPort {
        let (inlet, items) = Inlet::of_many(owner, capacity);
        NewPort { inlet, items }
    }

    /// For one item.
    pub(crate) fn of_one(owner: Uid) -> NewPort {
        let (inlet, items) = Inlet::of_one(owner);
        NewPort { inlet, items }
    }

    /// Where its items come in.
    pub(crate) fn inlet(&self) -> &Arc<Inlet> {
        &self.inlet
    }

    /// Its receiving end, entered.
    pub(crate) fn entered<T>(self, addr: &PortAddr, guard: PortGuard) -> Port<T> {
        let NewPort { inlet, items } = self;
        inlet.entered(addr.clone(), &guard.table);
        Port { items, inlet, _guard: guard, _type: PhantomData }
    }
}

impl<T> Port<T> {
    /// The references to it in this process; asked for once.
    pub(crate) fn here(&self) -> Arc<Here> {
        Here::of(&self.inlet)
    }

    /// As a port for one item.
    pub(crate) fn into_once(self) -> OncePort<T> {
        OncePort(self)
    }
}

impl<T> OncePort<T> {
    /// As of a [`Port`].
    pub(crate) fn here(&self) -> Arc<Here> {
        self.0.here()
    }
}

struct Shared<S> {
    state: Mutex<S>,
    changed: Notify,
}

/// What an accumulating port does with an item: slot, state, item.
pub type Fold<S, U> = fn(u32, &mut S, Result<U, CallErrorKind>);

/// A sink that folds what arrives into a state.
pub(crate) struct AccumulateSink<S, U> {
    shared: Arc<Shared<S>>,
    fold: Fold<S, U>,
}

impl<S: Send, U: DeserializeOwned + 'static> PortSink for AccumulateSink<S, U> {
    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        let item = item.open(decode).flatten();
        // The user's code runs here, where the item is delivered: a panic in it is logged, and the item is lost on it.
        let folded = catch_unwind(AssertUnwindSafe(|| {
            (self.fold)(slot, &mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner), item);
        }));
        if folded.is_err() {
            tracing::error!(slot, "the fold of an accumulating port panicked");
        }
        self.shared.changed.notify_one();
        Ok(Next::Keep)
    }

    fn put_merged(&self, slot: u32, _len: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        self.put(slot, item)
    }
}

pub(super) fn decode<U: DeserializeOwned + 'static>(payload: &Payload) -> Result<U, CallErrorKind> {
    match catch_unwind(AssertUnwindSafe(|| payload.get())) {
        Ok(item) => item.map_err(CallErrorKind::decode),
        Err(_) => Err(CallErrorKind::Decode { reason: "decoding panicked".to_owned() }),
    }
}

/// The receiving end of a port whose items are folded into one state as they come. Dropping it closes the port.
pub struct Accumulator<S> {
    shared: Arc<Shared<S>>,
    guard: Option<PortGuard>,
}

impl<S: Send + 'static> Accumulator<S> {
    pub(crate) fn new<U: DeserializeOwned + 'static>(
        initial: S,
        fold: Fold<S, U>,
    ) -> (Arc<AccumulateSink<S, U>>, Accumulator<S>) {
        let shared = Arc::new(Shared { state: Mutex::new(initial), changed: Notify::new() });
        (Arc::new(AccumulateSink { shared: shared.clone(), fold }), Accumulator { shared, guard: None })
    }

    pub(crate) fn guarded(self, guard: PortGuard) -> Accumulator<S> {
        Accumulator { guard: Some(guard), ..self }
    }

    /// Reads the state.
    pub fn with<R>(&self, read: impl FnOnce(&mut S) -> R) -> R {
        read(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the state satisfies `done`, or nothing has come for `idle`. Gives whether it does.
    ///
    /// # Cancel safety
    /// Cancel safe: the state stays.
    pub async fn wait_until(&self, idle: Duration, mut done: impl FnMut(&mut S) -> bool) -> bool {
        loop {
            if self.with(&mut done) {
                return true;
            }
            if tokio::time::timeout(idle, self.shared.changed.notified()).await.is_err() {
                return self.with(&mut done);
            }
        }
    }

    /// Ends the accumulation and gives the state.
    pub fn into_state(self) -> S
    where
        S: Clone,
    {
        drop(self.guard);
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
