//! The client: a program as a caller, and the root of what it owns.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::actor::{
    Actor, ActorHandle, Caller, FAILURE, Scope, SpawnEnv, SpawnOptions, Supervisor, default_label,
};
use crate::addr::ChannelAddr;
use crate::call::CallErrorKind;
use crate::config::Config;
use crate::event::EventLog;
use crate::gateway::{Bounced, DoorError, Gateway, Listening, RETURNED};
use crate::ident::{ActorId, Label};
use crate::outbox::{AdmitError, End, Resident, StopMode};
use crate::proc::Proc;
use crate::supervision::{Directive, Failure};
use crate::wire::envelope::{Body, Envelope, Target};

type OnFailure = Box<dyn FnMut(&Failure) -> Directive + Send>;

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
    /// Messages of its own that came back.
    returned: AtomicU64,
}

impl Inner {
    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, failure: Failure) {
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
        if decision != Directive::Handled {
            failures.unhandled.get_or_insert(failure);
        }
        drop(failures);
        self.failed.notify_waiters();
    }
}

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

    /// Decides about the failures of what this client owns. [`Directive::Handled`] goes on; anything else, and the
    /// default, ends the program with the chain of causes printed.
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
        let options = SpawnOptions {
            uid: self.0.proc.outbox().actor_uid(),
            label: label.into(),
            env: SpawnEnv::default(),
            supervisor: self.0.ear.clone(),
        };
        self.0.proc.spawn(actor, options)
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
    fn failed(&self, failure: Failure) {
        match self.client.upgrade() {
            Some(client) => client.failed(failure),
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
            self.failed((**failure).clone());
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
                    self.failed(failure);
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
