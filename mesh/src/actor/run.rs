//! When an actor runs, behind the [`Scheduler`] seam: it is queued on a worker only when it has something to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Wake, Waker};

use super::cell::Cell;
use super::spawn::Birth;
use super::step::{After, Turn};
use super::traits::Actor;
use crate::activity;
use crate::inspect::thread_key;
use crate::sync::{Arc, lock};
use crate::worker::Run;

/// How many messages an actor handles before it lets others run.
const BUDGET: u32 = 128;
/// How many messages it handles in the turn of a caller.
const CALLER_BUDGET: u32 = 4;

/// Decides where and when actors run.
pub trait Scheduler {
    /// Starts an actor.
    fn start<A: Actor>(&self, birth: Birth<A>, cell: &Arc<Cell<A>>);
}

/// Actors share the workers of their proc.
#[derive(Clone, Copy, Debug)]
pub struct Shared;

impl Scheduler for Shared {
    fn start<A: Actor>(&self, birth: Birth<A>, cell: &Arc<Cell<A>>) {
        lock(&cell.body).install(birth, cell);
        cell.wake_by_ref();
    }
}

/// It has something to do: the waker of its handlers, and of its mailbox.
impl<A: Actor> Wake for Cell<A> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.run.notify() {
            self.outbox.workers().push(self.clone());
        }
    }
}

impl<A: Actor> Run for Cell<A> {
    fn run(self: Arc<Self>) {
        if self.run.dequeued() {
            self.turn(Turn { budget: BUDGET, fresh: false });
        }
    }
}

impl<A: Actor> Cell<A> {
    /// Runs it; the caller has it to itself.
    fn turn(self: Arc<Self>, turn: Turn) {
        let mut body = lock(&self.body);
        let run = || activity::on_this_thread(thread_key(&self.id), || body.run(&self, turn));
        let after = catch_unwind(AssertUnwindSafe(run));
        let again = match after {
            Ok(after) => after == After::More,
            // What may panic is caught where it is called. This is for what was forgotten: nobody waits for ever.
            Err(_) => {
                let _ = catch_unwind(AssertUnwindSafe(|| body.kill(&self)));
                false
            }
        };
        drop(body);
        if self.run.ran(again) {
            self.outbox.workers().push(self.clone());
        }
    }

    /// Lets the task that is polled here, and waits for this actor's reply, run it if it is queued and not yet run:
    /// two ways through the scheduler are saved. The order of messages is the mailbox's, whoever runs the actor; a
    /// handler that awaits goes on where the workers are, and so needs its caller no more.
    pub(super) fn run_for_caller(self: Arc<Self>) -> bool {
        let queued = self.mailbox.len();
        if queued > CALLER_BUDGET as usize {
            return false;
        }
        let Some(_nested) = self.outbox.workers().nest() else { return false };
        let mine = self.run.claim();
        if mine {
            self.turn(Turn { budget: CALLER_BUDGET, fresh: queued <= 1 });
        }
        mine
    }

    /// The waker of what it awaits.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }
}
