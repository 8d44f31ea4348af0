//! What an actor is to everyone but itself: identity, mailbox, status.

mod receive;

use std::future::Future;
use std::num::NonZeroU8;
use std::pin::Pin;

use tokio::sync::Notify;

use super::owned::Owned;
use super::parcel::Parcel;
use super::restart::Again;
use super::spawn::{SpawnEnv, Supervisor};
use super::traits::Actor;
use crate::activity::Activity;
use crate::addr::ActorAddr;
use crate::call::{CallErrorKind, Callee};
use crate::config;
use crate::gateway::Bounced;
use crate::ident::ActorId;
use crate::inspect::ActorReport;
use crate::mailbox::{Accepted, Entered, Mailbox, Pack, Places, Refusal, Urgent, WaitCell, Waiting};
use crate::outbox::{End, Outbox, Resident, StopMode, failing};
use crate::supervision::{Cause, Failure, Subject, SupervisionEvent};
use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Ordering, Spin, Weak};
use crate::wire::envelope::Envelope;
use crate::wire::heads::Told;

/// What comes on the control lane.
pub enum Control<A: Actor> {
    /// It is to stop.
    Stop(StopMode),
    /// A child has ended.
    ChildEnded {
        /// Which.
        id: ActorId,
        /// How.
        end: End,
        /// How many messages this actor had accepted then (`ACTOR-6`).
        after: u64,
    },
    /// Something it owns has failed; who manages that, and can make it anew; how many messages this actor had accepted then.
    Failure(Box<Failure>, ActorAddr, u64),
    /// Something happened to what it owns.
    Event(Box<SupervisionEvent>),
    /// A message that must not stand behind data.
    Message(Parcel<A>),
}

/// A stop is the one that nearly every actor gets: nothing is allocated for it.
impl<A: Actor> Urgent for Control<A> {
    fn signal(&self) -> Option<NonZeroU8> {
        match self {
            Control::Stop(StopMode::Now) => Some(NonZeroU8::MIN),
            Control::Stop(StopMode::Drain) => Some(NonZeroU8::MAX),
            _ => None,
        }
    }

    fn of_signal(signal: NonZeroU8) -> Control<A> {
        Control::Stop(if signal == NonZeroU8::MIN { StopMode::Now } else { StopMode::Drain })
    }
}

/// Where an actor is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActorStatus {
    /// It is being constructed, or `on_start` runs.
    Initializing,
    /// It waits for messages, or handles one.
    Running,
    /// It has failed, and is made anew.
    Restarting,
    /// It handles no new messages.
    Stopping,
    /// It has ended.
    Ended(End),
}

/// Counts of an actor: accepted = handled + returned + expired + dropped + queued (`DEL-5`).
#[derive(Debug, Default)]
pub struct ActorCounters {
    /// Messages whose handler was started.
    pub handled: AtomicU64,
    /// Messages given back because the actor ended.
    pub returned: AtomicU64,
    /// Messages whose time was over before they were started.
    pub expired: AtomicU64,
    /// Messages dropped by `drop_oldest`.
    pub dropped: AtomicU64,
    /// Messages of its own that came back.
    pub undelivered: AtomicU64,
    /// Handlers' errors that no caller heard.
    pub refused_unheard: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// An actor, as others see it.
pub struct Cell<A: Actor> {
    pub(super) id: ActorId,
    pub(super) mailbox: Mailbox<Parcel<A>, Control<A>>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) supervisor: Arc<dyn Supervisor>,
    pub(super) env: SpawnEnv,
    pub(super) counters: ActorCounters,
    /// What it does, for those who look from outside.
    pub(super) activity: Activity,
    /// A kill is then the end of a stop that took too long, and no failure.
    pub(super) asked_to_stop: AtomicBool,
    pub(super) killed: AtomicBool,
    /// Which life this is: that in `id` is the first.
    pub(super) incarnation: AtomicU32,
    /// For one that can be made anew.
    pub(super) again: Option<Box<Again<A>>>,
    status: Spin<ActorStatus>,
    pub(super) ended: Notify,
    /// Itself, to be queued.
    me: Weak<Cell<A>>,
    /// Of who runs it (`MAIL-4`), and nobody else.
    pub(super) body: Owned<super::step::Body<A>>,
}

impl<A: Actor> Cell<A> {
    pub(super) fn new(
        id: ActorId,
        outbox: Arc<Outbox>,
        supervisor: Arc<dyn Supervisor>,
        env: SpawnEnv,
        again: Option<Box<Again<A>>>,
    ) -> Arc<Cell<A>> {
        let wanted = A::mailbox();
        let capacity = wanted.capacity.unwrap_or(outbox.config().get(config::MAILBOX_CAPACITY));
        let mailbox = Mailbox::new(capacity, outbox.config().get(config::MAILBOX_WAITERS_MAX), wanted.full);
        Arc::new_cyclic(|me| Cell {
            incarnation: AtomicU32::new(id.incarnation),
            again,
            id,
            mailbox,
            outbox,
            supervisor,
            env,
            counters: ActorCounters::default(),
            activity: Activity::default(),
            asked_to_stop: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            status: Spin::new(ActorStatus::Initializing),
            ended: Notify::new(),
            me: me.clone(),
            body: Owned::new(super::step::Body::new()),
        })
    }

    /// Puts it into a worker's queue, if the mailbox asks for that.
    pub(super) fn queue_if(&self, asked: bool) {
        if asked {
            self.queue();
        }
    }

    fn queue(&self) {
        let Some(me) = self.me.upgrade() else { return };
        if self.mailbox.accepted() <= 1 {
            // It runs for the first time.
            self.outbox.workers().push_born(me);
        } else {
            self.outbox.workers().push(me);
        }
    }

    /// It has something to do, whatever it waits for.
    pub(super) fn notify(&self) {
        self.queue_if(self.mailbox.notify());
    }

    /// Puts a control message in.
    ///
    /// # Errors
    /// The message, when the actor has ended.
    fn push_control(&self, control: Control<A>) -> Result<(), Control<A>> {
        self.queue_if(self.mailbox.push_control(control)?);
        if self.again.as_ref().is_some_and(|again| again.pauses()) {
            self.notify();
        }
        Ok(())
    }

    /// The sending side of its proc.
    pub(crate) fn sending(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Where it is in its life.
    pub fn status(&self) -> ActorStatus {
        self.status.lock().clone()
    }

    pub(super) fn set_status(&self, status: ActorStatus) {
        let before = std::mem::replace(&mut *self.status.lock(), status);
        drop(before);
    }

    /// Its address.
    pub fn addr(&self) -> ActorAddr {
        ActorAddr { id: ActorId { incarnation: 0, ..self.id.clone() }, at: self.outbox.gateway().location() }
    }

    /// What it has counted.
    pub fn counters(&self) -> &ActorCounters {
        &self.counters
    }

    /// How many messages its mailbox has accepted, ever.
    pub fn accepted(&self) -> u64 {
        self.mailbox.accepted()
    }

    /// How many messages wait to be started.
    pub fn queued(&self) -> usize {
        self.mailbox.len()
    }

    /// As an error names it.
    pub(crate) fn callee(&self, handler: &str) -> Callee {
        Callee { actor: self.id.clone(), handler: Some(handler.to_owned()), rank: None }
    }

    /// Why it takes nothing just now.
    pub(crate) fn full(&self) -> CallErrorKind {
        CallErrorKind::MailboxFull { capacity: self.mailbox.capacity() as u64 }
    }

    /// Why it takes nothing any more.
    pub(crate) fn gone(&self) -> CallErrorKind {
        match &*self.status.lock() {
            ActorStatus::Ended(end) => end.call_error(),
            _ => CallErrorKind::ActorStopped,
        }
    }

    /// Puts a message in if that is simple; else it comes back, refused or not.
    #[inline]
    pub(crate) fn push_now<P: Pack<Parcel<A>>>(&self, parcel: P) -> Result<(), P> {
        if self.mailbox.push_now(parcel)? {
            self.queue();
        }
        Ok(())
    }

    /// Puts a message in without waiting.
    #[inline]
    pub(crate) fn push<P: Pack<Parcel<A>>>(&self, parcel: P) -> Result<(), Box<(CallErrorKind, P)>> {
        self.push_now(parcel).or_else(|parcel| self.push_slow(parcel))
    }

    #[cold]
    fn push_slow<P: Pack<Parcel<A>>>(&self, parcel: P) -> Result<(), Box<(CallErrorKind, P)>> {
        match self.mailbox.push(parcel) {
            Ok(accepted) => {
                self.accepted_one(accepted);
                Ok(())
            }
            Err(refusal) => Err(Box::new(self.refused(refusal))),
        }
    }

    /// Puts a message in, or in the queue of those who wait for a place; `None` when it is accepted.
    #[expect(clippy::type_complexity, reason = "a place in a mailbox names what is in it")]
    #[inline]
    pub(crate) fn push_or_wait<P: Pack<Parcel<A>>>(
        self: &Arc<Self>,
        parcel: P,
    ) -> Result<Option<Box<Waiting<Parcel<A>>>>, Box<(CallErrorKind, P)>> {
        match self.push_now(parcel) {
            Ok(()) => Ok(None),
            Err(parcel) => self.push_or_wait_slow(parcel),
        }
    }

    #[expect(clippy::type_complexity, reason = "as above")]
    #[cold]
    fn push_or_wait_slow<P: Pack<Parcel<A>>>(
        self: &Arc<Self>,
        parcel: P,
    ) -> Result<Option<Box<Waiting<Parcel<A>>>>, Box<(CallErrorKind, P)>> {
        match self.mailbox.push_or_wait(parcel, || self.clone()) {
            Ok(Entered::Accepted(accepted)) => {
                self.accepted_one(accepted);
                Ok(None)
            }
            Ok(Entered::Waiting(waiting, queue)) => {
                self.queue_if(queue);
                Ok(Some(Box::new(waiting)))
            }
            Err(refusal) => Err(Box::new(self.refused(refusal))),
        }
    }

    fn accepted_one(&self, accepted: Accepted<Parcel<A>>) {
        self.queue_if(accepted.queue);
        if let Some(displaced) = accepted.displaced {
            count(&self.counters.dropped);
            displaced.refuse(self.full());
        }
    }

    #[cold]
    fn refused<P>(&self, refusal: Refusal<P>) -> (CallErrorKind, P) {
        match refusal {
            Refusal::Full(parcel) => (self.full(), parcel),
            Refusal::Closed(parcel) => (self.gone(), parcel),
        }
    }

    /// The end, in the order of `ACTOR-3`. One that stops in order and leaves a failure unheard has failed by it (`SUP-2`).
    pub(super) fn finish(&self, end: End, in_order: bool) {
        let closed = self.mailbox.close();
        let mut unheard = closed.control.into_iter().filter_map(|control| match control {
            Control::Failure(failure, ..) | Control::ChildEnded { end: End::Failed(failure), .. } => {
                Some(failure)
            }
            // One with a caller tells it as it is dropped.
            _ => None,
        });
        let end = match unheard.next() {
            Some(failure) if in_order && end == End::Stopped => {
                End::Failed(self.failure(Cause::Child { failure }))
            }
            _ => end,
        };
        drop(unheard);
        let kind = end.call_error();
        if !(closed.queued.is_empty() && closed.waiting.is_empty()) {
            failing(&kind, || {
                for parcel in closed.queued {
                    count(&self.counters.returned);
                    parcel.refuse(kind.clone());
                }
                closed.waiting.into_iter().for_each(|parcel| parcel.refuse(kind.clone()));
            });
        }
        self.outbox.events().note(|| format!("end {} {}", self.id, kind));
        if let Some(again) = &self.again {
            again.ended(&kind);
        }
        self.supervisor.ended(&self.who(), &end);
        if let Some(residents) = self.outbox.residents() {
            residents.release(self.id.uid, &end);
        }
        self.set_status(ActorStatus::Ended(end));
        self.ended.notify_waiters();
    }

    /// Waits until there is something to see of the end of a life.
    async fn until<R>(&self, look: impl Fn() -> Option<R>) -> R {
        loop {
            let notified = self.ended.notified();
            if let Some(seen) = look() {
                return seen;
            }
            notified.await;
        }
    }

    /// The failure of this actor.
    pub(super) fn failure(&self, cause: Cause) -> Box<Failure> {
        Box::new(Failure {
            subject: Subject::Actor(self.identity()),
            mesh: self.env.mesh().cloned(),
            ranks: self.env.mesh().map(|_| vec![self.env.rank_u32()]).unwrap_or_default(),
            cause,
        })
    }

    /// Who it is.
    pub(crate) fn id(&self) -> &ActorId {
        &self.id
    }

    /// Puts a message on the control lane; an actor that has ended does not need it.
    pub(crate) fn push_control_message(&self, parcel: Parcel<A>) {
        if let Err(Control::Message(parcel)) = self.push_control(Control::Message(parcel)) {
            parcel.refuse(self.gone());
        }
    }
}

impl<A: Actor> Places<Parcel<A>> for Cell<A> {
    fn withdraw(&self, place: &Arc<WaitCell<Parcel<A>>>) -> Option<Parcel<A>> {
        let (parcel, queue) = self.mailbox.withdraw(place);
        self.queue_if(queue);
        parcel
    }
}

/// It hears of its children.
impl<A: Actor> Supervisor for Cell<A> {
    fn owner(&self) -> Option<ActorId> {
        Some(self.id.clone())
    }

    fn event(&self, event: &SupervisionEvent) {
        let _ = self.push_control(Control::Event(Box::new(event.clone())));
    }

    fn ended(&self, id: &ActorId, end: &End) {
        // A closed mailbox means that it is ending and waits for the child itself.
        let (id, end, after) = (id.clone(), end.clone(), self.mailbox.accepted());
        let _ = self.push_control(Control::ChildEnded { id, end, after });
    }
}

impl<A: Actor> Resident for Cell<A> {
    fn id(&self) -> &ActorId {
        &self.id
    }

    fn deliver(self: Arc<Self>, envelope: Envelope) -> Result<(), Box<Bounced>> {
        self.receive(envelope)
    }

    fn told(self: Arc<Self>, told: &[Told<'_>]) -> usize {
        self.hear(told)
    }

    fn stop(&self, mode: StopMode) {
        self.asked_to_stop.store(true, Ordering::Relaxed);
        // Closed means that it is ending already.
        let _ = self.push_control(Control::Stop(mode));
    }

    fn kill(self: Arc<Self>) {
        self.killed.store(true, Ordering::SeqCst);
        self.notify();
    }

    fn restart(self: Arc<Self>) -> bool {
        self.revive()
    }

    fn outbox(&self) -> Option<&Outbox> {
        Some(&self.outbox)
    }

    fn run_for_caller(self: Arc<Self>) -> bool {
        Cell::run_for_caller(self)
    }

    fn inspect(&self) -> ActorReport {
        super::look::report(self)
    }

    fn end(&self) -> Option<End> {
        match &*self.status.lock() {
            ActorStatus::Ended(end) => Some(end.clone()),
            _ => None,
        }
    }

    fn life_over(&self, incarnation: u32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let is_over = move || self.incarnation() > incarnation || self.end().is_some();
        Box::pin(self.until(move || is_over().then_some(())))
    }

    fn ended(&self) -> Pin<Box<dyn Future<Output = End> + Send + '_>> {
        Box::pin(self.until(|| self.end()))
    }
}
