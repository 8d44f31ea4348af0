//! Procs that come back on another host when theirs is lost (`RankPolicy::RespawnRank`).
//!
//! ```text
//! a proc ── what lives in me ──► its host (brings it back)
//!                            └─► the owner of the mesh, here: brings it back elsewhere
//!
//! host lost ─► hold what is for its procs ─► all hosts: they are at the other one ─► take over ─► hand on what was held
//! ```
//!
//! A host brings the procs back that die on it. What it knows for that is lost with it, so the procs tell the owner of
//! their mesh too. When a host is lost, the owner has another take over what it has told of: a declared spare that stands
//! in for no host yet, or the next host of the mesh, in the order of ranks. References stay as they are; the gateways of
//! the hosts of the mesh and of its owner know where the procs are, and what speaks for the lost host is the other one.
//!
//! Who is connected to the lost host alone does not hear of that: to a program that is neither the owner of the mesh, nor
//! one of its hosts, nor below one of them, the procs are unreachable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::hosted::Watch;
use crate::actor::{ActorRef, Caller, Scope};
use crate::addr::{Location, ProcAddr};
use crate::agent::{
    ActorKind, HOST_AGENT, HostAgent, KEPT_MAX, KeptActor, Note, PROC_AGENT, ProcSpec, TakenOver, agent_mesh,
};
use crate::call::CallErrorKind;
use crate::ident::{ActorId, Label, ProcId, Uid};
use crate::outbox::Outbox;
use crate::port::{Next, PortItem, PortSink};
use crate::resource::ResourceKey;
use crate::supervision::Cause;
use crate::wire::cast::system_proc;

/// How long a host may take to answer that it stands in, or that another does.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// What lives in a proc, as it has told.
#[derive(Default)]
struct Lodgers {
    life: u32,
    actors: BTreeMap<ResourceKey, KeptActor>,
}

/// What the procs of a mesh have told, by rank.
#[derive(Default)]
pub(super) struct Notes(Mutex<BTreeMap<u32, Lodgers>>);

impl Notes {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Lodgers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PortSink for Notes {
    fn put(&self, rank: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        let Ok(note) = item.open(|payload| payload.get::<Note>()) else { return Ok(Next::Keep) };
        let note = note.map_err(CallErrorKind::decode)?;
        let mut ranks = self.lock();
        let lodgers = ranks.entry(rank).or_default();
        match note {
            Note::Keep { life, actor } => {
                lodgers.life = lodgers.life.max(life);
                if lodgers.actors.len() < KEPT_MAX || lodgers.actors.contains_key(&actor.key) {
                    lodgers.actors.insert(actor.key, *actor);
                }
            }
            Note::Forget(key) => {
                lodgers.actors.remove(&key);
            }
        }
        Ok(Next::Keep)
    }
}

/// Where the hosts of a mesh are.
struct Places {
    /// For each host of the mesh, who stands in for it, or itself.
    at: Vec<Arc<Location>>,
    spares: Vec<Arc<Location>>,
    lost: BTreeSet<Uid>,
    /// Those whose procs are being brought elsewhere.
    moving: BTreeSet<usize>,
    /// The mesh is being stopped: nothing comes back any more.
    over: bool,
}

/// How the procs of a mesh come back when a host is lost.
pub(super) struct Returning {
    spec: ProcSpec,
    hosts: Arc<[Arc<Location>]>,
    per_host: u32,
    notes: Arc<Notes>,
    places: Mutex<Places>,
}

/// Who asks the hosts.
struct Asking {
    outbox: Arc<Outbox>,
    own: ActorId,
}

impl Caller for Asking {
    fn scope(&self) -> Scope<'_> {
        Scope { outbox: &self.outbox, sender: &self.own, deadline: None, chain: None, is_actor: false }
    }
}

fn agent_of(host: &Arc<Location>) -> ActorRef<HostAgent> {
    let agents = agent_mesh(HOST_AGENT);
    ActorRef::at(ProcAddr { id: system_proc(host), at: host.clone() }.actor(agents.uid, agents.label))
}

impl Returning {
    /// The procs that `spec` makes, `per_host` on each of `hosts`, which have `notes` told.
    pub(super) fn new(
        spec: ProcSpec,
        (hosts, per_host): (Arc<[Arc<Location>]>, u32),
        spares: Vec<Arc<Location>>,
        notes: Arc<Notes>,
    ) -> Returning {
        let (lost, moving) = (BTreeSet::new(), BTreeSet::new());
        let places = Mutex::new(Places { at: hosts.to_vec(), spares, lost, moving, over: false });
        Returning { spec, hosts, per_host, notes, places }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A rank begins another life.
    pub(super) fn lives(&self, rank: u32) {
        self.notes.lock().entry(rank).or_default().life += 1;
    }

    /// From here on nothing is taken over: a stop that is sent next stops all there is.
    pub(super) fn end(&self) {
        self.places().over = true;
    }

    /// The host of a rank is lost: all that lived on it comes back elsewhere.
    pub(super) fn lost(&self, watch: &Arc<Watch>, rank: u32, cause: Cause) {
        let host = rank.checked_div(self.per_host).unwrap_or(0) as usize;
        let begins = {
            let mut places = self.places();
            if places.over {
                drop(places);
                return watch.lost(rank, cause);
            }
            places.moving.insert(host)
        };
        let (Some(outbox), true) = (watch.outbox.upgrade(), begins) else { return };
        // Its other ranks are lost with it, whether that was heard already or not.
        outbox.runtime().spawn(bring_back(Arc::downgrade(watch), host, cause));
    }

    /// Who stands in for a host from now on; `None` when no host is left.
    fn choose(&self, host: usize) -> Option<Arc<Location>> {
        let mut places = self.places();
        let gone = places.at[host].gateway.uid;
        places.lost.insert(gone);
        let Places { at, spares, lost, .. } = &*places;
        let lives = |place: &&Arc<Location>| !lost.contains(&place.gateway.uid);
        let is_free = |spare: &&Arc<Location>| at.iter().all(|taken| taken.gateway != spare.gateway);
        let next = self.hosts[host + 1..].iter().chain(&self.hosts[..host]);
        let by = spares.iter().filter(is_free).chain(next).chain(spares).find(lives).cloned()?;
        places.at[host] = by.clone();
        Some(by)
    }

    /// The hosts that are to know where procs are.
    fn living(&self) -> Vec<Arc<Location>> {
        let places = self.places();
        let all = self.hosts.iter().chain(&places.spares);
        all.filter(|host| !places.lost.contains(&host.gateway.uid)).cloned().collect()
    }

    fn taken_over(&self, rank: u32, cause: &Cause) -> TakenOver {
        let key = ResourceKey { uid: self.spec.mesh.uid, rank };
        let (life, actors) = match self.notes.lock().get(&rank) {
            Some(lodgers) => (lodgers.life, lodgers.actors.values().cloned().collect()),
            None => (0, Vec::new()),
        };
        let (spec, label): (_, Label) = (self.spec.clone(), self.spec.mesh.label.clone());
        TakenOver { key, label, spec, life, actors, cause: cause.clone() }
    }
}

/// Brings the procs of a lost host back on another one.
async fn bring_back(watch: Weak<Watch>, host: usize, cause: Cause) {
    let Some((asking, procs, ranks)) = prepare(&watch, host) else { return };
    loop {
        // Dropped meanwhile, it is not to come back.
        let Some((by, told)) = stand_in(&watch, &asking, host, &procs) else { return };
        let Some(by) = by else { return give_up(&watch, host, &ranks, &cause) };
        for answer in told {
            // Who does not answer is lost, or does not send to them.
            let _ = answer.await;
        }
        let Some(asked) = take_over(&watch, &asking, &by, &ranks, &cause) else {
            return give_up(&watch, host, &ranks, &cause);
        };
        let mut outcomes = Vec::new();
        for answer in asked {
            outcomes.push(answer.await);
        }
        let Some(live) = watch.upgrade() else { return };
        if outcomes.iter().all(Result::is_err) && !outcomes.is_empty() {
            continue; // It is lost as well: another one.
        }
        let gateway = asking.outbox.gateway();
        for ((rank, proc), outcome) in ranks.iter().zip(&procs).zip(outcomes) {
            match outcome {
                Ok(Ok(())) => gateway.leave_place_for(proc),
                Ok(Err(message)) => fail(&live, *rank, Cause::Spawn { message }),
                Err(error) => fail(&live, *rank, Cause::Spawn { message: error.to_string() }),
            }
        }
        if let Some(returning) = &live.on_loss.returning {
            returning.places().moving.remove(&host);
        }
        return;
    }
}

/// From here on what is for the procs of the lost host is held.
fn prepare(watch: &Weak<Watch>, host: usize) -> Option<(Asking, Vec<ProcId>, Vec<u32>)> {
    let watch = watch.upgrade()?;
    let returning = watch.on_loss.returning.as_ref()?;
    let asking = Asking { outbox: watch.outbox.upgrade()?, own: watch.teller.clone() };
    let first = u32::try_from(host).ok()?.checked_mul(returning.per_host)?;
    let ranks = watch.living(first..first.checked_add(returning.per_host)?);
    let procs: Vec<ProcId> = ranks.iter().map(|rank| ProcId::of_mesh(&watch.mesh, *rank)).collect();
    procs.iter().for_each(|proc| asking.outbox.gateway().keep_empty_place(proc));
    Some((asking, procs, ranks))
}

type Answers<T> = Vec<crate::request::Pending<T>>;

/// Chooses who stands in for a host, and tells all hosts.
fn stand_in(
    watch: &Weak<Watch>,
    asking: &Asking,
    host: usize,
    procs: &[ProcId],
) -> Option<(Option<Arc<Location>>, Answers<()>)> {
    let watch = watch.upgrade()?;
    let returning = watch.on_loss.returning.as_ref()?;
    let Some(by) = returning.choose(host) else { return Some((None, Vec::new())) };
    let lost = &returning.hosts[host];
    asking.outbox.gateway().redirect(lost, &by, procs);
    let tell = |agent: ActorRef<HostAgent>| {
        agent
            .stand_in((**lost).clone(), Location::clone(&by), procs.to_vec())
            .timeout(ANSWERS_WITHIN)
            .call(asking)
    };
    let told = returning.living().iter().map(agent_of).map(tell).collect();
    Some((Some(by), told))
}

/// Has a host take over the ranks; `None` when they are not to come back.
fn take_over(
    watch: &Weak<Watch>,
    asking: &Asking,
    by: &Arc<Location>,
    ranks: &[u32],
    cause: &Cause,
) -> Option<Answers<Result<(), String>>> {
    let watch = watch.upgrade()?;
    let returning = watch.on_loss.returning.as_ref()?;
    // Until all is asked for, no stop is sent (`Returning::end`): it would come before.
    let places = returning.places();
    if places.over {
        return None;
    }
    let agent = agent_of(by);
    let ask =
        |rank: &u32| agent.take_over(returning.taken_over(*rank, cause)).timeout(ANSWERS_WITHIN).call(asking);
    let asked = ranks.iter().map(ask).collect();
    drop(places);
    Some(asked)
}

/// No host is left for the procs of a lost one.
fn give_up(watch: &Weak<Watch>, host: usize, ranks: &[u32], cause: &Cause) {
    let Some(watch) = watch.upgrade() else { return };
    if let Some(returning) = &watch.on_loss.returning {
        returning.places().moving.remove(&host);
    }
    ranks.iter().for_each(|rank| fail(&watch, *rank, cause.clone()));
}

/// A rank does not come back. What fails whole with an actor that lived there is stopped.
fn fail(watch: &Watch, rank: u32, cause: Cause) {
    let (proc, why) = (ProcId::of_mesh(&watch.mesh, rank), cause.to_string());
    let kind = CallErrorKind::Unreachable { reason: why.clone() };
    if let Some(returning) = &watch.on_loss.returning {
        let lodgers = returning.notes.lock().remove(&rank).unwrap_or_default();
        for (key, actor) in lodgers.actors {
            let Some(whole) = actor.spec.whole else { continue };
            watch.with_scope(|scope| whole.stop::<ActorKind>(scope, PROC_AGENT, key.uid, why.clone()));
        }
    }
    watch.lost(rank, cause);
    if let Some(outbox) = watch.outbox.upgrade() {
        outbox.gateway().give_up_place(&proc, &kind);
    }
}
