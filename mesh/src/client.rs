//! The client: a program as a caller, and the root of what it owns.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mesh_macros::quiet;
use tokio::sync::Notify;

use crate::actor::{
    Actor, ActorHandle, Caller, EVENT, FAILURE, Newborn, Scope, SpawnEnv, SpawnOptions, Supervisor,
    ask_to_remake, default_label, spawn_actor, value_cannot_be_made_anew,
};
use crate::addr::{ActorAddr, ChannelAddr};
use crate::call::CallErrorKind;
use crate::config::Config;
use crate::event::EventLog;
use crate::gateway::{Bounced, DoorError, Gateway, Listening, RETURNED};
use crate::ident::{ActorId, Label, Uid};
use crate::outbox::{AdmitError, End, Resident, StopMode};
use crate::proc::Proc;
use crate::registry::{IntoSpec, RemoteSpawn, SpawnSpecError, newborn};
use crate::supervision::{Directive, Failure, Subject, SupervisionEvent};
use crate::wire::envelope::{Body, Envelope, Target, TraceContext};

type OnFailure = Box<dyn FnMut(&Failure) -> Directive + Send>;
type OnEvent = Box<dyn FnMut(&SupervisionEvent) + Send>;

/// What happened to what it owns, and was no failure.
#[derive(Default)]
struct Events {
    on_event: Option<OnEvent>,
    seen: VecDeque<SupervisionEvent>,
}

/// How many events a client remembers, the latest.
const EVENTS_MAX: usize = 1024;

#[derive(Default)]
struct Failures {
    on_failure: Option<OnFailure>,
    unhandled: Option<Failure>,
    seen: Vec<Failure>,
}

/// How many failures a client remembers.
const SEEN_MAX: usize = 1024;

/// A program as a caller: what `#[mesh::main]` and `#[mesh::test]` hand out. Cloning shares it.
///
/// It owns what is spawned with it. A failure that nobody handles ends the program (`SUP-2`): see
/// [`on_failure`](Client::on_failure).
///
/// ```no_run
/// use mesh::prelude::*;
///
/// #[mesh::main]
/// async fn main(cx: &Client) -> mesh::Result<()> {
///     cx.on_failure(|failure| {
///         eprintln!("went on without it: {failure}");
///         Directive::Handled
///     });
///     let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
///     // …
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    id: ActorId,
    /// Shared by all that it owns.
    ear: Arc<Ear>,
    proc: Proc,
    failures: Mutex<Failures>,
    failed: Notify,
    events: Mutex<Events>,
    told: Notify,
    /// The actors that it has spawned by their spec and can have made anew.
    children: Mutex<BTreeMap<Uid, Weak<dyn Resident>>>,
    /// Messages of its own that came back.
    returned: AtomicU64,
}

impl Inner {
    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, failure: Failure, from: Option<&ActorAddr>) {
        self.proc.outbox().events().note(|| format!("failure at the client: {failure}"));
        // Run outside the lock: it may ask the client for its failures. A panic in it must not reach the task that
        // delivers: it decides nothing.
        let on_failure = self.failures().on_failure.take();
        let (decision, on_failure) = match on_failure {
            Some(mut decide) => {
                let decision = catch_unwind(AssertUnwindSafe(|| decide(&failure)));
                (decision.unwrap_or(Directive::Escalate), Some(decide))
            }
            None => (Directive::Escalate, None),
        };
        let mut failures = self.failures();
        // It may have set another meanwhile.
        failures.on_failure = failures.on_failure.take().or(on_failure);
        if failures.seen.len() < SEEN_MAX {
            failures.seen.push(failure.clone());
        }
        let handled = match decision {
            Directive::Handled => true,
            Directive::Restart => {
                drop(failures);
                let restarts = self.restart(&failure, from);
                failures = self.failures();
                restarts
            }
            _ => false,
        };
        if !handled {
            failures.unhandled.get_or_insert(failure);
        }
        drop(failures);
        self.failed.notify_waiters();
    }

    /// What has failed is made anew; false when it cannot be.
    fn restart(&self, failure: &Failure, from: Option<&ActorAddr>) -> bool {
        match (from, &failure.subject) {
            (Some(agent), _) => ask_to_remake(self.proc.outbox(), &self.id, agent, failure),
            (None, Subject::Actor(id)) => {
                let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
                let child = children.get(&id.uid).and_then(Weak::upgrade);
                drop(children);
                child.is_some_and(Resident::restart)
            }
            (None, Subject::Proc(_)) => false,
        }
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self, event: &SupervisionEvent) {
        let on_event = self.events().on_event.take();
        let on_event = on_event.map(|mut hear| {
            let _ = catch_unwind(AssertUnwindSafe(|| hear(event)));
            hear
        });
        let mut events = self.events();
        events.on_event = events.on_event.take().or(on_event);
        if events.seen.len() == EVENTS_MAX {
            events.seen.pop_front();
        }
        events.seen.push_back(event.clone());
        drop(events);
        self.told.notify_waiters();
    }
}

#[quiet]
impl Client {
    /// A client in `proc`.
    ///
    /// # Errors
    /// [`AdmitError`], when the proc is ending.
    pub fn new(proc: Proc) -> Result<Client, AdmitError> {
        let uid = proc.outbox().entropy().uid();
        let id = ActorId { incarnation: 1, ..ActorId::new(proc.id().clone(), uid, "client".into()) };
        let inner = Arc::new_cyclic(|client| Inner {
            ear: Arc::new(Ear { id: id.clone(), client: client.clone() }),
            id,
            proc,
            failures: Mutex::default(),
            failed: Notify::new(),
            events: Mutex::default(),
            told: Notify::new(),
            children: Mutex::default(),
            returned: AtomicU64::new(0),
        });
        inner.proc.admit(inner.ear.clone())?;
        Ok(Client(inner))
    }

    /// Who it is.
    pub fn id(&self) -> &ActorId {
        &self.0.id
    }

    /// The proc it lives in.
    pub fn proc(&self) -> &Proc {
        &self.0.proc
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        self.0.proc.outbox().config()
    }

    /// The log of what happened, for replay.
    pub fn events(&self) -> &EventLog {
        self.0.proc.outbox().events()
    }

    /// How many messages of its own came back undelivered.
    pub fn returned(&self) -> u64 {
        self.0.returned.load(Ordering::Relaxed)
    }

    fn gateway(&self) -> &Gateway {
        self.0.proc.outbox().gateway()
    }

    /// Decides about the failures of what this client owns. [`Directive::Handled`] goes on, and [`Directive::Restart`] has what
    /// failed made anew, where it can be; anything else, and the default, ends the program with the chain of causes printed.
    ///
    /// `decide` runs where the failure is delivered, so it must not block; failures that come while it runs escalate. Let it
    /// hold no clone of the client, which holds it.
    pub fn on_failure(&self, decide: impl FnMut(&Failure) -> Directive + Send + 'static) {
        self.0.failures().on_failure = Some(Box::new(decide));
    }

    /// The failures so far, handled or not.
    pub fn failures(&self) -> Vec<Failure> {
        self.0.failures().seen.clone()
    }

    /// Resolves when a failure has come that `seen` accepts, past or future.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn failure(&self, mut seen: impl FnMut(&Failure) -> bool) -> Failure {
        loop {
            let notified = self.0.failed.notified();
            if let Some(failure) = self.0.failures().seen.iter().find(|failure| seen(failure)) {
                return failure.clone();
            }
            notified.await;
        }
    }

    /// Hears what happens to what this client owns and is no failure: it was made anew, or refused a message unheard. `hear` runs
    /// where the news is delivered, so it must not block; what comes while it runs is only remembered.
    pub fn on_event(&self, hear: impl FnMut(&SupervisionEvent) + Send + 'static) {
        self.0.events().on_event = Some(Box::new(hear));
    }

    /// What happened so far to what this client owns, the latest 1024 of it.
    pub fn supervision_events(&self) -> Vec<SupervisionEvent> {
        self.0.events().seen.iter().cloned().collect()
    }

    /// Resolves when something has happened that `seen` accepts, past or future.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn supervision_event(
        &self,
        mut seen: impl FnMut(&SupervisionEvent) -> bool,
    ) -> SupervisionEvent {
        loop {
            let notified = self.0.told.notified();
            if let Some(event) = self.0.events().seen.iter().find(|event| seen(event)) {
                return event.clone();
            }
            notified.await;
        }
    }

    /// Resolves when a failure was not handled.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn unhandled_failure(&self) -> Failure {
        loop {
            let notified = self.0.failed.notified();
            if let Some(failure) = self.0.failures().unhandled.clone() {
                return failure;
            }
            notified.await;
        }
    }

    /// The failure that was not handled, if there was one.
    pub(crate) fn unhandled(&self) -> Option<Failure> {
        self.0.failures().unhandled.clone()
    }

    /// The trace that what is sent now belongs to, where spans travel (`MESH_TRACE_SPANS`): that of the `tracing` span
    /// which this thread is in.
    pub fn trace(&self) -> Option<TraceContext> {
        self.0.proc.outbox().trace()
    }

    /// Starts an actor in this process.
    ///
    /// # Panics
    /// When the client is ending; see [`try_spawn`](Client::try_spawn).
    pub fn spawn<A: Actor>(&self, actor: A) -> ActorHandle<A> {
        match self.try_spawn(default_label::<A>(), actor) {
            Ok(handle) => handle,
            Err(error) => panic!("an actor could not be spawned: {error}"),
        }
    }

    /// Starts a named actor in this process.
    ///
    /// # Errors
    /// [`AdmitError`], when the client is ending.
    pub fn try_spawn<A: Actor>(
        &self,
        label: impl Into<Label>,
        actor: A,
    ) -> Result<ActorHandle<A>, AdmitError> {
        value_cannot_be_made_anew::<A>();
        self.spawn_born(Newborn::ready(self.0.proc.outbox(), label.into(), actor))
    }

    /// Starts an actor in this process, from its spec: it can be made anew when it fails (`SUP-4`).
    ///
    /// # Panics
    /// When the client is ending, or a parameter does not encode; see [`try_spawn_spec`](Client::try_spawn_spec).
    pub fn spawn_spec<A: RemoteSpawn>(&self, spec: impl IntoSpec<Actor = A>) -> ActorHandle<A> {
        match self.try_spawn_spec(default_label::<A>(), spec) {
            Ok(handle) => handle,
            Err(error) => panic!("an actor could not be spawned: {error}"),
        }
    }

    /// Starts a named actor in this process, from its spec.
    ///
    /// # Errors
    /// [`SpawnSpecError`], when the client is ending or a parameter does not encode.
    pub fn try_spawn_spec<A: RemoteSpawn>(
        &self,
        label: impl Into<Label>,
        spec: impl IntoSpec<Actor = A>,
    ) -> Result<ActorHandle<A>, SpawnSpecError> {
        let spec = spec.into_spec();
        let handle = self.spawn_born::<A>(newborn(self.0.proc.outbox(), label.into(), &spec)?)?;
        let resident = handle.resident();
        let mut children = self.0.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain(|_, child| child.strong_count() > 0);
        children.insert(resident.id().uid, Arc::downgrade(&resident));
        Ok(handle)
    }

    fn spawn_born<A: Actor>(&self, actor: Newborn<A>) -> Result<ActorHandle<A>, AdmitError> {
        let Newborn { uid, label, birth, ports } = actor;
        let options = SpawnOptions {
            uid,
            label,
            incarnation: 1,
            restart: None,
            env: SpawnEnv::default(),
            ports,
            supervisor: self.0.ear.clone(),
        };
        spawn_actor(self.0.proc.outbox(), birth, options)
    }

    /// Opens this process's front door: other programs can attach to it as a host, and its actors' references can be
    /// used from anywhere that can dial it. Dropping what is returned closes the door; established links stay.
    ///
    /// # Errors
    /// [`DoorError`], naming the address: it is in use, or may not be served.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is open if it does not return.
    pub async fn serve(&self, addr: &ChannelAddr) -> Result<Listening, DoorError> {
        let listening = self.gateway().serve(addr).await?;
        self.gateway().publish_door(listening.addr());
        Ok(listening)
    }
}

#[diagnostic::do_not_recommend]
impl Caller for Client {
    fn scope(&self) -> Scope<'_> {
        Scope {
            outbox: self.0.proc.outbox(),
            sender: &self.0.id,
            deadline: None,
            chain: None,
            is_actor: false,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.0.id)
    }
}

/// Hears for a client: failures of what it owns, and messages that come back.
///
/// It does not keep the client alive: the client's proc holds it.
struct Ear {
    id: ActorId,
    client: Weak<Inner>,
}

impl Ear {
    fn failed(&self, failure: Failure, from: Option<&ActorAddr>) {
        match self.client.upgrade() {
            Some(client) if !client.proc.outbox().is_news(&failure) => {}
            Some(client) => client.failed(failure, from),
            None => tracing::error!(%failure, "a failure came after its client had gone"),
        }
    }
}

impl Supervisor for Ear {
    fn owner(&self) -> Option<ActorId> {
        Some(self.id.clone())
    }

    fn ended(&self, _: &ActorId, end: &End) {
        if let End::Failed(failure) = end {
            self.failed((**failure).clone(), None);
        }
    }

    fn event(&self, event: &SupervisionEvent) {
        if let Some(client) = self.client.upgrade() {
            client.proc.outbox().hears(event);
            client.event(event);
        }
    }
}

impl Resident for Ear {
    fn id(&self) -> &ActorId {
        &self.id
    }

    fn deliver(self: Arc<Self>, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let refuse = |envelope, kind| Err(Box::new(Bounced { envelope, kind }));
        match (&envelope.to.target, &envelope.body) {
            (Target::Handler { handler: FAILURE, .. }, Body::Message(payload)) => match payload.get() {
                Ok(failure) => {
                    let headers = &envelope.headers;
                    let from = ActorAddr { id: headers.sender.clone(), at: headers.sender_at.clone() };
                    self.failed(failure, Some(&from));
                    Ok(())
                }
                Err(error) => refuse(envelope, CallErrorKind::decode(error)),
            },
            (Target::Handler { handler: EVENT, .. }, Body::Message(payload)) => match payload.get() {
                Ok(event) => {
                    Supervisor::event(self.as_ref(), &event);
                    Ok(())
                }
                Err(error) => refuse(envelope, CallErrorKind::decode(error)),
            },
            (Target::Handler { handler: RETURNED, .. }, Body::Returned { to, reason }) => {
                if let Some(client) = self.client.upgrade() {
                    client.returned.fetch_add(1, Ordering::Relaxed);
                }
                tracing::warn!(to = %to.proc, %reason, "a message came back");
                Ok(())
            }
            _ => {
                let reason = "a client has no handlers".to_owned();
                refuse(envelope, CallErrorKind::Undeliverable { reason })
            }
        }
    }

    fn stop(&self, _: StopMode) {}

    fn kill(self: Arc<Self>) {}

    fn ends_with_proc(&self) -> bool {
        true
    }

    /// A client is not waited for: it ends with its program.
    fn end(&self) -> Option<End> {
        Some(End::Stopped)
    }

    fn ended(&self) -> Pin<Box<dyn Future<Output = End> + Send + '_>> {
        Box::pin(std::future::ready(End::Stopped))
    }
}
