//! The life of an actor, step by step: what it does when it is run.

#![expect(unsafe_code, reason = "messages are run where they lie; see the proofs below")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::behind::Behind;
use super::cell::{ActorStatus, Cell, Control, count};
use super::context::Context;
use super::held::Held;
use super::panic::panic_text;
use super::parcel::{Done, Lying, Parcel, Ran};
use super::restart::{Making, Pause};
use super::spawn::Birth;
use super::traits::Actor;
use crate::addr::ActorAddr;
use crate::call::CallErrorKind;
use crate::mailbox::{First, Records, Rest, Room, Taken, WHOLE, Word};
use crate::outbox::{End, Resident, StopMode, failing};
use crate::supervision::{Cause, Directive, Failure, SupervisionEvent, SupervisionEventKind};
use crate::sync::{Arc, Ordering};

/// For how long an actor runs.
pub(super) struct Turn<'c, A: Actor> {
    /// The message that it is run for.
    pub(super) first: Option<First<'c, Parcel<A>, Control<A>>>,
    /// How many messages it handles at most.
    pub(super) budget: u32,
    /// What it handles was sent just now, so its time is not over.
    pub(super) fresh: bool,
}

/// Why an actor's life is over.
enum Outcome {
    Stop,
    Fail(Box<Cause>),
    /// It has failed, and is made anew after a pause.
    Again(Box<(Cause, Duration)>),
}

/// Who can make anew what has failed.
enum Origin {
    /// It is a child, which has ended.
    Child(Arc<dyn Resident>),
    /// It is managed, by this agent or what stands for one.
    Managed(ActorAddr),
}

/// What an actor is at.
enum Phase<A> {
    /// It is made.
    Create(Making<A>),
    /// It pauses before it is made anew.
    Resting(Pin<Box<Sleep>>),
    /// `on_start` is to run.
    Start,
    /// `on_start` runs.
    Starting,
    /// Messages are handled.
    Live,
    /// A handler awaits.
    Handling,
    /// `on_failure` runs.
    Deciding(Box<(Failure, Option<Origin>)>),
    /// `on_event` runs.
    Hearing,
    /// Its children end.
    Parting(Outcome),
    /// `on_stop` runs.
    Stopping,
    /// It has ended.
    Over,
}

/// What only the one who runs an actor uses.
pub(super) struct Body<A: Actor> {
    held: Held<A>,
    phase: Phase<A>,
    /// It handles what is queued, then stops; or stops already.
    draining: bool,
    /// What is left of its end when it has decided about a failure that came late.
    ending: Option<Ending>,
    /// Failures that wait for messages which were accepted before: the last of what has failed are among these.
    behind: Behind<Option<Origin>>,
    batch: Records<Parcel<A>>,
}

/// How far an orderly stop has come.
#[derive(Clone, Copy)]
enum Ending {
    /// Its children have ended.
    Alone,
    /// `on_stop` has run.
    Stopped,
}

/// What the loop over messages comes to.
enum Next {
    Rest(Rest),
    /// The phase has changed.
    Step,
    End(Outcome),
}

/// Why an actor failed that was ended from outside.
fn killed() -> Cause {
    Cause::Other { message: "it was killed".to_owned() }
}

fn fail(cause: Cause) -> Outcome {
    Outcome::Fail(Box::new(cause))
}

fn panicked(handler: &str, message: String) -> Cause {
    Cause::Panic { handler: handler.to_owned(), message }
}

impl<A: Actor> Body<A> {
    pub(super) fn new() -> Body<A> {
        Body {
            held: Held::new(),
            phase: Phase::Over,
            draining: false,
            ending: None,
            behind: Behind::nothing(),
            batch: Records::new(),
        }
    }

    /// Puts the actor in, or what makes it.
    pub(super) fn install(&mut self, birth: Birth<A>, cell: &Arc<Cell<A>>) {
        match birth {
            Birth::Ready(actor) => self.ready(actor, cell),
            Birth::Create(future) => self.phase = Phase::Create(future),
            Birth::Spec(make) => self.phase = Phase::Create(make()),
        }
    }

    fn ready(&mut self, actor: A, cell: &Arc<Cell<A>>) {
        self.held.install(actor, Context::new(cell.clone()));
        self.phase = Phase::Start;
    }

    /// Runs the actor until it waits, or has handled so many messages.
    pub(super) fn run(&mut self, cell: &Arc<Cell<A>>, turn: &mut Turn<'_, A>) -> Rest {
        if cell.killed.load(Ordering::Relaxed) || cell.outbox.workers().is_closed() {
            self.keep(turn);
            self.kill(cell);
            return Rest::End;
        }
        let mut waker = None;
        loop {
            let next = match &mut self.phase {
                Phase::Live => {
                    let next = self.handle(cell, turn);
                    self.keep(turn);
                    next
                }
                Phase::Over if cell.reopen() => self.made(cell),
                Phase::Over => return Rest::End,
                Phase::Resting(pause) => {
                    let (draining, batch) = (&mut self.draining, &mut self.batch);
                    match cell.pauses(pause, draining, batch) {
                        Pause::Goes => return Rest::Notice,
                        Pause::Over => self.made(cell),
                        Pause::Stop => {
                            cell.set_status(ActorStatus::Stopping);
                            self.give_back(cell, &CallErrorKind::ActorStopped);
                            self.finish(cell, End::Stopped)
                        }
                    }
                }
                Phase::Start => self.start(cell),
                Phase::Create(future) => {
                    let waker = waker.get_or_insert_with(|| cell.waker_ref());
                    let mut task = task::Context::from_waker(waker);
                    match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut task))) {
                        Ok(Poll::Pending) => return Rest::Notice,
                        Ok(Poll::Ready(Ok(actor))) => {
                            self.ready(actor, cell);
                            Next::Step
                        }
                        Ok(Poll::Ready(Err(message))) => self.not_made(cell, Cause::Spawn { message }),
                        Err(payload) => self.not_made(cell, panicked("new", panic_text(&*payload))),
                    }
                }
                Phase::Starting
                | Phase::Handling
                | Phase::Deciding(_)
                | Phase::Hearing
                | Phase::Parting(_)
                | Phase::Stopping => {
                    let waker = waker.get_or_insert_with(|| cell.waker_ref());
                    match self.held.poll(&mut task::Context::from_waker(waker)) {
                        Poll::Pending => return Rest::Notice,
                        Poll::Ready(done) => self.done(cell, done),
                    }
                }
            };
            match next {
                Next::Step => {}
                Next::Rest(rest) => return rest,
                Next::End(outcome) => self.end(cell, outcome),
            }
        }
    }

    /// It is to be made anew, now.
    fn made(&mut self, cell: &Arc<Cell<A>>) -> Next {
        match cell.making() {
            Some(making) => self.phase = Phase::Create(making),
            None => unreachable!("only one that has a spec is made anew"),
        }
        Next::Step
    }

    /// It could not be made.
    #[cold]
    fn not_made(&mut self, cell: &Cell<A>, cause: Cause) -> Next {
        match cell.judge(self.draining, Box::new(cause)) {
            (cause, Some(after)) => self.again(cell, *cause, after),
            (cause, None) => {
                self.give_back(cell, &CallErrorKind::ActorFailed { cause: cause.clone() });
                self.finish(cell, End::Failed(cell.failure(*cause)))
            }
        }
    }

    /// It has heard of something, and goes on with what it was at.
    fn go_on(&mut self, cell: &Cell<A>) -> Next {
        match self.ending {
            None => Next::Step,
            Some(ending) => self.late(cell, ending),
        }
    }

    /// It stops in order: hears first of what has failed meanwhile, its children among it.
    fn late(&mut self, cell: &Cell<A>, ending: Ending) -> Next {
        self.ending = Some(ending);
        if let Some((failure, origin)) = self.behind.take() {
            return self.failed(cell, failure, origin);
        }
        while let Some(control) = cell.mailbox.take_control() {
            let Some((_, cx)) = self.held.life() else { break };
            match self::control(cx, control) {
                Heard::Failure(failure, origin, _) => return self.failed(cell, failure, origin),
                Heard::Event(event) => return self.told(cell, *event),
                Heard::Message(parcel) => parcel.refuse(CallErrorKind::ActorStopped),
                Heard::Done | Heard::Stop | Heard::Drain => {}
            }
        }
        match ending {
            Ending::Alone => self.stop_hook(cell),
            Ending::Stopped => self.finish(cell, End::Stopped),
        }
    }

    /// It is gone, and is made anew after a pause. What is queued stays.
    #[cold]
    fn again(&mut self, cell: &Cell<A>, cause: Cause, after: Duration) -> Next {
        let kind = CallErrorKind::ActorFailed { cause: Box::new(cause.clone()) };
        failing(&kind, || drop(self.held.clear()));
        // Of what it has owned, which went with it.
        self.behind = Behind::nothing();
        cell.begin_anew(cause, after);
        self.phase = Phase::Resting(cell.pause(after));
        Next::Step
    }

    /// What it was run for and is not started is the first of its batch.
    #[inline]
    fn keep(&mut self, turn: &mut Turn<'_, A>) {
        if let Some(first) = turn.first.take() {
            self.batch.push_front(first.into_record());
        }
    }

    fn start(&mut self, cell: &Cell<A>) -> Next {
        self.phase = Phase::Starting;
        match self.held.begin(|slot, actor, cx| {
            let hook = actor.on_start(cx);
            slot.fill(async move { Done::Hook(hook.await) })
        }) {
            Ok(()) => Next::Step,
            Err(message) => self.done(cell, Err(message)),
        }
    }

    /// What follows when the future has ended.
    fn done(&mut self, cell: &Cell<A>, done: Result<Done, String>) -> Next {
        let phase = std::mem::replace(&mut self.phase, Phase::Live);
        match (phase, done) {
            (Phase::Starting, Ok(Done::Hook(Ok(())))) => {
                cell.set_status(ActorStatus::Running);
                cell.supervisor.started(&cell.who());
                Next::Step
            }
            (Phase::Starting, done) => Next::End(fail(hook_cause("on_start", done))),
            (Phase::Handling, Ok(Done::Ran(ran))) => match self.leave(cell, ran) {
                Some(outcome) => Next::End(outcome),
                None => Next::Step,
            },
            (Phase::Deciding(..) | Phase::Hearing, Ok(Done::Decided(Directive::Handled) | Done::Alone)) => {
                self.go_on(cell)
            }
            // It ends, and what it owns with it.
            (Phase::Deciding(..), Ok(Done::Decided(Directive::Restart))) if self.ending.is_some() => {
                self.go_on(cell)
            }
            (Phase::Deciding(told), Ok(Done::Decided(Directive::Restart))) if self.restart(cell, &told) => {
                Next::Step
            }
            (Phase::Deciding(told), Ok(_)) => Next::End(fail(Cause::Child { failure: Box::new(told.0) })),
            (Phase::Deciding(..), Err(message)) => Next::End(fail(panicked("on_failure", message))),
            (Phase::Hearing, Err(message)) => Next::End(fail(panicked("on_event", message))),
            (Phase::Parting(outcome), _) => self.alone(cell, outcome),
            (Phase::Stopping, Ok(Done::Hook(Ok(())))) => self.late(cell, Ending::Stopped),
            (Phase::Stopping, done) => {
                self.finish(cell, End::Failed(cell.failure(hook_cause("on_stop", done))))
            }
            (_, Err(message)) => Next::End(fail(panicked("", message))),
            (_, Ok(_)) => Next::Step,
        }
    }

    /// Handles messages, up to one whose handler awaits.
    fn handle(&mut self, cell: &Arc<Cell<A>>, turn: &mut Turn<'_, A>) -> Next {
        let mut waiting = None;
        loop {
            let Body { held, draining, behind, batch, .. } = self;
            let Some((_, cx)) = held.life() else { return Next::Rest(Rest::Notice) };
            if cx.stop_requested() && !*draining {
                return Next::End(Outcome::Stop);
            }
            if waiting.is_some() || cell.mailbox.has_control() {
                let Some(control) = waiting.take().or_else(|| cell.mailbox.take_control()) else { continue };
                match self::control(cx, control) {
                    Heard::Message(parcel) => {
                        if let Some(next) = self.begin(cell, Lying::within(parcel, &mut lay()), turn.fresh) {
                            return next;
                        }
                    }
                    Heard::Done => {}
                    Heard::Stop => return Next::End(Outcome::Stop),
                    Heard::Drain => {
                        if !std::mem::replace(draining, true) {
                            cell.set_status(ActorStatus::Stopping);
                            cell.mailbox.close_admitting(batch);
                        }
                    }
                    Heard::Failure(failure, origin, after) => behind.push(after, failure, origin),
                    Heard::Event(event) => return self.told(cell, *event),
                }
                continue;
            }
            if !behind.is_empty()
                && let Some((failure, origin)) = behind.next_after(begun(cell))
            {
                return self.failed(cell, failure, origin);
            }
            if turn.budget == 0 {
                return Next::Rest(Rest::Turn);
            }
            let lying = match turn.first.take() {
                // SAFETY: who takes the first has what lies there, and begins it before anything else.
                Some(first) => Some(unsafe { Lying::at(first.into_place()) }.0),
                // SAFETY: as does who takes one out of the batch.
                None => batch.pop_in_place(|place| unsafe { Lying::at(place) }),
            };
            let mut room = lay();
            let lying = match lying {
                Some(lying) => lying,
                None if *draining => match behind.take() {
                    Some((failure, origin)) => return self.failed(cell, failure, origin),
                    None => return Next::End(Outcome::Stop),
                },
                None => match cell.mailbox.take(batch) {
                    Taken::One(parcel) => Lying::within(parcel, &mut room),
                    Taken::Batch => continue,
                    Taken::Control(control) => {
                        waiting = Some(control);
                        continue;
                    }
                    Taken::Nothing => match behind.take() {
                        Some((failure, origin)) => return self.failed(cell, failure, origin),
                        None => return Next::Rest(Rest::Message),
                    },
                },
            };
            turn.budget -= 1;
            cell.mailbox.started();
            if let Some(next) = self.begin(cell, lying, turn.fresh) {
                return next;
            }
        }
    }

    /// Handles a message; what follows, if it is not the next.
    #[inline]
    fn begin(&mut self, cell: &Cell<A>, mut lying: Lying<A>, fresh: bool) -> Option<Next> {
        let Some((actor, cx)) = self.held.life() else {
            lying.refuse(CallErrorKind::ActorStopped);
            return Some(Next::Rest(Rest::Notice));
        };
        if !fresh
            && let Some(at) = lying.deadline()
            && cell.outbox.coarse().is_past(at)
        {
            count(&cell.counters.expired);
            lying.refuse(CallErrorKind::Deadline { after: Duration::ZERO });
            return None;
        }
        // Nobody else writes it, so it needs no atomic addition.
        let handled = &cell.counters.handled;
        handled.store(handled.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        cx.enter(lying.handler(), lying.handler_id(), lying.take_headers());
        if !lying.is_plain() {
            self.phase = Phase::Handling;
            return Some(match self.held.begin(|slot, actor, cx| lying.begin(slot, actor, cx)) {
                Ok(()) => Next::Step,
                Err(message) => self.done(cell, Err(message)),
            });
        }
        let ran = lying.run(actor, cx);
        let handler = cx.leave();
        if matches!(ran, Ran::Answered) {
            return None;
        }
        trouble(cell, handler, ran).map(Next::End)
    }

    fn leave(&mut self, cell: &Cell<A>, ran: Ran) -> Option<Outcome> {
        let (_, cx) = self.held.life()?;
        let handler = cx.leave();
        trouble(cell, handler, ran)
    }

    /// Something it owns has failed.
    #[cold]
    fn failed(&mut self, cell: &Cell<A>, failure: Box<Failure>, origin: Option<Origin>) -> Next {
        cell.outbox.events().note(|| format!("failure at {}: {failure}", cell.id));
        let shown = Failure::clone(&failure);
        self.phase = Phase::Deciding(Box::new((*failure, origin)));
        match self.held.begin(|slot, actor, cx| {
            let hook = actor.on_failure(cx, shown);
            slot.fill(async move { Done::Decided(hook.await) })
        }) {
            Ok(()) => Next::Step,
            Err(message) => self.done(cell, Err(message)),
        }
    }

    /// What has failed is made anew; false when it cannot be.
    fn restart(&mut self, cell: &Cell<A>, (failure, origin): &(Failure, Option<Origin>)) -> bool {
        match (origin, self.held.life()) {
            (Some(Origin::Child(child)), Some((_, cx))) => cx.restart_child(child.clone()),
            (Some(Origin::Managed(agent)), _) => {
                super::remake::ask(&cell.outbox, &cell.identity(), agent, failure)
            }
            (Some(Origin::Child(_)) | None, _) => false,
        }
    }

    /// Something happened to what it owns.
    #[cold]
    fn told(&mut self, cell: &Cell<A>, event: SupervisionEvent) -> Next {
        self.phase = Phase::Hearing;
        match self.held.begin(|slot, actor, cx| {
            let hook = actor.on_event(cx, event);
            slot.fill(async move {
                hook.await;
                Done::Alone
            })
        }) {
            Ok(()) => Next::Step,
            Err(message) => self.done(cell, Err(message)),
        }
    }

    /// Takes nothing more; what is accepted and not started goes back to its senders.
    fn give_back(&mut self, cell: &Cell<A>, kind: &CallErrorKind) {
        let closed = cell.mailbox.close_data();
        if self.batch.is_empty() && closed.queued.is_empty() && closed.waiting.is_empty() {
            return;
        }
        failing(kind, || {
            for parcel in self.batch.drain() {
                cell.mailbox.started();
                count(&cell.counters.returned);
                parcel.refuse(kind.clone());
            }
            for parcel in closed.queued {
                count(&cell.counters.returned);
                parcel.refuse(kind.clone());
            }
            // These were never accepted.
            closed.waiting.into_iter().for_each(|parcel| parcel.refuse(kind.clone()));
        });
    }

    /// The end begins: what is left goes back, then the children end.
    fn end(&mut self, cell: &Cell<A>, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Fail(cause) => match cell.judge(self.draining, cause) {
                (cause, Some(after)) => Outcome::Again(Box::new((*cause, after))),
                (cause, None) => Outcome::Fail(cause),
            },
            outcome => outcome,
        };
        let mode = match &outcome {
            Outcome::Again(..) => {
                cell.set_status(ActorStatus::Restarting);
                StopMode::Now
            }
            Outcome::Stop => {
                self.draining = true;
                cell.set_status(ActorStatus::Stopping);
                self.give_back(cell, &CallErrorKind::ActorStopped);
                StopMode::Drain
            }
            Outcome::Fail(cause) => {
                cell.set_status(ActorStatus::Stopping);
                self.give_back(cell, &CallErrorKind::ActorFailed { cause: cause.clone() });
                StopMode::Now
            }
        };
        if self.held.life().is_some_and(|(_, cx)| !cx.has_children()) {
            self.alone(cell, outcome);
            return;
        }
        self.phase = Phase::Parting(outcome);
        let parting = self.held.begin(|slot, _, cx| {
            slot.fill(async move {
                cx.stop_children(mode).await;
                Done::Alone
            })
        });
        if let Err(message) = parting {
            self.done(cell, Err(message));
        }
    }

    /// The children have ended: the last hook runs, after an orderly stop.
    fn alone(&mut self, cell: &Cell<A>, outcome: Outcome) -> Next {
        match outcome {
            Outcome::Again(again) => {
                let (cause, after) = *again;
                self.again(cell, cause, after)
            }
            Outcome::Fail(cause) => self.finish(cell, End::Failed(cell.failure(*cause))),
            Outcome::Stop => self.late(cell, Ending::Alone),
        }
    }

    fn stop_hook(&mut self, cell: &Cell<A>) -> Next {
        self.phase = Phase::Stopping;
        match self.held.begin(|slot, actor, cx| {
            let hook = actor.on_stop(cx);
            slot.fill(async move { Done::Hook(hook.await) })
        }) {
            Ok(()) => Next::Step,
            Err(message) => self.done(cell, Err(message)),
        }
    }

    /// It has ended.
    fn finish(&mut self, cell: &Cell<A>, end: End) -> Next {
        let in_order = self.ending.is_some();
        self.over(cell, end, in_order)
    }

    fn over(&mut self, cell: &Cell<A>, end: End, in_order: bool) -> Next {
        self.phase = Phase::Over;
        (self.draining, self.ending) = (false, None);
        cell.finish(end, in_order);
        drop(self.held.clear());
        (self.behind, self.batch) = (Behind::nothing(), Records::new());
        Next::Rest(Rest::End)
    }

    /// Ends it where it is: the handler that runs is dropped, its messages go back, its children are killed.
    pub(super) fn kill(&mut self, cell: &Cell<A>) {
        let failed = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => return,
            // Killed while its children end, it has still failed by this.
            Phase::Parting(Outcome::Fail(cause)) => Some(*cause),
            Phase::Parting(Outcome::Again(again)) => Some(again.0),
            _ => None,
        };
        let asked = cell.asked_to_stop.load(Ordering::Relaxed);
        let stopping = asked || matches!(cell.status(), ActorStatus::Stopping);
        let kind = if asked {
            CallErrorKind::ActorStopped
        } else {
            CallErrorKind::ActorFailed { cause: Box::new(killed()) }
        };
        let mut cx = None;
        failing(&kind, || cx = self.held.clear());
        self.give_back(cell, &kind);
        if let Some(cx) = cx {
            cx.kill_children();
        }
        let end = match failed {
            Some(cause) => End::Failed(cell.failure(cause)),
            None if stopping => End::Stopped,
            None => End::Failed(cell.failure(killed())),
        };
        self.over(cell, end, false);
    }
}

/// How many of the messages that were ever accepted are not queued any more.
#[cold]
fn begun<A: Actor>(cell: &Cell<A>) -> u64 {
    cell.mailbox.accepted().saturating_sub(cell.mailbox.len() as u64)
}

/// What a control message asks for.
enum Heard<A: Actor> {
    Done,
    Stop,
    Drain,
    /// Something it owns has failed, after so many messages that it had accepted.
    Failure(Box<Failure>, Option<Origin>, u64),
    Event(Box<SupervisionEvent>),
    Message(Parcel<A>),
}

fn control<A: Actor>(cx: &Context<A>, control: Control<A>) -> Heard<A> {
    match control {
        Control::Message(parcel) => Heard::Message(parcel),
        Control::Stop(StopMode::Now) => Heard::Stop,
        Control::Stop(StopMode::Drain) => Heard::Drain,
        Control::Failure(failure, from, after) => Heard::Failure(failure, Some(Origin::Managed(from)), after),
        Control::Event(event) => Heard::Event(event),
        Control::ChildEnded { id, end, after } => {
            let child = cx.forget_child(id.uid);
            match end {
                End::Stopped => Heard::Done,
                End::Failed(failure) => Heard::Failure(failure, child.map(Origin::Child), after),
            }
        }
    }
}

/// Why an actor fails whose hook did not end well.
fn hook_cause(hook: &str, done: Result<Done, String>) -> Cause {
    match done {
        Ok(Done::Hook(Err(fatal))) => {
            Cause::Fatal { handler: hook.to_owned(), message: fatal.message().to_owned() }
        }
        Ok(_) => Cause::Other { message: format!("{hook} did not end") },
        Err(message) => panicked(hook, message),
    }
}

/// Where a message is laid that does not lie yet.
fn lay() -> Room {
    [Word::uninit(); WHOLE]
}

/// What follows from a message that was not simply answered.
#[cold]
fn trouble<A: Actor>(cell: &Cell<A>, handler: &str, ran: Ran) -> Option<Outcome> {
    let handler = handler.to_owned();
    match ran {
        Ran::Answered => None,
        Ran::RefusedUnheard(error) => {
            let count = 1 + cell.counters.refused_unheard.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(actor = %cell.id, %handler, %error, "a handler's error had no caller");
            if SupervisionEvent::tells_of(count) {
                cell.tell_event(SupervisionEventKind::RefusedUnheard { handler, error, count });
            }
            None
        }
        Ran::Fatal(fatal) => Some(fail(Cause::Fatal { handler, message: fatal.message().to_owned() })),
        Ran::Panicked(message) => Some(fail(panicked(&handler, message))),
    }
}
