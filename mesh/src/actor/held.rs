//! An actor, and the future that borrows it: of the handler or the hook that runs.
//!
//! Both are in the one allocation of the actor, so the future refers to its neighbours. What has to hold for that:
//!
//! - `HELD-1` a `Held` does not move once a future was begun: it is made in place in a `Cell`, cells exist in an `Arc`
//!   only and are never taken out of it, and nothing but `Held::new`, for a new cell, makes one.
//! - `HELD-2` while `running` is there, actor, context and slot are not touched: every way to them asks for it first.
//! - `HELD-3` the future is dropped before what it borrows: `running` is the first field, and `clear` takes it first.
//! - `HELD-4` the future is polled by one thread at a time, and nobody polls while it is begun or dropped: `&mut`.
//!
//! `PhantomPinned` tells the compiler that a `&mut Held` is not the only way to what is in it.

#![expect(unsafe_code, reason = "a future beside what it borrows, instead of an allocation each; see above")]

use std::future::Future;
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

use super::context::Context;
use super::panic::panic_text;
use super::parcel::Done;
use super::slot::{Filled, FutureSlot};
use super::traits::Actor;

/// An actor with its context, and the future that borrows them.
pub(super) struct Held<A: Actor> {
    running: Option<Filled<'static, Done>>,
    slot: FutureSlot,
    life: Option<(A, Context<A>)>,
    _pinned: PhantomPinned,
}

impl<A: Actor> Held<A> {
    /// Nothing yet.
    pub(super) fn new() -> Held<A> {
        Held { running: None, slot: FutureSlot::default(), life: None, _pinned: PhantomPinned }
    }

    /// Puts the actor in.
    pub(super) fn install(&mut self, actor: A, cx: Context<A>) {
        debug_assert!(self.running.is_none() && self.life.is_none(), "an actor is installed once");
        if self.running.is_none() {
            self.life = Some((actor, cx));
        }
    }

    /// The actor and its context, unless a future borrows them.
    pub(super) fn life(&mut self) -> Option<(&mut A, &mut Context<A>)> {
        if self.running.is_some() {
            return None;
        }
        self.life.as_mut().map(|(actor, cx)| (actor, cx))
    }

    /// Makes a future that borrows the actor, and keeps it to be polled; a panic on the way is its text. Nothing
    /// happens where there is no actor, or a future runs.
    pub(super) fn begin(
        &mut self,
        make: impl for<'s> FnOnce(&'s mut FutureSlot, &'s mut A, &'s Context<A>) -> Filled<'s, Done>,
    ) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        let (slot, life) = (&raw mut self.slot, &raw mut self.life);
        // SAFETY: no future runs, so nothing refers to the slot, the actor or the context. What is made from these
        // borrows is kept in `running` only, and so ends before they do (`HELD-1` to `HELD-3`).
        let (slot, life) = unsafe { (&mut *slot, &mut *life) };
        let Some((actor, cx)) = life else { return Ok(()) };
        match catch_unwind(AssertUnwindSafe(|| make(slot, actor, cx))) {
            Ok(filled) => {
                self.running = Some(filled);
                Ok(())
            }
            Err(payload) => Err(panic_text(&*payload)),
        }
    }

    /// Polls the future, and drops it when it is done or panics: the panic is its text.
    pub(super) fn poll(&mut self, task: &mut task::Context<'_>) -> Poll<Result<Done, String>> {
        let Some(running) = &mut self.running else { return Poll::Ready(Err("nothing runs".to_owned())) };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(running).poll(task)));
        let done = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(done)) => Ok(done),
            Err(payload) => Err(panic_text(&*payload)),
        };
        match catch_unwind(AssertUnwindSafe(|| self.running = None)) {
            Ok(()) => Poll::Ready(done),
            Err(payload) => Poll::Ready(Err(panic_text(&*payload))),
        }
    }

    /// Drops the future, then the actor; gives the context.
    pub(super) fn clear(&mut self) -> Option<Context<A>> {
        // What panics while it is dropped is gone nevertheless.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.running.take())));
        let (actor, cx) = self.life.take()?;
        let _ = catch_unwind(AssertUnwindSafe(|| drop(actor)));
        self.slot = FutureSlot::default();
        Some(cx)
    }
}
