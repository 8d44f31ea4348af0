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

use super::table::{CallWait, Next, PortItem, PortSink, PortTable};
use crate::call::CallErrorKind;
use crate::wire::codec::Payload;

/// The port was closed before an item came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no item will come: {0}")]
pub struct PortClosed(pub CallErrorKind);

/// Closes a port when its receiving end goes.
pub(crate) struct PortGuard {
    table: Arc<PortTable>,
    port: u64,
}

impl PortGuard {
    pub(crate) fn new(table: Arc<PortTable>, port: u64) -> PortGuard {
        PortGuard { table, port }
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
    call: Option<CallWait>,
}

impl OnceSink {
    pub(crate) fn new() -> (Arc<OnceSink>, oneshot::Receiver<PortItem>) {
        OnceSink::of(None)
    }

    /// For the reply of a call.
    pub(crate) fn of_call(call: CallWait) -> (Arc<OnceSink>, oneshot::Receiver<PortItem>) {
        OnceSink::of(Some(call))
    }

    fn of(call: Option<CallWait>) -> (Arc<OnceSink>, oneshot::Receiver<PortItem>) {
        let (sender, receiver) = oneshot::channel();
        (Arc::new(OnceSink { sender: Mutex::new(Some(sender)), call }), receiver)
    }
}

impl PortSink for OnceSink {
    fn calls(&self) -> Vec<CallWait> {
        let is_open = self.sender.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        self.call.iter().filter(|_| is_open).cloned().collect()
    }

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
    sender: mpsc::Sender<(u32, PortItem)>,
    capacity: usize,
}

impl ItemSink {
    pub(crate) fn new(capacity: usize) -> (Arc<ItemSink>, mpsc::Receiver<(u32, PortItem)>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Arc::new(ItemSink { sender, capacity }), receiver)
    }
}

impl PortSink for ItemSink {
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
    match item {
        PortItem::Value(payload) => payload.get().map_err(CallErrorKind::decode),
        PortItem::Failed(kind) => Err(kind),
    }
}

/// The receiving end of a port for many items. Dropping it closes the port.
pub struct Port<T> {
    items: mpsc::Receiver<(u32, PortItem)>,
    _guard: PortGuard,
    _type: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Port<T> {
    pub(crate) fn new(items: mpsc::Receiver<(u32, PortItem)>, guard: PortGuard) -> Port<T> {
        Port { items, _guard: guard, _type: PhantomData }
    }

    /// Waits for the next item.
    ///
    /// # Errors
    /// [`PortClosed`], when an item could not be delivered or decoded.
    ///
    /// # Cancel safety
    /// Cancel safe: an item that was not returned stays in the port.
    pub async fn receive(&mut self) -> Result<T, PortClosed> {
        match self.items.recv().await {
            Some((_, item)) => open_item(item).map_err(PortClosed),
            None => Err(PortClosed(CallErrorKind::ActorStopped)),
        }
    }
}

impl<T> Unpin for Port<T> {}

impl<T: DeserializeOwned + 'static> Stream for Port<T> {
    type Item = Result<T, PortClosed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_recv(cx).map(|item| item.map(|(_, item)| open_item(item).map_err(PortClosed)))
    }
}

/// The receiving end of a port for one item: a future of it. Dropping it closes the port.
pub struct OncePort<T> {
    item: oneshot::Receiver<PortItem>,
    _guard: PortGuard,
    _type: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> OncePort<T> {
    pub(crate) fn new(item: oneshot::Receiver<PortItem>, guard: PortGuard) -> OncePort<T> {
        OncePort { item, _guard: guard, _type: PhantomData }
    }
}

impl<T> Unpin for OncePort<T> {}

impl<T: DeserializeOwned + 'static> Future for OncePort<T> {
    type Output = Result<T, PortClosed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.item).poll(cx).map(|item| match item {
            Ok(item) => open_item(item).map_err(PortClosed),
            Err(_) => Err(PortClosed(CallErrorKind::ActorStopped)),
        })
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
        let item = match item {
            PortItem::Value(payload) => decode(&payload),
            PortItem::Failed(kind) => Err(kind),
        };
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

fn decode<U: DeserializeOwned + 'static>(payload: &Payload) -> Result<U, CallErrorKind> {
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
