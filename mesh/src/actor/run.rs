//! When an actor runs, behind the [`Scheduler`] seam: it is queued on a worker only when it has something to do.

#![expect(unsafe_code, reason = "the body of an actor is its runner's; see `owned`")]

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Wake, Waker};

use super::cell::Cell;
use super::context::Context;
use super::spawn::Birth;
use super::step::Turn;
use super::traits::Actor;
use crate::activity;
use crate::inspect::thread_key;
use crate::mailbox::{Parked, Rest};
use crate::sync::Arc;
use crate::worker::Run;

/// How many messages it handles in the turn of a caller.
const CALLER_BUDGET: u32 = 4;

/// Decides where and when actors run.
pub trait Scheduler {
    /// Starts an actor that was made just now.
    fn start<A: Actor>(&self, birth: Birth<A>, cell: &Arc<Cell<A>>);
}

/// Actors share the workers of their proc.
#[derive(Clone, Copy, Debug)]
pub struct Shared;

impl Scheduler for Shared {
    fn start<A: Actor>(&self, birth: Birth<A>, cell: &Arc<Cell<A>>) {
        let starts = matches!(birth, Birth::Create(_)) || !starts_at_once::<A>();
        // SAFETY: who makes an actor has it until it parks for the first time, below (`MAIL-4`).
        unsafe { cell.body.get() }.install(birth, cell);
        if !starts {
            // It is not worth a way through the queues, and perhaps to another thread: it rests until its first message.
            cell.turn(Turn { first: None, budget: 1, fresh: false });
        } else if cell.mailbox.park(Rest::Turn) == Parked::Queue {
            cell.outbox.workers().push_born(cell.clone());
        }
    }
}

/// Whether its `on_start` is a future that holds nothing and awaits nothing, as that of an actor without one is: whoever
/// makes such an actor may run it. One of the user's that is `async` holds the actor.
fn starts_at_once<A: Actor>() -> bool {
    const fn is_nothing<A, F>(_: &impl FnOnce(&'static mut A, &'static Context<A>) -> F) -> bool
    where
        A: Actor,
    {
        // A coroutine always has a destructor, by what the compiler says of it.
        size_of::<F>() <= 1
    }
    is_nothing::<A, _>(&|actor: &'static mut A, cx: &'static Context<A>| actor.on_start(cx))
}

/// It has something to do: the waker of its handlers.
impl<A: Actor> Wake for Cell<A> {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}

impl<A: Actor> Run for Cell<A> {
    fn run(self: Arc<Self>, most: u32) -> u32 {
        let Some(first) = self.mailbox.begin() else { return 0 };
        let left = self.turn(Turn { first, budget: most, fresh: false });
        // Its start and its end are work too.
        (most - left).max(1)
    }
}

impl<A: Actor> Cell<A> {
    /// Runs it; the caller has it to itself. How many messages are left of its budget.
    fn turn(self: &Arc<Self>, mut turn: Turn<A>) -> u32 {
        activity::on_this_thread(thread_key(&self.id), || {
            loop {
                let run = || {
                    // SAFETY: the caller has it, and has it still when `park` says so (`MAIL-4`); the borrow ends before.
                    let body = unsafe { self.body.get() };
                    body.run(self, &mut turn)
                };
                let rest = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
                    // What may panic is caught where it is called. This is for what was forgotten: nobody waits for ever.
                    // SAFETY: as above; the borrow that panicked is gone.
                    let body = unsafe { self.body.get() };
                    let _ = catch_unwind(AssertUnwindSafe(|| body.kill(self)));
                    Rest::End
                });
                if !self.park(rest) {
                    return turn.budget;
                }
            }
        })
    }

    /// It would rest. Whether the caller has it still, and is to run it.
    fn park(&self, rest: Rest) -> bool {
        let parked = self.mailbox.park(rest);
        self.queue_if(parked == Parked::Queue);
        parked == Parked::Running
    }

    /// Lets the task that is polled here, and waits for this actor's reply, run it if it is queued and not yet run:
    /// two ways through the scheduler are saved. The order of messages is the mailbox's, whoever runs the actor; a
    /// handler that awaits goes on where the workers are, and so needs its caller no more.
    pub(super) fn run_for_caller(self: Arc<Self>) -> bool {
        let Some(_nested) = self.outbox.workers().nest() else { return false };
        let Some(first) = self.mailbox.claim(CALLER_BUDGET.into()) else { return false };
        // The only one is the caller's, unless that still waits for its place.
        let fresh = self.mailbox.len() <= 1 && !self.mailbox.has_waiters();
        self.turn(Turn { first, budget: CALLER_BUDGET, fresh });
        true
    }

    /// The waker of what it awaits, without counting: most of what is polled with it needs none.
    pub(super) fn waker_ref(self: &Arc<Self>) -> ManuallyDrop<Waker> {
        // SAFETY: the count that this takes for itself is never given back, and `self` outlives the borrow that a task's
        // context makes of it: it is used within the caller's turn, which has the `Arc`.
        ManuallyDrop::new(Waker::from(unsafe { Arc::from_raw(Arc::as_ptr(self)) }))
    }
}
