//! A failed actor is made anew (`SUP-4`): from its spec, in the same cell, so that its references and its mailbox stay.
//!
//! ```text
//! failure ──policy allows──► children end ──► pause ──► #[new] ──► on_start ──► messages: what was queued, then what came
//!    └──────policy: no─────► as ever: the mailbox is closed, the owner is told ──Directive::Restart──► mailbox opened, #[new] …
//! ```
//!
//! Invariants
//! - `AGAIN-1` an actor that was asked to stop, is killed, or never came up is not made anew by its policy.
//! - `AGAIN-2` the incarnation is raised before anyone hears that it is made anew.
//! - `AGAIN-3` while it pauses, a stop ends it at once, and a drain ends the pause.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task;
use std::time::Duration;

use tokio::time::Sleep;

use super::cell::{ActorStatus, Cell, Control};
use super::parcel::Parcel;
use super::traits::Actor;
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::ActorId;
use crate::mailbox::Records;
use crate::outbox::{End, Helds, Resident, StopMode};
use crate::supervision::{
    Cause, RestartHistory, RestartPolicy, Subject, SupervisionEvent, SupervisionEventKind as EventKind,
};
use crate::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, lock};

/// An actor that is being made.
pub type Making<A> = Pin<Box<dyn Future<Output = Result<A, String>> + Send>>;

/// Makes an actor, as often as it is asked to.
pub type Make<A> = Box<dyn Fn() -> Making<A> + Send + Sync>;

/// What an actor that can be made anew has beside others.
pub(super) struct Again<A> {
    make: Make<A>,
    policy: Option<RestartPolicy>,
    /// The ports that its parameters refer to: each of its lives has them.
    ports: Option<Helds>,
    history: Mutex<RestartHistory>,
    /// It pauses: a control message wakes it, as nothing else of its mailbox does.
    pauses: AtomicBool,
    /// Its owner has asked for it after its end.
    revived: AtomicBool,
    /// How often it was made anew.
    times: AtomicU32,
}

/// What a pause comes to.
pub(super) enum Pause {
    /// It goes on.
    Goes,
    /// It is over.
    Over,
    /// The actor is to end.
    Stop,
}

impl<A: Actor> Again<A> {
    pub(super) fn new(make: Make<A>, policy: Option<RestartPolicy>, ports: Option<Helds>) -> Again<A> {
        let history = Mutex::default();
        let (pauses, revived) = (AtomicBool::new(false), AtomicBool::new(false));
        Again { make, policy, ports, history, pauses, revived, times: AtomicU32::new(0) }
    }

    /// It has ended, and with it lets go of the ports that it was made with.
    pub(super) fn ended(&self, kind: &CallErrorKind) {
        self.ports.iter().flat_map(|ports| ports.iter()).for_each(|held| held.let_go(kind.clone()));
    }

    /// Whether a control message, which is in the mailbox already, is to wake it: it is in the mailbox either before it is
    /// looked for, or after this was set (the mailbox's lock is between).
    pub(super) fn pauses(&self) -> bool {
        self.pauses.load(Ordering::Acquire)
    }
}

impl<A: Actor> Cell<A> {
    /// Which life of it this is.
    pub(crate) fn incarnation(&self) -> u32 {
        self.incarnation.load(Ordering::Relaxed)
    }

    /// Who it is in this life.
    pub(crate) fn identity(&self) -> ActorId {
        ActorId { incarnation: self.incarnation(), ..self.id.clone() }
    }

    /// Who it is now, without a copy in its first life.
    pub(super) fn who(&self) -> Cow<'_, ActorId> {
        if self.incarnation() == self.id.incarnation {
            return Cow::Borrowed(&self.id);
        }
        Cow::Owned(self.identity())
    }

    /// How often it was made anew.
    pub(crate) fn restarts(&self) -> u32 {
        self.again.as_ref().map_or(0, |again| again.times.load(Ordering::Relaxed))
    }

    /// Whether it is made anew after a failure, and after which pause; if it was too often, the cause says so.
    pub(super) fn judge(&self, draining: bool, cause: Box<Cause>) -> (Box<Cause>, Option<Duration>) {
        let Some(again) = &self.again else { return (cause, None) };
        let Some(policy) = again.policy else { return (cause, None) };
        let asked = draining || self.asked_to_stop.load(Ordering::Relaxed);
        if asked || self.status() == ActorStatus::Initializing {
            return (cause, None); // AGAIN-1
        }
        let mut history = lock(&again.history);
        match history.failed(policy, clock::now(), &cause) {
            Some(after) => (cause, Some(after)),
            None => (Box::new(history.give_up(policy, *cause)), None),
        }
    }

    /// Its next life begins: everyone who is to know is told.
    pub(super) fn begin_anew(&self, cause: Cause, after: Duration) {
        self.incarnation.fetch_add(1, Ordering::Relaxed);
        if let Some(again) = &self.again {
            again.times.fetch_add(1, Ordering::Relaxed);
        }
        self.set_status(ActorStatus::Restarting);
        self.ended.notify_waiters();
        let incarnation = self.incarnation();
        self.outbox.events().note(|| format!("anew {} for life {incarnation}: {cause}", self.id));
        self.tell_event(EventKind::Restarted { incarnation, cause, after });
    }

    /// Tells the owner of something that is no failure.
    pub(super) fn tell_event(&self, kind: EventKind) {
        let mesh = self.env.mesh().cloned();
        let ranks = mesh.as_ref().map(|_| vec![self.env.rank_u32()]).unwrap_or_default();
        let subject = Subject::Actor(self.identity());
        self.supervisor.event(&SupervisionEvent { subject, mesh, ranks, kind });
    }

    /// The pause before it is made.
    pub(super) fn pause(&self, after: Duration) -> Pin<Box<Sleep>> {
        let _timer = self.outbox.runtime().enter();
        Box::pin(tokio::time::sleep(after))
    }

    /// Pauses, and hears what may not wait (`AGAIN-3`).
    pub(super) fn pauses(
        self: &Arc<Self>,
        pause: &mut Pin<Box<Sleep>>,
        draining: &mut bool,
        batch: &mut Records<Parcel<A>>,
    ) -> Pause {
        let Some(again) = &self.again else { return Pause::Over };
        again.pauses.store(true, Ordering::Release);
        let paused = self.hears(pause, draining, batch);
        if !matches!(paused, Pause::Goes) {
            again.pauses.store(false, Ordering::Release);
        }
        paused
    }

    fn hears(
        self: &Arc<Self>,
        pause: &mut Pin<Box<Sleep>>,
        draining: &mut bool,
        batch: &mut Records<Parcel<A>>,
    ) -> Pause {
        let waker = self.waker_ref();
        let over = pause.as_mut().poll(&mut task::Context::from_waker(&waker)).is_ready();
        while let Some(control) = self.mailbox.take_control() {
            match control {
                Control::Stop(StopMode::Now) => return Pause::Stop,
                Control::Stop(StopMode::Drain) => {
                    if !std::mem::replace(draining, true) {
                        self.mailbox.close_admitting(batch);
                    }
                    return Pause::Over;
                }
                // The agents' business; nobody is there to take it.
                Control::Message(parcel) => parcel.refuse(CallErrorKind::ActorStopped),
                // Of what the life before has owned, and what went with it.
                Control::ChildEnded { .. } | Control::Failure(..) | Control::Event(_) => {}
            }
        }
        if over { Pause::Over } else { Pause::Goes }
    }

    /// What makes it.
    pub(super) fn making(&self) -> Option<Making<A>> {
        self.again.as_ref().map(|again| (again.make)())
    }

    /// Its owner wants it again after its end; false when it cannot be made.
    pub(super) fn revive(self: Arc<Self>) -> bool {
        let Some(again) = &self.again else { return false };
        lock(&again.history).clone_from(&RestartHistory::default());
        self.killed.store(false, Ordering::SeqCst);
        self.asked_to_stop.store(false, Ordering::Relaxed);
        again.revived.store(true, Ordering::Release);
        self.queue_if(self.mailbox.revive());
        true
    }

    /// After its end: whether it is to live again. Then it is reachable, and its mailbox takes messages.
    pub(super) fn reopen(self: &Arc<Self>) -> bool {
        let Some(again) = &self.again else { return false };
        if !again.revived.swap(false, Ordering::Acquire) {
            return false;
        }
        let cause = match self.end() {
            Some(End::Failed(failure)) => failure.cause,
            _ => Cause::Other { message: "it had ended".to_owned() },
        };
        let admitted = match self.outbox.residents() {
            Some(residents) => residents.admit(self.clone()).map_err(|error| error.to_string()),
            None => Err("its proc is gone".to_owned()),
        };
        if let Err(message) = admitted {
            self.supervisor.ended(&self.who(), &End::Failed(self.failure(Cause::Spawn { message })));
            return false;
        }
        self.mailbox.reopen();
        self.begin_anew(cause, Duration::ZERO);
        true
    }
}
