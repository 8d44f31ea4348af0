//! The sending side of a proc: its address, its ports, its gateway, and what every sender in it shares.

mod heard;
mod held;
mod lending;
mod trace;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use heard::Heard;
pub(crate) use heard::HearsOnce;
pub(crate) use held::failing;
pub use held::{Held, Helds};
pub(crate) use lending::{Lending, went_nowhere};
use serde::de::DeserializeOwned;
pub(crate) use trace::{InTrace, Traced};

use crate::activity::CallOf;
use crate::addr::{PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::clock::{Coarse, Deadlines, Entropy, Wait, Watched};
use crate::config::{self, Config};
use crate::event::EventLog;
use crate::gateway::{Bounced, Gateway};
use crate::ident::{ActorId, ProcId, Uid};
use crate::inspect::ActorReport;
use crate::port::{
    AccumulatingPort, Accumulator, Fold, NewPort, OncePort, Port, PortGuard, PortSink, PortTable,
    PortsExhausted,
};
use crate::reduce::Reducer;
use crate::supervision::{Failure, SupervisionEvent};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Headers, Lane, Lent};
use crate::wire::heads::Told;
use crate::worker::Workers;

/// The sending side of a proc.
pub struct Outbox {
    id: ProcId,
    gateway: Gateway,
    ports: Arc<PortTable>,
    config: Config,
    entropy: Entropy,
    next_uid: AtomicU64,
    events: EventLog,
    residents: OnceLock<Weak<dyn Residents>>,
    deadlines: Deadlines,
    coarse: Coarse,
    heard: Arc<Heard>,
    /// Whether spans travel.
    traces: bool,
    workers: Arc<Workers>,
}

/// The actors of a proc, as those who make and reach them see it: the proc implements it.
pub trait Residents: Send + Sync {
    /// Makes an actor reachable.
    ///
    /// # Errors
    /// [`AdmitError`], when the proc is ending or the identity is taken.
    fn admit(&self, actor: Arc<dyn Resident>) -> Result<(), AdmitError>;
    /// Makes an actor unreachable; how it ended is remembered for a while, for those who still call it.
    fn release(&self, uid: Uid, end: &End);
    /// Why an actor that is not here is not; `None` for one that is.
    fn why_gone(&self, uid: Uid) -> Option<CallErrorKind>;
    /// The first actor whose identity is the one that is meant.
    fn find(&self, is: &dyn Fn(&ActorId) -> bool) -> Option<Arc<dyn Resident>>;
    /// The name of an actor type that can be spawned in this binary.
    fn registered_name(&self, type_id: u64) -> Option<String>;
    /// How many actor types can be.
    fn registered(&self) -> usize;
}

/// Why an actor could not be admitted to its proc.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// The proc is ending.
    #[error("proc {proc} is ending")]
    Ending {
        /// The proc.
        proc: ProcId,
    },
    /// There is an actor of this identity already.
    #[error("there is an actor {id} already")]
    Taken {
        /// The identity.
        id: ActorId,
    },
}

/// An actor, whatever its type, as its proc sees it.
pub trait Resident: Send + Sync {
    /// Who.
    fn id(&self) -> &ActorId;
    /// Takes an envelope. Must not block.
    ///
    /// # Errors
    /// The envelope, and why it is refused.
    fn deliver(self: Arc<Self>, envelope: Envelope) -> Result<(), Box<Bounced>>;
    /// Takes messages, all for one handler; as [`LocalProc::told`](crate::gateway::LocalProc::told).
    fn told(self: Arc<Self>, told: &[Told<'_>]) -> usize {
        let _ = told;
        0
    }
    /// Asks it to stop.
    fn stop(&self, mode: StopMode);
    /// Ends it now, at its next await.
    fn kill(self: Arc<Self>);
    /// Makes it anew after its end, under the same identity; false when it cannot be.
    fn restart(self: Arc<Self>) -> bool {
        false
    }
    /// The sending side of its proc, where the deadlines of calls to it are watched; `None` if it takes no calls.
    fn outbox(&self) -> Option<&Outbox> {
        None
    }
    /// Runs it in the turn of the task that is polled here and waits for its reply, if it is about to run anyway.
    /// Whether it did.
    fn run_for_caller(self: Arc<Self>) -> bool {
        false
    }
    /// What is seen of it without asking it.
    fn inspect(&self) -> ActorReport {
        ActorReport::of(self.id().clone())
    }
    /// Whether it ends only with its proc, whatever [`end`](Resident::end) says: a client.
    fn ends_with_proc(&self) -> bool {
        false
    }
    /// How it ended, once it has.
    fn end(&self) -> Option<End>;
    /// Resolves when this life of it is over: it has ended, or is made anew.
    fn life_over(&self, incarnation: u32) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let _ = incarnation;
        Box::pin(async {
            self.ended().await;
        })
    }
    /// Resolves when it has ended.
    fn ended(&self) -> std::pin::Pin<Box<dyn Future<Output = End> + Send + '_>>;
}

/// How an actor is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// What is queued is handled first; nothing new is taken.
    Drain,
    /// What is queued goes back to its senders.
    Now,
}

/// How an actor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was stopped.
    Stopped,
    /// It failed.
    Failed(Box<Failure>),
}

impl End {
    /// What those hear who wait for something of it.
    pub fn call_error(&self) -> CallErrorKind {
        match self {
            End::Stopped => CallErrorKind::ActorStopped,
            End::Failed(failure) => CallErrorKind::ActorFailed { cause: Box::new(failure.cause.clone()) },
        }
    }
}

impl Outbox {
    /// The outbox of a proc.
    pub fn new(
        id: ProcId,
        gateway: Gateway,
        config: Config,
        entropy: Entropy,
        events: EventLog,
        workers: Arc<Workers>,
    ) -> Outbox {
        Outbox {
            id,
            gateway,
            ports: Arc::new(PortTable::new(config.get(config::PORTS_MAX))),
            traces: config.get(config::TRACE_SPANS),
            config,
            next_uid: AtomicU64::new(entropy.next_u64()),
            entropy,
            events,
            residents: OnceLock::new(),
            deadlines: Deadlines::default(),
            coarse: Coarse::of(workers.runtime()),
            heard: Arc::default(),
            workers,
        }
    }

    /// Names the proc's table of actors; once.
    pub fn set_residents(&self, residents: Weak<dyn Residents>) {
        let _ = self.residents.set(residents);
    }

    /// The proc's table of actors; `None` when the proc is gone.
    pub fn residents(&self) -> Option<Arc<dyn Residents>> {
        self.residents.get()?.upgrade()
    }

    /// Ends a wait at its deadline, if it is still open then.
    pub fn watch(&self, at: tokio::time::Instant, wait: Arc<dyn Wait>) -> Watched {
        self.deadlines.watch(|| Some(self.runtime().clone()), at, wait)
    }

    /// The calls to actors of this process that wait for their reply, and for how long.
    pub fn local_calls(&self) -> Vec<(CallOf, std::time::Duration)> {
        self.deadlines.calls()
    }

    /// A wait is over.
    pub fn forget(&self, watched: Watched) {
        self.deadlines.forget(watched);
    }

    /// The time, for deadlines.
    pub fn coarse(&self) -> &Coarse {
        &self.coarse
    }

    /// Whether a failure that comes to an owner here is news to it.
    pub(crate) fn is_news(&self, failure: &Failure) -> bool {
        self.heard.is_news(failure)
    }

    /// An owner here hears of something that is no failure: of a proc that comes back the next failure is news.
    pub(crate) fn hears(&self, event: &SupervisionEvent) {
        self.heard.forget(event);
    }

    /// Has owners here hear of the failure of each proc of `mesh` once, whoever tells of it, until what is given is dropped;
    /// `returns` is called with the rank of each that comes back.
    pub(crate) fn hears_once(&self, mesh: Uid, returns: Arc<dyn Fn(u32) + Send + Sync>) -> HearsOnce {
        HearsOnce::of(&self.heard, mesh, returns)
    }

    /// The workers that run its actors.
    pub fn workers(&self) -> &Arc<Workers> {
        &self.workers
    }

    /// The runtime of its actors.
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        self.workers.runtime()
    }

    /// The proc.
    pub fn proc(&self) -> &ProcId {
        &self.id
    }

    /// The proc, and where it is reached.
    pub fn addr(&self) -> ProcAddr {
        ProcAddr { id: self.id.clone(), at: self.gateway.location() }
    }

    /// The gateway it sends through.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The open ports.
    pub fn ports(&self) -> &Arc<PortTable> {
        &self.ports
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The seeded randomness.
    pub fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// The identity of the next actor that is made here: one after the other from a random beginning, so that actors
    /// which are made together lie together in the tables that know them.
    pub fn actor_uid(&self) -> Uid {
        match self.next_uid.fetch_add(1, Ordering::Relaxed) {
            0 => self.actor_uid(),
            uid => Uid(uid),
        }
    }

    /// The event log.
    pub fn events(&self) -> &EventLog {
        &self.events
    }

    /// Headers of a message from `sender`.
    pub fn headers(&self, sender: &ActorId, lane: Lane) -> Headers {
        Headers::of(sender.clone(), self.gateway.location(), lane)
    }

    /// Posts an item to a port, anywhere, with the ports whose references it carries.
    ///
    /// # Errors
    /// Why it cannot go; what goes wrong later is returned to the sender as an undeliverable message.
    pub fn post_item(
        &self,
        sender: &ActorId,
        to: Destination,
        lane: Lane,
        (item, lent): (Payload, Option<Arc<[Lent]>>),
    ) -> Result<(), CallErrorKind> {
        let headers = Headers { lent, ..self.headers(sender, lane) };
        let envelope = Envelope { to, headers, body: Body::Message(item) };
        self.gateway.post(envelope).map_err(|bounced| bounced.kind)
    }

    pub(crate) fn open_sink(&self, sink: Arc<dyn PortSink>) -> Result<(PortAddr, PortGuard), PortsExhausted> {
        let port = self.ports.open(sink)?;
        Ok((PortAddr { proc: self.addr(), port }, PortGuard::new(self.ports.clone(), port)))
    }

    /// Opens a port for many items.
    pub(crate) fn open_port<T: DeserializeOwned + 'static>(
        &self,
        owner: Uid,
    ) -> Result<(PortAddr, Port<T>), PortsExhausted> {
        self.enter(NewPort::of_many(owner, self.config.get(config::MAILBOX_CAPACITY)))
    }

    /// Opens a port for one item.
    pub(crate) fn open_once_port<T: DeserializeOwned + 'static>(
        &self,
        owner: Uid,
    ) -> Result<(PortAddr, OncePort<T>), PortsExhausted> {
        let (addr, port) = self.enter(NewPort::of_one(owner))?;
        Ok((addr, port.into_once()))
    }

    /// Opens a port whose items are merged by a reducer.
    pub(crate) fn open_accumulating_port<T: DeserializeOwned + Send + 'static>(
        &self,
        owner: Uid,
        reducer: Box<dyn Reducer<T>>,
        every: Duration,
    ) -> Result<(PortAddr, AccumulatingPort<T>), PortsExhausted> {
        let (inlet, port) = AccumulatingPort::new(owner, reducer, every);
        let (addr, guard) = self.open_sink(inlet)?;
        let port = port.entered(&addr, guard);
        Ok((addr, port))
    }

    fn enter<T>(&self, port: NewPort) -> Result<(PortAddr, Port<T>), PortsExhausted> {
        let (addr, guard) = self.open_sink(port.inlet().clone())?;
        let port = port.entered(&addr, guard);
        Ok((addr, port))
    }

    /// Opens a port whose items are folded into a state.
    pub(crate) fn open_accumulator<S: Send + 'static, U: DeserializeOwned + 'static>(
        &self,
        initial: S,
        fold: Fold<S, U>,
    ) -> Result<(PortAddr, Accumulator<S>), PortsExhausted> {
        let (sink, accumulator) = Accumulator::new(initial, fold);
        let (addr, guard) = self.open_sink(sink)?;
        Ok((addr, accumulator.guarded(guard)))
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("proc", &self.id).finish_non_exhaustive()
    }
}
