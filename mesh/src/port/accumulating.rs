//! The receiving end of a port whose items are merged.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::inlet::{Came, Here, Inlet, Took, Total};
use super::receive::{PortClosed, PortGuard, decode};
use super::table::PortItem;
use crate::addr::PortAddr;
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::Uid;
use crate::reduce::Reducer;

/// What the items amount to.
struct Merging<T> {
    reducer: Box<dyn Reducer<T>>,
    so_far: Mutex<SoFar<T>>,
}

struct SoFar<T> {
    /// `None` before the first item.
    value: Option<T>,
    /// Whether whoever waits was told that there is another.
    told: bool,
}

impl<T> Merging<T> {
    fn so_far(&self) -> MutexGuard<'_, SoFar<T>> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The inlet's share of what the two ends have in common.
struct Shared<T>(Arc<Merging<T>>);

impl<T: DeserializeOwned + Send + 'static> Total for Shared<T> {
    fn take_in(&self, item: PortItem) -> Took {
        let item: T = match item.open(decode).flatten() {
            Ok(item) => item,
            Err(kind) => return Took::Bad(kind),
        };
        let mut so_far = self.0.so_far();
        let before = so_far.value.take();
        let merged = catch_unwind(AssertUnwindSafe(|| match before {
            Some(before) => self.0.reducer.reduce(before, item),
            None => item,
        }));
        match merged {
            Ok(merged) => so_far.value = Some(merged),
            Err(_) => {
                let reason = "the reducer of an accumulating port panicked".to_owned();
                return Took::Broken(CallErrorKind::Undeliverable { reason });
            }
        }
        if std::mem::replace(&mut so_far.told, true) { Took::Known } else { Took::News }
    }
}

/// The receiving end of a port whose items are merged by a reducer, on their way and here: it gives what they amount to, at
/// most once in an interval. Dropping it closes the port.
///
/// It is a stream, too. It ends as a [`Port`](super::Port) does, when nobody is left who could post; one who fails while he
/// holds the port is an error, with name and rank, beside the value so far.
pub struct AccumulatingPort<T> {
    items: mpsc::UnboundedReceiver<Came>,
    inlet: Arc<Inlet>,
    merging: Arc<Merging<T>>,
    every: Duration,
    /// Before that nothing is given, unless nothing more comes.
    next_at: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    has_news: bool,
    has_ended: bool,
    failed: VecDeque<PortClosed>,
    _guard: Option<PortGuard>,
}

impl<T: DeserializeOwned + Send + 'static> AccumulatingPort<T> {
    /// A port to be entered into a table.
    pub(crate) fn new(
        owner: Uid,
        reducer: Box<dyn Reducer<T>>,
        every: Duration,
    ) -> (Arc<Inlet>, AccumulatingPort<T>) {
        let so_far = Mutex::new(SoFar { value: None, told: false });
        let merging = Arc::new(Merging { reducer, so_far });
        let (inlet, items) = Inlet::of_total(owner, Box::new(Shared(merging.clone())));
        let port = AccumulatingPort {
            items,
            inlet: inlet.clone(),
            merging,
            every,
            next_at: None,
            sleep: None,
            has_news: false,
            has_ended: false,
            failed: VecDeque::new(),
            _guard: None,
        };
        (inlet, port)
    }

    /// Entered.
    pub(crate) fn entered(self, addr: &PortAddr, guard: PortGuard) -> AccumulatingPort<T> {
        self.inlet.entered(addr.clone(), guard.table());
        AccumulatingPort { _guard: Some(guard), ..self }
    }

    /// The references to it in this process; asked for once.
    pub(crate) fn here(&self) -> Arc<Here> {
        Here::of(&self.inlet)
    }
}

impl<T: Clone> AccumulatingPort<T> {
    /// What the items that have come amount to, without waiting; `None` before the first.
    pub fn value(&self) -> Option<T> {
        self.merging.so_far().value.clone()
    }

    /// Waits until there is another value than it gave last, and for the end of the interval, unless nothing more can come:
    /// the first and the last are not held back.
    ///
    /// # Errors
    /// [`PortClosed`], when an item could not be decoded, one who could post has failed, or nobody can post any more.
    ///
    /// # Cancel safety
    /// Cancel safe: what was not given is part of what is given later.
    pub async fn receive(&mut self) -> Result<T, PortClosed> {
        let next = std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await;
        next.unwrap_or_else(|| Err(self.inlet.over()))
    }

    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(at) = self.next_at.filter(|at| !self.has_ended && *at > clock::now()) else { return true };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        sleep.as_mut().reset(at);
        sleep.as_mut().poll(cx).is_ready()
    }
}

impl<T> Unpin for AccumulatingPort<T> {}

impl<T: Clone> Stream for AccumulatingPort<T> {
    type Item = Result<T, PortClosed>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.has_ended {
            match self.items.poll_recv(cx) {
                Poll::Ready(Some(Came::Lost(closed))) => self.failed.push_back(closed),
                Poll::Ready(Some(Came::News | Came::Item(_))) => self.has_news = true,
                Poll::Ready(None) => self.has_ended = true,
                Poll::Pending => break,
            }
        }
        if self.has_news && self.is_due(cx) {
            self.has_news = false;
            self.next_at = clock::now().checked_add(self.every);
            let mut so_far = self.merging.so_far();
            so_far.told = false;
            if let Some(value) = so_far.value.clone() {
                return Poll::Ready(Some(Ok(value)));
            }
        }
        match self.failed.pop_front() {
            Some(closed) => Poll::Ready(Some(Err(closed))),
            None if self.has_ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
