//! A place in the queue of those who wait for room.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::{Arc, Mutex, lock};

/// Where those who wait for room have their places: the mailbox, or what it is part of.
pub trait Places<T>: Send + Sync {
    /// Gives up a place: the message, if it was not accepted before.
    fn withdraw(&self, place: &Arc<WaitCell<T>>) -> Option<T>;
}

enum Wait<T> {
    Waiting {
        message: T,
        waker: Option<Waker>,
        /// Whether the owner wants the message back when the mailbox is closed.
        returned: bool,
    },
    Accepted,
    Closed(Option<T>),
}

/// What a waiter and the mailbox share.
pub struct WaitCell<T>(Mutex<Wait<T>>);

impl<T> WaitCell<T> {
    pub(super) fn new(message: T) -> Arc<WaitCell<T>> {
        Arc::new(WaitCell(Mutex::new(Wait::Waiting { message, waker: None, returned: false })))
    }

    fn with<R>(&self, f: impl FnOnce(&mut Wait<T>) -> R) -> R {
        f(&mut lock(&self.0))
    }

    /// Takes the message in; `None` when it is not waiting.
    pub(super) fn admit(&self) -> Option<(T, Option<Waker>)> {
        self.with(|wait| match std::mem::replace(wait, Wait::Accepted) {
            Wait::Waiting { message, waker, .. } => Some((message, waker)),
            other => {
                *wait = other;
                None
            }
        })
    }

    /// Ends the wait; the message comes out here unless the owner wants it back.
    pub(super) fn close(&self) -> Option<T> {
        let (message, waker) = self.with(|wait| match std::mem::replace(wait, Wait::Closed(None)) {
            Wait::Waiting { message, waker, returned: true } => {
                *wait = Wait::Closed(Some(message));
                (None, waker)
            }
            Wait::Waiting { message, waker, .. } => (Some(message), waker),
            other => {
                *wait = other;
                (None, None)
            }
        });
        if let Some(waker) = waker {
            waker.wake();
        }
        message
    }
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub enum WaitOutcome<T> {
    /// The message is in the queue.
    Accepted,
    /// The mailbox was closed; the message, if it was asked for.
    Closed(Option<T>),
}

/// A place among the waiters. Dropping it before acceptance withdraws the message.
pub struct Waiting<T> {
    places: Arc<dyn Places<T>>,
    cell: Arc<WaitCell<T>>,
    attached: bool,
}

impl<T> Waiting<T> {
    pub(super) fn new(places: Arc<dyn Places<T>>, cell: Arc<WaitCell<T>>) -> Waiting<T> {
        Waiting { places, cell, attached: true }
    }

    /// Asks for the message back, should the mailbox be closed first.
    pub fn returning(self) -> Waiting<T> {
        self.cell.with(|wait| {
            if let Wait::Waiting { returned, .. } = wait {
                *returned = true;
            }
        });
        self
    }

    /// Leaves the message waiting, with nobody to withdraw it.
    pub fn detach(mut self) {
        self.attached = false;
    }

    /// Gives up the place; the message is gone from the queue of waiters when this returns, or was accepted before.
    pub fn withdraw(&self) -> Option<T> {
        self.places.withdraw(&self.cell)
    }
}

impl<T> Future for Waiting<T> {
    type Output = WaitOutcome<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<WaitOutcome<T>> {
        self.cell.with(|wait| match wait {
            Wait::Waiting { waker, .. } => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Wait::Accepted => Poll::Ready(WaitOutcome::Accepted),
            Wait::Closed(message) => Poll::Ready(WaitOutcome::Closed(message.take())),
        })
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        if self.attached {
            drop(self.withdraw());
        }
    }
}
