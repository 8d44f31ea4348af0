//! The loop that runs an actor, behind the [`Scheduler`] seam.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::cell::{ActorStatus, Cell, Control, count};
use super::context::Context;
use super::panic::panic_text;
use super::parcel::{Parcel, Ran};
use super::slot::{Filled, FutureSlot};
use super::spawn::Birth;
use super::traits::Actor;
use crate::activity;
use crate::call::CallErrorKind;
use crate::clock;
use crate::inspect::thread_key;
use crate::mailbox::Taken;
use crate::outbox::{End, StopMode};
use crate::supervision::{Cause, Directive, Failure, Fatal};

/// How many messages an actor handles before it lets others run.
const BUDGET: u32 = 128;

/// Decides where and when actors run. Today: one task each.
pub trait Scheduler {
    /// Starts an actor; what is returned ends it at its next await.
    fn start<A: Actor>(&self, runtime: &Handle, birth: Birth<A>, cell: Arc<Cell<A>>) -> AbortHandle;
}

/// One tokio task per actor.
#[derive(Clone, Copy, Debug)]
pub struct TaskPerActor;

impl Scheduler for TaskPerActor {
    fn start<A: Actor>(&self, runtime: &Handle, birth: Birth<A>, cell: Arc<Cell<A>>) -> AbortHandle {
        match birth {
            Birth::Ready(actor) => {
                let key = thread_key(&cell.id);
                runtime.spawn(named(key, Body::new(actor, cell).run())).abort_handle()
            }
            Birth::Create(future) => {
                runtime.spawn(named(thread_key(&cell.id), create(future, cell))).abort_handle()
            }
        }
    }
}

/// A task of an actor, with its thread told whom it runs.
async fn named(key: u64, task: impl Future<Output = ()> + Send) {
    let mut task = pin!(task);
    std::future::poll_fn(|cx| activity::on_this_thread(key, || task.as_mut().poll(cx))).await
}

/// Ends the cell if its task is dropped before it has ended itself (`ACTOR-2`); the second is why it has failed, if it has.
struct EndGuard<A: Actor>(Option<Arc<Cell<A>>>, Option<Box<Cause>>);

impl<A: Actor> EndGuard<A> {
    fn finish(&mut self, end: End) {
        if let Some(cell) = self.0.take() {
            cell.finish(end);
        }
    }
}

impl<A: Actor> Drop for EndGuard<A> {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            let stopping =
                cell.asked_to_stop.load(Ordering::Relaxed) || matches!(cell.status(), ActorStatus::Stopping);
            let end = match self.1.take() {
                Some(cause) => End::Failed(cell.failure(*cause)),
                None if stopping => End::Stopped,
                None => End::Failed(cell.failure(killed())),
            };
            cell.finish(end);
        }
    }
}

/// An actor and its life, in the order in which they are dropped.
struct Body<A: Actor> {
    actor: A,
    life: Life<A>,
    guard: EndGuard<A>,
}

impl<A: Actor> Body<A> {
    fn new(actor: A, cell: Arc<Cell<A>>) -> Body<A> {
        Body { actor, life: Life::new(cell.clone()), guard: EndGuard(Some(cell), None) }
    }

    /// Not an `async fn`: that would keep two copies of what it is called with. What runs once, or seldom, is boxed, so
    /// that an idle actor is small.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps its arguments twice")]
    fn run(mut self) -> impl Future<Output = ()> + Send {
        async move {
            let Body { actor, life, guard } = &mut self;
            let outcome = life.live(actor).await;
            if let Outcome::Fail(cause) = &outcome {
                // Killed while its children end, it has still failed by this.
                guard.1 = Some(cause.clone());
            }
            guard.finish(Box::pin(life.wind_up(actor, outcome)).await);
        }
    }
}

async fn create<A: Actor>(
    future: Pin<Box<dyn Future<Output = Result<A, String>> + Send>>,
    cell: Arc<Cell<A>>,
) {
    let mut guard = EndGuard(Some(cell.clone()), None);
    let cause = match catch(future).await {
        Ok(Ok(actor)) => {
            guard.0 = None;
            return Body::new(actor, cell).run().await;
        }
        Ok(Err(message)) => Cause::Spawn { message },
        Err(message) => Cause::Panic { handler: "new".to_owned(), message },
    };
    guard.finish(End::Failed(cell.failure(cause)));
}

/// Polls a future; a panic in it becomes its text.
async fn catch<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(task))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(panic_text(&*payload))),
    })
    .await
}

async fn caught(hook: &str, future: impl Future<Output = Result<(), Fatal>>) -> Result<(), Cause> {
    match catch(future).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fatal)) => Err(Cause::Fatal { handler: hook.to_owned(), message: fatal.message().to_owned() }),
        Err(message) => Err(Cause::Panic { handler: hook.to_owned(), message }),
    }
}

/// Why an actor's life is over.
enum Outcome {
    Stop,
    Fail(Box<Cause>),
}

impl Outcome {
    fn fail(cause: Cause) -> Outcome {
        Outcome::Fail(Box::new(cause))
    }
}

/// What a control message decides.
enum Step {
    Go,
    End(Outcome),
    /// Handle what is queued, then stop.
    Drain,
}

/// What is to be done next.
enum Next {
    /// Take what has come, or sleep.
    Take,
    /// Control messages are there.
    Control,
    /// Let others run.
    Yield,
    /// The first message of the batch is started, and its handler awaits.
    Await,
    End(Outcome),
}

/// A message that was started.
enum Begun<'s, A: Actor> {
    /// It is done, and what follows.
    Done(Option<Outcome>),
    Runs(Filled<'s, Ran>, &'s Cell<A>),
}

struct Life<A: Actor> {
    cx: Context<A>,
    cell: Arc<Cell<A>>,
    batch: VecDeque<Parcel<A>>,
    control: VecDeque<Control<A>>,
    slot: FutureSlot,
    since_yield: u32,
}

/// An actor that was killed leaves its messages and its children behind; otherwise there are none by now.
impl<A: Actor> Drop for Life<A> {
    fn drop(&mut self) {
        let stopped = self.cell.asked_to_stop.load(Ordering::Relaxed);
        self.give_back(&if stopped {
            CallErrorKind::ActorStopped
        } else {
            CallErrorKind::ActorFailed { cause: Box::new(killed()) }
        });
        self.cx.kill_children();
    }
}

/// Why an actor failed whose task was ended from outside.
fn killed() -> Cause {
    Cause::Other { message: "it was killed".to_owned() }
}

impl<A: Actor> Life<A> {
    fn new(cell: Arc<Cell<A>>) -> Life<A> {
        Life {
            cx: Context::new(cell.clone()),
            cell,
            batch: VecDeque::new(),
            control: VecDeque::new(),
            slot: FutureSlot::default(),
            since_yield: 0,
        }
    }

    async fn live(&mut self, actor: &mut A) -> Outcome {
        if let Err(cause) = caught("on_start", async { actor.on_start(&self.cx).await }).await {
            return Outcome::fail(cause);
        }
        self.cell.set_status(ActorStatus::Running);
        self.cell.supervisor.started(&self.cell.id);
        loop {
            match self.advance(actor) {
                Next::Take => {
                    let taken = std::future::poll_fn(|task| {
                        self.cell.mailbox.poll_take(task, &mut self.batch, &mut self.control)
                    });
                    if taken.await == Taken::Closed {
                        return Outcome::Stop;
                    }
                }
                Next::Control => match Box::pin(self.controls(actor)).await {
                    Step::Go => {}
                    Step::End(outcome) => return outcome,
                    Step::Drain => return Box::pin(self.drain(actor)).await,
                },
                Next::Yield => tokio::task::yield_now().await,
                Next::Await => {
                    if let Some(outcome) = self.handle_front(actor).await {
                        return outcome;
                    }
                }
                Next::End(outcome) => return outcome,
            }
        }
    }

    /// Handles what was taken, up to the first message whose handler awaits.
    fn advance(&mut self, actor: &mut A) -> Next {
        loop {
            if self.cx.stop_requested() {
                return Next::End(Outcome::Stop);
            }
            if self.cell.mailbox.has_control() {
                self.cell.mailbox.take_control(&mut self.control);
            }
            if !self.control.is_empty() {
                return Next::Control;
            }
            let Some(parcel) = self.batch.front() else { return Next::Take };
            let plain = parcel.is_plain();
            if self.since_yield >= BUDGET {
                self.since_yield = 0;
                return Next::Yield;
            }
            self.since_yield += 1;
            self.cell.mailbox.started();
            if !plain {
                return Next::Await;
            }
            if let Some(outcome) = self.batch.pop_front().and_then(|parcel| self.handle_plain(actor, parcel))
            {
                return Next::End(outcome);
            }
        }
    }

    /// Takes nothing more; what is accepted and not started goes back to its senders.
    fn give_back(&mut self, kind: &CallErrorKind) {
        let closed = self.cell.mailbox.close_data();
        for parcel in self.batch.drain(..) {
            self.cell.mailbox.started();
            count(&self.cell.counters.returned);
            parcel.refuse(kind.clone());
        }
        for parcel in closed.queued {
            count(&self.cell.counters.returned);
            parcel.refuse(kind.clone());
        }
        // These were never accepted.
        closed.waiting.into_iter().for_each(|parcel| parcel.refuse(kind.clone()));
    }

    /// Handles everything that was sent so far, and takes no more.
    async fn drain(&mut self, actor: &mut A) -> Outcome {
        self.cell.set_status(ActorStatus::Stopping);
        self.cell.mailbox.close_admitting(&mut self.batch);
        while !self.batch.is_empty() {
            self.cell.mailbox.started();
            self.since_yield += 1;
            if self.since_yield >= BUDGET {
                self.since_yield = 0;
                tokio::task::yield_now().await;
            }
            if let Some(outcome) = self.handle_front(actor).await {
                return outcome;
            }
            self.cell.mailbox.take_control(&mut self.control);
            match self.controls(actor).await {
                Step::End(outcome) => return outcome,
                Step::Go | Step::Drain => {}
            }
        }
        Outcome::Stop
    }

    /// The end: what is left goes back, the children end, then the last hook runs.
    async fn wind_up(&mut self, actor: &mut A, outcome: Outcome) -> End {
        let cell = self.cell.clone();
        match outcome {
            Outcome::Stop => {
                cell.set_status(ActorStatus::Stopping);
                self.give_back(&CallErrorKind::ActorStopped);
                self.cx.stop_children(StopMode::Drain).await;
                match caught("on_stop", async { actor.on_stop(&self.cx).await }).await {
                    Ok(()) => End::Stopped,
                    Err(cause) => End::Failed(cell.failure(cause)),
                }
            }
            Outcome::Fail(cause) => {
                cell.set_status(ActorStatus::Stopping);
                self.give_back(&CallErrorKind::ActorFailed { cause: cause.clone() });
                self.cx.stop_children(StopMode::Now).await;
                End::Failed(cell.failure(*cause))
            }
        }
    }

    /// Prepares for a message: `None` when its time is over.
    fn enter(&mut self, mut parcel: Parcel<A>) -> Option<Parcel<A>> {
        let headers = std::mem::take(parcel.headers_mut());
        if headers.deadline.is_some_and(|at| at <= clock::now()) {
            count(&self.cell.counters.expired);
            parcel.refuse(CallErrorKind::Deadline { after: Duration::ZERO });
            return None;
        }
        // Nobody else writes it, so it needs no atomic addition.
        let handled = &self.cell.counters.handled;
        handled.store(handled.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.cx.enter(parcel.handler(), parcel.handler_id(), headers);
        Some(parcel)
    }

    /// Handles a message whose handler does not await.
    fn handle_plain(&mut self, actor: &mut A, parcel: Parcel<A>) -> Option<Outcome> {
        let parcel = self.enter(parcel)?;
        let ran = parcel.run_plain(actor, &self.cx);
        self.leave(ran)
    }

    /// Starts the first message of the batch.
    fn begin_front<'s>(&'s mut self, actor: &'s mut A) -> Begun<'s, A> {
        let Some(parcel) = self.batch.pop_front() else { return Begun::Done(None) };
        if parcel.is_plain() {
            return Begun::Done(self.handle_plain(actor, parcel));
        }
        let Some(parcel) = self.enter(parcel) else { return Begun::Done(None) };
        Begun::Runs(parcel.begin(&mut self.slot, actor, &self.cx), &self.cell)
    }

    /// Handles the first message of the batch. What is not needed across the await is kept out of the future.
    async fn handle_front(&mut self, actor: &mut A) -> Option<Outcome> {
        let ran = match self.begin_front(actor) {
            Begun::Done(outcome) => return outcome,
            Begun::Runs(mut running, cell) => {
                std::future::poll_fn(move |task| {
                    let ran = Pin::new(&mut running).poll(task);
                    if ran.is_pending() {
                        cell.mailbox.rest();
                    }
                    ran
                })
                .await
            }
        };
        self.leave(ran)
    }

    fn leave(&mut self, ran: Ran) -> Option<Outcome> {
        let handler = self.cx.leave();
        match ran {
            Ran::Answered => None,
            ran => self.trouble(handler, ran),
        }
    }

    /// What follows from a message that was not simply answered.
    #[cold]
    fn trouble(&self, handler: &str, ran: Ran) -> Option<Outcome> {
        let handler = handler.to_owned();
        match ran {
            Ran::Answered => None,
            Ran::RefusedUnheard(error) => {
                count(&self.cell.counters.refused_unheard);
                tracing::warn!(actor = %self.cell.id, %handler, %error, "a handler's error had no caller");
                None
            }
            Ran::Fatal(fatal) => {
                Some(Outcome::fail(Cause::Fatal { handler, message: fatal.message().to_owned() }))
            }
            Ran::Panicked(message) => Some(Outcome::fail(Cause::Panic { handler, message })),
        }
    }

    async fn controls(&mut self, actor: &mut A) -> Step {
        // A hook may await for long.
        self.cell.mailbox.rest();
        while let Some(control) = self.control.pop_front() {
            let step = match control {
                Control::Stop(StopMode::Drain) => Step::Drain,
                Control::Stop(StopMode::Now) => Step::End(Outcome::Stop),
                Control::ChildEnded { id, end } => {
                    self.cx.forget_child(id.uid);
                    match end {
                        End::Stopped => Step::Go,
                        End::Failed(failure) => self.failed(actor, *failure).await,
                    }
                }
                Control::Failure(failure) => self.failed(actor, *failure).await,
                Control::Message(parcel) => {
                    self.batch.push_front(parcel);
                    match self.handle_front(actor).await {
                        None => Step::Go,
                        Some(outcome) => Step::End(outcome),
                    }
                }
            };
            if !matches!(step, Step::Go) {
                return step;
            }
        }
        Step::Go
    }

    async fn failed(&mut self, actor: &mut A, failure: Failure) -> Step {
        self.cell.outbox.events().note(|| format!("failure at {}: {failure}", self.cell.id));
        let decision = catch(actor.on_failure(&self.cx, failure.clone())).await;
        match decision {
            Ok(Directive::Handled) => Step::Go,
            Ok(Directive::Escalate | Directive::Restart) => {
                Step::End(Outcome::fail(Cause::Child { failure: Box::new(failure) }))
            }
            Err(message) => {
                Step::End(Outcome::fail(Cause::Panic { handler: "on_failure".to_owned(), message }))
            }
        }
    }
}
/// The size in bytes of the task of an idle actor.
#[cfg(test)]
pub(super) const fn task_size<A: Actor>() -> usize {
    const fn of<A: Actor, F: Future>(_: &fn(Body<A>) -> F) -> usize {
        size_of::<F>()
    }
    of(&(Body::<A>::run as fn(Body<A>) -> _))
}
