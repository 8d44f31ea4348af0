//! One actor runtime: its actors, its ports, and how it ends.
//!
//! Invariants
//! - `PROC-A` an actor is reachable from its admission to its end, and not after.
//! - `PROC-B` an ending proc admits nobody, and waits for its actors within a bound; then it kills them.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::runtime::Handle;

use crate::activity;
use crate::actor::{Actor, ActorHandle, Birth, SpawnOptions, spawn_actor};
use crate::addr::{ActorAddr, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::clock::{self, Entropy};
use crate::config::Config;
use crate::event::EventLog;
use crate::gateway::{Bounced, Gateway, LocalProc};
use crate::ident::{ActorId, ProcId, Uid, UidMap};
use crate::inspect::{ACTORS_MAX, ProcReport, Waiting, thread_key};
use crate::outbox::{AdmitError, End, Held, Outbox, Resident, Residents, StopMode};
use crate::port::{LentItem, LentOn, PortItem};
use crate::registry::Registry;
use crate::supervision::Cause;
use crate::wire::cast::decode_batch;
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Envelope, Lent, Target};
use crate::wire::heads::Told;
use crate::worker::Workers;

/// An actor runtime. Cloning shares it.
#[derive(Clone)]
pub struct Proc(Arc<Inner>);

type Table = UidMap<Arc<dyn Resident>>;

/// All of them, in the order of their identities: the map's own order is nobody's business.
fn in_order(table: &Mutex<Table>) -> Vec<Arc<dyn Resident>> {
    let table = table.lock().unwrap_or_else(PoisonError::into_inner);
    let mut actors: Vec<_> = table.values().cloned().collect();
    drop(table);
    actors.sort_unstable_by_key(|actor| actor.id().uid);
    actors
}

struct Inner {
    outbox: Arc<Outbox>,
    registry: Arc<Registry>,
    actors: Arc<Mutex<Table>>,
    ending: AtomicBool,
    failed: Mutex<Failed>,
}

/// How many failed actors a proc remembers.
const FAILED_MAX: usize = 128;

/// Why actors failed that are no more: the latest, oldest first.
#[derive(Default)]
struct Failed(VecDeque<(Uid, Cause)>);

impl Failed {
    fn push(&mut self, uid: Uid, cause: Cause) {
        if self.0.len() == FAILED_MAX {
            self.0.pop_front();
        }
        self.0.push_back((uid, cause));
    }
}

impl Inner {
    fn actors(&self) -> MutexGuard<'_, Table> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_order(&self) -> Vec<Arc<dyn Resident>> {
        in_order(&self.actors)
    }

    /// Why an actor that is not here is not.
    fn why_gone(&self, uid: Uid) -> CallErrorKind {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.0.iter().rev().find(|(failed, _)| *failed == uid) {
            Some((_, cause)) => CallErrorKind::ActorFailed { cause: Box::new(cause.clone()) },
            None => CallErrorKind::ActorStopped,
        }
    }
}

impl Proc {
    /// A proc behind `gateway`, whose actors run on `runtime`.
    pub fn new(
        id: ProcId,
        gateway: &Gateway,
        registry: Arc<Registry>,
        config: Config,
        entropy: Entropy,
        events: EventLog,
        runtime: Handle,
    ) -> Proc {
        let actors: Arc<Mutex<Table>> = Arc::default();
        let left = actors.clone();
        // Nobody runs them any more: they end (`ACTOR-2`).
        let abandon = Box::new(move || in_order(&left).into_iter().for_each(|actor| actor.kill()));
        let workers = Workers::new(runtime, abandon);
        let outbox = Arc::new(Outbox::new(id.clone(), gateway.clone(), config, entropy, events, workers));
        let inner = Arc::new(Inner {
            outbox,
            registry,
            actors,
            ending: AtomicBool::new(false),
            failed: Mutex::default(),
        });
        let residents: Arc<dyn Residents> = inner.clone();
        inner.outbox.set_residents(Arc::downgrade(&residents));
        let local: Arc<dyn LocalProc> = inner.clone();
        gateway.attach(&id, &local);
        Proc(inner)
    }

    /// Who.
    pub fn id(&self) -> &ProcId {
        self.0.outbox.proc()
    }

    /// Who, and where.
    pub fn addr(&self) -> ProcAddr {
        self.0.outbox.addr()
    }

    /// The sending side.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.0.outbox
    }

    /// What can be spawned by name.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// Starts an actor.
    ///
    /// # Errors
    /// [`AdmitError`], when the proc is ending or the identity is taken.
    pub fn spawn<A: Actor>(&self, actor: A, options: SpawnOptions) -> Result<ActorHandle<A>, AdmitError> {
        spawn_actor(&self.0.outbox, Birth::Ready(actor), options)
    }

    /// Makes something other than an actor reachable as one: a client.
    ///
    /// # Errors
    /// [`AdmitError`], when the proc is ending or the identity is taken.
    pub fn admit(&self, resident: Arc<dyn Resident>) -> Result<(), AdmitError> {
        self.0.admit(resident)
    }

    /// One who lives here.
    pub fn resident(&self, uid: Uid) -> Option<Arc<dyn Resident>> {
        self.0.actors().get(&uid).cloned()
    }

    /// Who lives here, in a fixed order.
    pub fn residents(&self) -> Vec<ActorId> {
        self.0.in_order().iter().map(|actor| actor.id().clone()).collect()
    }

    /// What is seen of its actors without asking them: also of one that is stuck, as long as a thread is left to look.
    pub fn inspect(&self) -> ProcReport {
        let residents = self.0.in_order();
        let turns = activity::turns();
        let mut waits: FxHashMap<Uid, Vec<Waiting>> = FxHashMap::default();
        let now = clock::now();
        for call in self.0.outbox.ports().calls() {
            let since = now.saturating_duration_since(call.since);
            waits.entry(call.caller).or_default().push(Waiting::new(call.callee, call.handler, since));
        }
        for (call, since) in self.0.outbox.local_calls() {
            // They are in the order of their identities.
            let place = residents.binary_search_by_key(&call.callee, |resident| resident.id().uid.0);
            if let Ok(place) = place {
                let waiting = Waiting::new(residents[place].id().clone(), call.handler, since);
                waits.entry(Uid(call.caller)).or_default().push(waiting);
            }
        }
        let actors = residents.iter().take(ACTORS_MAX).map(|resident| {
            let mut report = resident.inspect();
            if let Some(busy) = &mut report.busy {
                busy.on_thread = turns.iter().any(|turn| turn.actor == thread_key(&report.id));
            }
            report.waits = waits.remove(&report.id.uid).unwrap_or_default();
            report.waits.sort_by(|a, b| a.callee.cmp(&b.callee));
            report
        });
        let actors: Vec<_> = actors.collect();
        let more = (residents.len() - actors.len()) as u64;
        ProcReport::new(self.id().clone(), std::process::id(), actors, more)
    }

    /// Ends every actor: first those that `last` does not name, then those; what does not end within the bound, in all,
    /// is killed (`PROC-B`).
    ///
    /// # Cancel safety
    /// Not cancel safe: the proc is left ending.
    pub async fn stop(&self, last: &[Uid], within: Duration) {
        self.0.ending.store(true, Ordering::Release);
        let deadline = clock::now() + within;
        let (last, first): (Vec<_>, Vec<_>) =
            self.0.in_order().into_iter().partition(|actor| last.contains(&actor.id().uid));
        for actors in [first, last] {
            actors.iter().for_each(|actor| actor.stop(StopMode::Drain));
            let all = async {
                for actor in &actors {
                    actor.ended().await;
                }
            };
            if tokio::time::timeout_at(deadline, all).await.is_err() {
                for actor in actors.iter().filter(|actor| actor.end().is_none()) {
                    tracing::warn!(actor = %actor.id(), "an actor did not stop in time");
                    actor.clone().kill();
                }
            }
        }
    }

    /// Ends every actor at its next await: for a simulated death.
    pub fn kill(&self) {
        self.0.ending.store(true, Ordering::Release);
        let actors = self.0.in_order();
        actors.into_iter().for_each(|actor| actor.kill());
        self.0.outbox.gateway().detach(self.id());
    }
}

impl Residents for Inner {
    fn admit(&self, actor: Arc<dyn Resident>) -> Result<(), AdmitError> {
        let mut actors = self.actors();
        // Read under the lock: `stop` takes its list under it after it has set the mark.
        if self.ending.load(Ordering::Acquire) {
            return Err(AdmitError::Ending { proc: self.outbox.proc().clone() });
        }
        match actors.entry(actor.id().uid) {
            Entry::Occupied(_) => Err(AdmitError::Taken { id: actor.id().clone() }),
            Entry::Vacant(place) => {
                place.insert(actor);
                Ok(())
            }
        }
    }

    fn release(&self, uid: Uid, end: &End) {
        self.actors().remove(&uid);
        if let End::Failed(failure) = end {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(uid, failure.cause.clone());
        }
    }

    fn why_gone(&self, uid: Uid) -> Option<CallErrorKind> {
        let is_here = self.actors().contains_key(&uid);
        (!is_here).then(|| Inner::why_gone(self, uid))
    }

    fn find(&self, is: &dyn Fn(&ActorId) -> bool) -> Option<Arc<dyn Resident>> {
        self.actors().values().find(|actor| is(actor.id())).cloned()
    }

    fn registered_name(&self, type_id: u64) -> Option<String> {
        self.registry.entry(type_id).map(|entry| entry.name())
    }

    fn registered(&self) -> usize {
        self.registry.len()
    }
}

impl LocalProc for Inner {
    fn told(&self, told: &[Told<'_>]) -> usize {
        let Some(Target::Handler { actor, .. }) = told.first().and_then(Told::handler) else { return 0 };
        let resident = self.actors().get(&actor).cloned();
        resident.map_or(0, |resident| resident.told(told))
    }

    fn answered(&self, port: u64, slot: u32, body: &[u8]) -> bool {
        self.outbox.ports().deliver_bytes(port, slot, body).is_ok()
    }

    fn deliver(&self, mut envelope: Envelope) -> Result<(), Box<Bounced>> {
        match envelope.to.target {
            Target::Handler { actor, .. } => {
                let resident = self.actors().get(&actor).cloned();
                match resident {
                    Some(resident) => resident.deliver(envelope),
                    None => Err(Box::new(Bounced { envelope, kind: self.why_gone(actor) })),
                }
            }
            Target::Port { port, slot } => {
                if let (Some(_), Body::Message(payload)) = (Lent::nth(port), &envelope.body) {
                    let lent_on = self.lent_on(port, payload);
                    return lent_on.map_err(|kind| Box::new(Bounced { envelope, kind }));
                }
                if envelope.is_forgotten() {
                    return Ok(());
                }
                if envelope.headers.lent.is_some() && envelope.payload().is_some() {
                    return self.deliver_lent(envelope, port, slot);
                }
                let item = match &mut envelope.body {
                    // What a port does not take goes back to nobody: its sender hears why.
                    Body::Message(payload) | Body::Reply(payload) => PortItem::Value(std::mem::take(payload)),
                    Body::Failed(kind) => PortItem::Failed(kind.clone()),
                    Body::Returned { .. } => {
                        let kind = CallErrorKind::Undeliverable { reason: "a port sends nothing".to_owned() };
                        return Err(Box::new(Bounced { envelope, kind }));
                    }
                };
                let outcome = self.outbox.ports().deliver(port, slot, item);
                outcome.map_err(|kind| Box::new(Bounced { envelope, kind }))
            }
            Target::Fold { port, .. } => {
                let Some(item) = envelope.payload().cloned().map(PortItem::Value) else {
                    let kind = CallErrorKind::Undeliverable { reason: "it is not an item".to_owned() };
                    return Err(Box::new(Bounced { envelope, kind }));
                };
                let outcome = self.outbox.ports().deliver(port, 0, item);
                outcome.map_err(|kind| Box::new(Bounced { envelope, kind }))
            }
            Target::Replies { port } => {
                let said = match &envelope.body {
                    Body::Message(payload) => decode_batch(payload).map_err(|error| error.to_string()),
                    _ => Err("it is not a batch of replies".to_owned()),
                };
                let outcome = said
                    .map_err(|reason| CallErrorKind::Undeliverable { reason })
                    .and_then(|said| self.outbox.ports().deliver_all(port, said));
                outcome.map_err(|kind| Box::new(Bounced { envelope, kind }))
            }
            Target::Cast => {
                let kind = CallErrorKind::Undeliverable { reason: "a cast is split on its way".to_owned() };
                Err(Box::new(Bounced { envelope, kind }))
            }
        }
    }
}

impl Inner {
    /// Hands a value that brings references to ports to its port: whoever has that holds them.
    fn deliver_lent(&self, mut envelope: Envelope, port: u64, slot: u32) -> Result<(), Box<Bounced>> {
        let ports = self.outbox.ports();
        let owner = ports.owner(port).unwrap_or(Uid(0));
        let holder = ActorId::new(self.outbox.proc().clone(), owner, "port".into());
        let helds = Held::arriving(&self.outbox, &holder, &envelope.headers);
        let payload = envelope.payload().cloned().unwrap_or_default();
        let item = PortItem::Lent(Box::new(LentItem { payload, holds: Box::new(helds.clone()) }));
        let Err(kind) = ports.deliver(port, slot, item) else {
            Held::arrived(&helds);
            return Ok(());
        };
        if !ports.is_open(port) {
            // Who has closed it has let go of what comes to it, which is no failure.
            Held::arrived(&helds);
            envelope.headers.lent = None;
        }
        Err(Box::new(Bounced { envelope, kind }))
    }

    /// A port of this proc was lent on, under a number of its own: who has it now is watched from here as well.
    fn lent_on(&self, number: u64, payload: &Payload) -> Result<(), CallErrorKind> {
        let said: LentOn = payload.get().map_err(CallErrorKind::decode)?;
        let port = PortAddr { proc: self.outbox.addr(), port: said.port };
        let lent = Lent { port, number };
        let holders: Vec<_> = (0..)
            .zip(&said.holders)
            .filter_map(|(slot, holder)| {
                let actor = holder.callee.actor.clone();
                Some((slot, ActorAddr { id: actor, at: holder.at.clone()? }))
            })
            .collect();
        let gateway = self.outbox.gateway();
        holders.iter().for_each(|(slot, holder)| gateway.watch_loan(&lent, *slot, holder));
        if !self.outbox.ports().lent_on(number, said)? {
            holders.iter().for_each(|(slot, _)| gateway.forget_loan(&lent, *slot));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Proc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Proc").field(self.id()).finish()
    }
}
