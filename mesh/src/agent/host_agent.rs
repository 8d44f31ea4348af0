//! The agent of a host: starts and ends its procs, and reports how they end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kept::{Kept, KeptActor, TakenOver};
use super::lease::{Asking, Owners};
use super::whole::Whole;
use super::{ActorKind, HOST_AGENT, PROC_AGENT, ProcAgent, tell_owner, tell_owner_event};
use crate::actor::{ActorHandle, ActorRef, Caller, Context, Handler, Remake, ReplyTo};
use crate::addr::{ActorAddr, Location, ProcAddr};
use crate::bootstrap::{ChildKind, ProcessHandle};
use crate::call::CallErrorKind;
use crate::config;
use crate::host::{ChildSpec, Host};
use crate::ident::{ActorId, GatewayId, Label, MeshId, ProcId, Uid};
use crate::log::StreamKind;
use crate::message::{HandlerDescriptor, HandlerSchema, Message, RemoteMessage};
use crate::request::{PortRef, post_control};
use crate::resource::{Progress, Resource, ResourceKey, ResourceTable, stop_one};
use crate::schema::schema_of;
use crate::supervision::{Cause, Exit, Failure, RankPolicy, Subject, SupervisionEvent, SupervisionEventKind};
use crate::value::Status;
use crate::wire::codec::{DecodeError, Decoder, EncodeError, Encoder};

/// What a proc of a mesh is made from, the same at every rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcSpec {
    /// The mesh.
    pub mesh: MeshId,
    /// What is started.
    pub child: ChildSpec,
    /// Who hears of its failure.
    pub owner: ActorAddr,
    /// What becomes of the mesh when one of its procs has died.
    pub policy: RankPolicy,
    /// What is stopped then, if it is not to go on.
    pub whole: Option<Whole>,
}

/// What is seen of a proc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcState {
    /// Who.
    pub proc: ProcId,
    /// Its process, if it is one.
    pub pid: Option<u32>,
    /// How it ended, once it has.
    pub exit: Option<Exit>,
}

/// A proc that a host has started, or was asked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostedProc {
    /// Who, and where.
    pub addr: ProcAddr,
    /// Whether it is a host itself.
    pub is_host: bool,
    /// Its process, once it has one.
    pub pid: Option<u32>,
    /// Where it is in its life.
    pub status: Status,
    /// Who hears of its failure.
    pub owner: ActorId,
}

/// The kind of resource that a host agent manages.
#[derive(Debug)]
pub struct ProcKind;

/// Ends all procs of a host; answered when the last has ended. New ones are refused.
#[derive(Clone, Debug)]
pub struct ShutdownHost {
    /// Why, for people.
    pub why: String,
}

#[diagnostic::do_not_recommend]
impl Message for ShutdownHost {
    type Reply = ();
    const NAME: &'static str = "shutdown_host";
    const DEFERRED: bool = true;
    const DESCRIPTOR: HandlerDescriptor = HandlerDescriptor {
        schema: Some(<ShutdownHost as RemoteMessage>::schema),
        ..HandlerDescriptor::new("shutdown_host")
    };
}

#[diagnostic::do_not_recommend]
impl RemoteMessage for ShutdownHost {
    fn encode(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&self.why)
    }
    fn decode(input: &mut Decoder<'_>) -> Result<ShutdownHost, DecodeError> {
        Ok(ShutdownHost { why: input.get()? })
    }
    fn encode_reply((): &(), out: &mut Encoder) -> Result<(), EncodeError> {
        out.put(&())
    }
    fn decode_reply(input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        input.get()
    }
    fn schema() -> HandlerSchema {
        HandlerSchema { args: vec![("why", schema_of::<String>())], reply: schema_of::<()>() }
    }
}

/// Manages the procs of a host.
pub struct HostAgent {
    host: Host,
    procs: ResourceTable<ProcKind>,
    running: BTreeMap<ResourceKey, ProcessHandle>,
    shutdowns: Vec<ReplyTo<()>>,
    owners: Owners,
    ending: EndingHosts,
    /// Those that come back after a death.
    kept: BTreeMap<ResourceKey, Kept>,
    /// What ends with others that do not come back: meshes of actors that fail whole.
    wholes: BTreeMap<ResourceKey, BTreeMap<ResourceKey, Whole>>,
    /// Those that have died too often, and come back if their owner says so.
    fallen: BTreeMap<ResourceKey, (Kept, Label, ProcSpec, Cause)>,
}

/// Hosts that end in two phases: first all of them drain their procs, with the network between them up; then they go.
#[derive(Default)]
struct EndingHosts {
    /// Those that drain.
    draining: BTreeSet<ResourceKey>,
    /// Those that wait for them.
    drained: BTreeSet<ResourceKey>,
}

impl EndingHosts {
    /// One has drained, or has ended. Gives those that may go now.
    fn drained(&mut self, key: ResourceKey) -> BTreeSet<ResourceKey> {
        if self.draining.remove(&key) {
            self.drained.insert(key);
        }
        if self.draining.is_empty() { std::mem::take(&mut self.drained) } else { BTreeSet::new() }
    }
}

/// How many procs that have died too often are kept to be brought back.
const FALLEN_MAX: usize = 64;

// A message for each proc of a mesh that is made: a host may have more of them than a user's mailbox holds.
#[crate::actor(
    name = "mesh.HostAgent",
    mailbox(capacity = 65_536),
    handles(ShutdownHost, Remake),
    resource(ProcKind = self.procs)
)]
impl HostAgent {
    #[handler(local)]
    async fn child_started(
        &mut self,
        cx: &Context<Self>,
        key: ResourceKey,
        outcome: Result<ProcessHandle, String>,
    ) {
        if let Some(kept) = self.kept.get_mut(&key) {
            kept.starts = false;
        }
        match outcome {
            Ok(handle) => {
                let Some(spec) = self.procs.spec(key) else { return };
                let proc = ProcId::of_mesh(&spec.mesh, key.rank);
                let state = ProcState { proc: proc.clone(), pid: handle.pid(), exit: None };
                self.running.insert(key, handle.clone());
                let (me, watched) = (cx.handle(), handle);
                let within = self.host.config().get(config::EXIT_STATUS_WAIT);
                let place = self.kept.contains_key(&key).then(|| (self.host.gateway().clone(), proc.clone()));
                tokio::spawn(async move {
                    let exit = watched.exited_or_given_up(within).await;
                    if let Some((gateway, proc)) = place {
                        // From here on nothing goes to this life: who hears of its end can rely on that.
                        gateway.place_is_empty(&proc).await;
                    }
                    post_control(&me, HostAgentChildExited { key, exit });
                });
                if self.procs.status(key) == Status::Stopping {
                    // It was stopped while it started.
                    self.end_child(cx, key);
                } else if self.kept.get(&key).is_some_and(|kept| kept.away.is_some()) {
                    self.procs.comes_back(cx, key, Some(state));
                    // Behind what the life before has noted and is still queued.
                    if cx.handle().restore_rank(key).send(cx).is_err() {
                        self.restore_rank(cx, key);
                    }
                    return;
                }
                self.procs.set(cx, key, Status::Running, Some(state));
            }
            Err(reason) => {
                let asked = self.procs.status(key) == Status::Stopping;
                let returning = self.kept.get(&key).is_some_and(|kept| kept.away.is_some());
                if returning && !asked {
                    self.died(cx, key, Cause::Spawn { message: reason }, None);
                } else {
                    self.let_go(key, &CallErrorKind::Unreachable { reason: reason.clone() });
                    let status = if asked { Status::Stopped } else { Status::failed(reason) };
                    self.procs.set(cx, key, status, None);
                }
                self.answer_shutdowns();
            }
        }
    }

    /// A host that is to end has no procs any more.
    #[handler(local)]
    fn child_drained(&mut self, cx: &Context<Self>, key: ResourceKey) {
        let hosts = self.ending.drained(key);
        self.go(cx, hosts);
    }

    /// It is time for the next life of a proc.
    #[handler(local)]
    fn bring_back(&mut self, cx: &Context<Self>, key: ResourceKey) {
        let away = self.kept.get(&key).is_some_and(|kept| kept.away.is_some());
        if away && self.procs.status(key) == Status::Initializing && !self.running.contains_key(&key) {
            self.launch(cx, key);
        }
    }

    /// A proc is there again: its actors are made, before it gets any message.
    #[handler(local)]
    fn restore_rank(&mut self, cx: &Context<Self>, key: ResourceKey) {
        let (Some(kept), Some(spec)) = (self.kept.get(&key), self.procs.spec(key)) else { return };
        let Some(handle) = self.running.get(&key).cloned() else { return };
        let proc = of_this_life(spec, key, kept);
        let agent: ActorRef<ProcAgent> = ActorRef::at(proc.actor(PROC_AGENT, "proc_agent".into()));
        let within = self.host.config().get(config::SPAWN_TIMEOUT);
        let (actors, life, me) = (kept.actors(), kept.life, cx.handle());
        let restored = agent.restore(actors.clone()).timeout(within).call(cx);
        tokio::spawn(async move {
            match restored.await {
                Ok(()) => post_control(&me, HostAgentRankIsBack { key, life, actors }),
                // It is dead again, or as good as that: its exit says the rest.
                Err(error) => handle.give_up(&format!("its actors could not be made again: {error}")),
            }
        });
    }

    /// A proc and its actors are there again.
    #[handler(local)]
    fn rank_is_back(&mut self, cx: &Context<Self>, key: ResourceKey, life: u32, actors: Vec<KeptActor>) {
        let Some(spec) = self.procs.spec(key) else { return };
        let proc = ProcId::of_mesh(&spec.mesh, key.rank);
        // It may be dead again.
        let kept = self.kept.get_mut(&key).filter(|kept| kept.life == life);
        let Some((cause, after)) = kept.and_then(|kept| kept.away.take()) else { return };
        for actor in actors {
            let id = actor.id(&proc);
            let incarnation = id.incarnation;
            let kind = SupervisionEventKind::Restarted { incarnation, cause: cause.clone(), after };
            let mesh = actor.spec.mesh.map(|(mesh, _)| mesh);
            let ranks = mesh.iter().map(|_| actor.key.rank).collect();
            let event = SupervisionEvent { subject: Subject::Actor(id), mesh, ranks, kind };
            tell_owner_event(cx.scope(), &actor.spec.owner, &event);
        }
        self.host.gateway().open_place(&proc);
        self.procs.set(cx, key, Status::Running, None);
    }

    /// An actor lives in a proc, and matters after the death of that.
    #[handler]
    pub fn keep_actor(&mut self, cx: &Context<Self>, proc: ResourceKey, actor: KeptActor) {
        if let Some(kept) = self.kept.get_mut(&proc) {
            return kept.keep(actor);
        }
        let Some(whole) = actor.spec.whole else { return };
        match self.procs.status(proc) {
            // It died before this was read.
            Status::Failed { reason } => {
                whole.stop::<ActorKind>(cx.scope(), PROC_AGENT, actor.key.uid, reason.to_string());
            }
            status if status.is_terminal() => {}
            _ => {
                self.wholes.entry(proc).or_default().insert(actor.key, whole);
            }
        }
    }

    /// Brings back a proc whose host is lost.
    ///
    /// # Errors
    /// Why it does not come back, in words.
    #[handler]
    pub fn take_over(&mut self, cx: &Context<Self>, proc: TakenOver) -> Result<(), String> {
        let TakenOver { key, label, spec, life, actors, cause } = proc;
        if self.procs.is_stopping() {
            return Err("its agent is stopping and makes nothing new".to_owned());
        }
        if self.procs.status(key) != Status::NotExist {
            return Err(format!("it is here already: {}", self.procs.status(key)));
        }
        let RankPolicy::RespawnRank(policy) = spec.policy else {
            return Err("it does not come back".to_owned());
        };
        let mut kept = Kept::taken_over(life, actors);
        let (cause, after) = kept.died(policy, cause);
        let Some(after) = after else { return Err(cause.to_string()) };
        self.host.gateway().keep_empty_place(&ProcId::of_mesh(&spec.mesh, key.rank));
        tell_return(cx, &spec, key, &kept, cause, after);
        self.watch_owner(cx, &spec.owner);
        self.procs.insert(cx, key, label, spec, Status::Initializing);
        self.kept.insert(key, kept);
        bring_back_after(cx, key, after);
        Ok(())
    }

    /// The procs of a host that is lost are at `by` from now on, and so is who manages them.
    #[handler]
    pub fn stand_in(&mut self, lost: Location, by: Location, procs: Vec<ProcId>) {
        self.host.gateway().redirect(&lost, &by, &procs);
    }

    /// An actor has ended that its proc has told of.
    #[handler]
    pub fn forget_actor(&mut self, proc: ResourceKey, actor: ResourceKey) {
        if let Some(kept) = self.kept.get_mut(&proc) {
            kept.forget(actor);
        }
        if let Some(wholes) = self.wholes.get_mut(&proc) {
            wholes.remove(&actor);
        }
    }

    #[handler(local)]
    fn child_exited(&mut self, cx: &Context<Self>, key: ResourceKey, exit: Exit) {
        let Some(handle) = self.running.remove(&key) else { return };
        let hosts = self.ending.drained(key);
        self.go(cx, hosts);
        let Some(spec) = self.procs.spec(key).cloned() else { return };
        let proc = ProcId::of_mesh(&spec.mesh, key.rank);
        let state = ProcState { proc: proc.clone(), pid: handle.pid(), exit: Some(exit.clone()) };
        let asked = self.procs.status(key) == Status::Stopping;
        if asked {
            self.let_go(key, &CallErrorKind::proc_lost(&proc, &exit));
            self.wholes.remove(&key);
            self.procs.set(cx, key, Status::Stopped, Some(state));
        } else {
            self.died(cx, key, cause_of(&proc, &handle, exit), Some(state));
        }
        self.answer_shutdowns();
    }

    /// Has `port` told twice when all that a proc which has ended wrote is shown. Its end is waited for within a bound.
    #[handler]
    pub fn flush_ended(&mut self, cx: &Context<Self>, id: Uid, port: PortRef<StreamKind>) {
        let rank = cx.cast_point().map_or(0, |point| point.base_rank);
        let ending = self.running.get(&ResourceKey { uid: id, rank }).cloned();
        let (logs, within) = (self.host.logs().clone(), self.host.config().get(config::EXIT_STATUS_WAIT));
        tokio::spawn(async move {
            if let Some(handle) = ending
                && tokio::time::timeout(within, handle.exited()).await.is_err()
            {
                return;
            }
            logs.mark_both(&port);
        });
    }

    /// The procs it has started, or was asked to, in no order that means anything.
    #[handler]
    pub fn inspect(&self) -> Vec<HostedProc> {
        let hosted = |key: ResourceKey| {
            let (spec, state) = (self.procs.spec(key)?, self.procs.state(key));
            let proc = ProcId::of_mesh(&spec.mesh, key.rank);
            Some(HostedProc {
                is_host: spec.child.kind == ChildKind::Host,
                addr: ProcAddr { at: self.location_of(&proc, &spec.child), id: proc },
                pid: state.state.and_then(|state| state.pid),
                status: state.status,
                owner: spec.owner.id.clone(),
            })
        };
        self.procs.keys().into_iter().filter_map(hosted).collect()
    }

    /// What an owner that is no more has left is ended (`SUP-1`).
    #[handler(local)]
    async fn owner_gone(&mut self, cx: &Context<Self>, owner: ActorAddr) {
        self.owners.forget(&owner.id);
        for key in self.procs.keys() {
            if self.procs.spec(key).is_some_and(|spec| spec.owner.id == owner.id) {
                stop_one::<HostAgent, ProcKind>(self, cx, key, "its owner is gone").await;
            }
        }
    }

    /// The addresses of the procs that run, with their process ids.
    #[handler]
    fn running(&self) -> Vec<Option<u32>> {
        self.running.values().map(ProcessHandle::pid).collect()
    }
}

impl HostAgent {
    /// The agent of `host`, whose process belongs to `owner`.
    pub fn new(host: Host, owner: Option<ActorId>) -> HostAgent {
        HostAgent {
            host,
            procs: ResourceTable::default(),
            running: BTreeMap::new(),
            shutdowns: Vec::new(),
            owners: Owners::new(owner),
            ending: EndingHosts::default(),
            kept: BTreeMap::new(),
            wholes: BTreeMap::new(),
            fallen: BTreeMap::new(),
        }
    }

    /// What its owner has left is ended.
    fn watch_owner(&mut self, cx: &Context<HostAgent>, owner: &ActorAddr) {
        let (owner, told) = (owner.clone(), cx.handle());
        let gone = owner.clone();
        self.owners.watch(cx.scope(), &owner, move || {
            post_control(&told, HostAgentOwnerGone { owner: gone });
        });
    }

    /// A proc has died, or did not come up again.
    fn died(&mut self, cx: &Context<HostAgent>, key: ResourceKey, cause: Cause, state: Option<ProcState>) {
        let Some(spec) = self.procs.spec(key).cloned() else { return };
        let (proc, ranks) = (ProcId::of_mesh(&spec.mesh, key.rank), vec![key.rank]);
        let (cause, after) = match (spec.policy, self.kept.get_mut(&key)) {
            (RankPolicy::RespawnRank(policy), Some(kept)) => kept.died(policy, cause),
            _ => (cause, None),
        };
        if let (Some(after), Some(kept)) = (after, self.kept.get(&key)) {
            tell_return(cx, &spec, key, kept, cause, after);
            self.procs.comes_back(cx, key, state);
            return bring_back_after(cx, key, after);
        }
        let status = Status::failed(cause.to_string());
        let exit = state.as_ref().and_then(|state| state.exit.clone()).unwrap_or_else(Exit::unknown);
        let wholes = self.wholes.remove(&key).unwrap_or_default().into_iter();
        let mut wholes: Vec<(Uid, Whole)> = wholes.map(|(key, whole)| (key.uid, whole)).collect();
        if let Some(mut kept) = self.let_go(key, &CallErrorKind::proc_lost(&proc, &exit)) {
            wholes.extend(kept.take_wholes());
            let label = self.procs.state(key).label;
            self.fallen.insert(key, (kept, label, spec.clone(), cause.clone()));
            if self.fallen.len() > FALLEN_MAX {
                self.fallen.pop_first();
            }
        }
        let failure = Failure { subject: Subject::Proc(proc), mesh: Some(spec.mesh), ranks, cause };
        // SUP-6: the owner is told before the status is seen.
        tell_owner(cx.scope(), &spec.owner, &failure);
        if let Some(whole) = &spec.whole {
            whole.stop::<ProcKind>(cx.scope(), HOST_AGENT, key.uid, failure.to_string());
        }
        for (id, whole) in wholes {
            whole.stop::<ActorKind>(cx.scope(), PROC_AGENT, id, failure.to_string());
        }
        self.procs.set(cx, key, status, state);
    }

    /// A proc does not come back.
    fn let_go(&mut self, key: ResourceKey, kind: &CallErrorKind) -> Option<Kept> {
        let (kept, spec) = (self.kept.remove(&key)?, self.procs.spec(key)?);
        self.host.gateway().give_up_place(&ProcId::of_mesh(&spec.mesh, key.rank), kind);
        Some(kept)
    }

    /// Starts a proc, in its first or a later life.
    fn launch(&mut self, cx: &Context<HostAgent>, key: ResourceKey) {
        let Some(spec) = self.procs.spec(key) else { return };
        let (host, owner, me): (Host, ActorId, ActorHandle<HostAgent>) =
            (self.host.clone(), spec.owner.id.clone(), cx.handle());
        let life = self.kept.get_mut(&key).map_or(0, |kept| {
            kept.starts = true;
            kept.life
        });
        let (proc, child) = (ProcId::of_mesh(&spec.mesh, key.rank), spec.child.in_life(life));
        tokio::spawn(async move {
            let started = host.start(&proc, &child, Some(&owner)).await;
            let outcome = started.map(|started| started.handle).map_err(|error| error.to_string());
            post_control(&me, HostAgentChildStarted { key, outcome });
        });
    }

    fn answer_shutdowns(&mut self) {
        if self.procs.all_ended() {
            self.shutdowns.drain(..).for_each(|reply| reply.answer(()));
        }
    }

    /// Where a child is reached: a host has a gateway of its own.
    fn location_of(&self, proc: &ProcId, child: &ChildSpec) -> Arc<Location> {
        match child.kind {
            ChildKind::Host => {
                let gateway = GatewayId { uid: proc.uid, incarnation: child.incarnation };
                Arc::new(Location { gateway, door: None })
            }
            _ => self.host.gateway().location(),
        }
    }

    /// Where the child is that a key is of, and whether it is a host.
    fn child_at(&self, key: ResourceKey) -> Option<(ProcAddr, bool)> {
        let spec = self.procs.spec(key)?;
        let id = ProcId::of_mesh(&spec.mesh, key.rank);
        let at = self.location_of(&id, &spec.child);
        Some((ProcAddr { id, at }, spec.child.kind == ChildKind::Host))
    }

    /// Asks a child to end, and sees that it does (`PROC-3`). A host drains first.
    fn end_child(&mut self, cx: &Context<HostAgent>, key: ResourceKey) {
        let Some((addr, is_host)) = self.child_at(key) else { return };
        if !is_host {
            return self.send_away(cx, key);
        }
        self.ending.draining.insert(key);
        let agent: ActorRef<HostAgent> = ActorRef::at(addr.actor(HOST_AGENT, "host_agent".into()));
        let why = "its host is to end".to_owned();
        let within = self.host.config().get(config::STOP_DRAIN_TIMEOUT);
        // Not a call of this message: the agent goes on meanwhile.
        let asking = Asking::of(cx.scope());
        let drained = agent.message(ShutdownHost { why }).timeout(within).call(&asking);
        let me = cx.handle();
        tokio::spawn(async move {
            if let Err(error) = drained.await {
                tracing::debug!(%error, "a host did not drain");
            }
            post_control(&me, HostAgentChildDrained { key });
        });
    }

    /// The hosts that may go do.
    fn go(&self, cx: &Context<HostAgent>, hosts: BTreeSet<ResourceKey>) {
        hosts.into_iter().for_each(|key| self.send_away(cx, key));
    }

    /// Asks a child to end now.
    fn send_away(&self, cx: &Context<HostAgent>, key: ResourceKey) {
        let Some(handle) = self.running.get(&key).cloned() else { return };
        let (Some((addr, _)), Some(spec)) = (self.child_at(key), self.procs.spec(key)) else { return };
        // One that is not back yet hears nothing that goes to its place.
        let away = self.kept.get(&key).filter(|kept| kept.away.is_some());
        let addr = away.map_or(addr, |kept| of_this_life(spec, key, kept));
        let host = self.host.clone();
        let agent: ActorRef<ProcAgent> = ActorRef::at(addr.actor(PROC_AGENT, "proc_agent".into()));
        let sent = agent.shut_down().send(cx);
        tokio::spawn(async move {
            if sent.is_err() {
                handle.terminate();
            }
            host.escalate(&handle).await;
        });
    }
}

/// A proc that comes back, by its own gateway: what goes to its place is held.
fn of_this_life(spec: &ProcSpec, key: ResourceKey, kept: &Kept) -> ProcAddr {
    let id = ProcId::of_mesh(&spec.mesh, key.rank);
    let incarnation = spec.child.in_life(kept.life).incarnation;
    let gateway = GatewayId { uid: id.uid, incarnation };
    ProcAddr { id, at: Arc::new(Location { gateway, door: None }) }
}

/// Tells the owner of a proc that it comes back.
fn tell_return(
    cx: &Context<HostAgent>,
    spec: &ProcSpec,
    key: ResourceKey,
    kept: &Kept,
    cause: Cause,
    after: Duration,
) {
    let (mesh, ranks) = (Some(spec.mesh.clone()), vec![key.rank]);
    let subject = Subject::Proc(ProcId::of_mesh(&spec.mesh, key.rank));
    let incarnation = kept.life.saturating_add(1);
    let kind = SupervisionEventKind::Restarted { incarnation, cause, after };
    tell_owner_event(cx.scope(), &spec.owner, &SupervisionEvent { subject, mesh, ranks, kind });
}

fn bring_back_after(cx: &Context<HostAgent>, key: ResourceKey, after: Duration) {
    let me = cx.handle();
    tokio::spawn(async move {
        tokio::time::sleep(after).await;
        post_control(&me, HostAgentBringBack { key });
    });
}

/// Why a proc is no more that nobody has asked to end.
fn cause_of(proc: &ProcId, handle: &ProcessHandle, exit: Exit) -> Cause {
    let proc = proc.clone();
    match handle.given_up() {
        Some(silence) => Cause::LinkLost { proc, reason: silence.to_owned(), exit: Some(exit) },
        None => Cause::ProcExit { proc, exit: exit.status, stderr_tail: exit.stderr_tail },
    }
}

#[diagnostic::do_not_recommend]
impl Resource for ProcKind {
    type Agent = HostAgent;
    type Spec = ProcSpec;
    type State = ProcState;
    const NAME: &'static str = "proc";

    async fn create(
        agent: &mut HostAgent,
        cx: &Context<HostAgent>,
        key: ResourceKey,
        spec: &ProcSpec,
    ) -> Result<Progress<ProcState>, String> {
        if let RankPolicy::RespawnRank(_) = spec.policy {
            agent.kept.insert(key, Kept::default());
            agent.host.gateway().keep_place(&ProcId::of_mesh(&spec.mesh, key.rank));
        }
        agent.watch_owner(cx, &spec.owner);
        agent.launch(cx, key);
        Ok(Progress::Later)
    }

    async fn stop(
        agent: &mut HostAgent,
        cx: &Context<HostAgent>,
        key: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        if agent.running.contains_key(&key) {
            agent.end_child(cx, key);
            return Ok(Progress::Later);
        }
        if agent.kept.get(&key).is_some_and(|kept| kept.away.is_some() && !kept.starts) {
            agent.let_go(key, &CallErrorKind::ActorStopped);
            return Ok(Progress::Done(()));
        }
        Ok(Progress::Later)
    }
}

#[diagnostic::do_not_recommend]
impl Handler<ShutdownHost> for HostAgent {
    async fn handle(&mut self, cx: &Context<HostAgent>, message: ShutdownHost) {
        let stop = crate::resource::StopAll::<ProcKind>::new(message.why);
        Handler::handle(self, cx, stop).await;
        self.shutdowns.extend(cx.deferred_reply());
        self.answer_shutdowns();
    }
}

/// A rank that came back too often is brought back all the same: its owner says so.
#[diagnostic::do_not_recommend]
impl Handler<Remake> for HostAgent {
    async fn handle(&mut self, cx: &Context<HostAgent>, message: Remake) {
        let key = ResourceKey { uid: message.uid, rank: message.rank };
        if self.procs.is_stopping() {
            return;
        }
        let Some((mut kept, label, spec, cause)) = self.fallen.remove(&key) else { return };
        kept.begin_life(cause.clone(), message.after);
        self.host.gateway().keep_empty_place(&ProcId::of_mesh(&spec.mesh, key.rank));
        tell_return(cx, &spec, key, &kept, cause, message.after);
        self.procs.again(cx, key, label, spec);
        self.kept.insert(key, kept);
        bring_back_after(cx, key, message.after);
    }
}
