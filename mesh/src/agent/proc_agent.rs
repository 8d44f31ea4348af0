//! The agent of a proc: makes and ends its actors, tracks every one, and reports their failures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::kept::{Keeper, KeptActor};
use super::lease::{OwnerEnded, Owners};
use super::poison::Poison;
use super::whole::Whole;
use super::{PROC_AGENT, tell_owner, tell_owner_event};
use crate::actor::{
    ActorHandle, Caller, Context, Handler, Remake, ReplyTo, Scope, SpawnEnv, SpawnOptions, Supervisor,
};
use crate::addr::ActorAddr;
use crate::config;
use crate::ident::{ActorId, Label, MeshId};
use crate::inspect::ProcReport;
use crate::log::{LogSink, StreamKind};
use crate::outbox::{End, Outbox, Resident, StopMode};
use crate::proc::Proc;
use crate::request::{PortRef, Ports, post_control};
use crate::resource::{Progress, Resource, ResourceKey, ResourceTable, stop_one};
use crate::shape::Extent;
use crate::supervision::{Cause, Failure, RestartPolicy, Subject, SupervisionEvent, SupervisionEventKind};
use crate::value::Status;
use crate::wire::codec::Payload;

/// What an actor of a mesh is made from, the same on every proc.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActorSpec {
    /// The actor's registered name, for people.
    pub type_name: String,
    /// The identity that follows from it.
    pub type_id: u64,
    /// The mesh, and its shape; `None` for a single actor.
    pub mesh: Option<(MeshId, Extent)>,
    /// The encoded parameters.
    pub params: Bytes,
    /// Who hears of its failure.
    pub owner: ActorAddr,
    /// Which life of it begins: more than 1 where it has lived in a process that has died.
    pub incarnation: u32,
    /// How often it is made anew, if not as its type says.
    pub restart: Option<RestartPolicy>,
    /// What is stopped when one of it has failed, if that is not to go on.
    pub whole: Option<Whole>,
    /// Whether it is the only one of its name on its proc.
    pub only: bool,
    /// The ports that its parameters refer to: it holds them as long as it lives.
    pub ports: Ports,
}

/// Why an actor is not given that is to be the only one of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotEnsured {
    /// There is another of the name: what it is.
    Conflict(String),
    /// It ends, or could not be made: why.
    Failed(String),
}

/// What is seen of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorState {
    /// Who.
    pub id: ActorId,
}

/// The kind of resource that a proc agent manages.
#[derive(Debug)]
pub struct ActorKind;

/// How many failed actors a proc keeps to make anew.
const FALLEN_MAX: usize = 1024;

/// A failed actor.
struct Fallen {
    resident: Arc<dyn Resident>,
    label: Label,
    spec: ActorSpec,
}

/// Manages the actors of a proc.
pub struct ProcAgent {
    proc: Proc,
    actors: ResourceTable<ActorKind>,
    residents: BTreeMap<ResourceKey, Arc<dyn Resident>>,
    /// Those that have failed and may be made anew, with what they are made from.
    fallen: BTreeMap<ResourceKey, Fallen>,
    /// Those that are to be made anew as soon as their end is heard of.
    wanted: BTreeSet<ResourceKey>,
    poison: Poison,
    shut_down: Arc<Notify>,
    logs: LogSink,
    owners: Owners,
    /// Those who ask for the end of one that ends with this proc, and so are told by its end.
    asked: Vec<ReplyTo<()>>,
    /// Where the actors are noted that matter after the death of this proc.
    keeper: Option<Keeper>,
}

#[crate::actor(name = "mesh.ProcAgent", handles(OwnerEnded, Remake), resource(ActorKind = self.actors))]
impl ProcAgent {
    /// Makes one actor outside any mesh, and gives its address.
    ///
    /// # Errors
    /// Why it could not be made, in words.
    #[handler]
    pub async fn gspawn(
        &mut self,
        cx: &Context<Self>,
        label: Label,
        spec: ActorSpec,
    ) -> Result<ActorAddr, String> {
        let key = ResourceKey { uid: self.proc.outbox().entropy().uid(), rank: 0 };
        let addr = self.proc.addr().actor(key.uid, label.clone());
        self.actors.insert(cx, key, label, spec.clone(), Status::Initializing);
        if let Err(reason) = ActorKind::create(self, cx, key, &spec).await {
            self.actors.set(cx, key, Status::failed(reason.clone()), None);
            return Err(reason);
        }
        Ok(addr)
    }

    /// Gives the actor that is the only one of its name here, and makes it if there is none.
    ///
    /// # Errors
    /// [`NotEnsured`], when there is another of that name, or it could not be made.
    #[handler]
    pub async fn ensure(
        &mut self,
        cx: &Context<Self>,
        label: Label,
        spec: ActorSpec,
    ) -> Result<ActorAddr, NotEnsured> {
        let is_it = |key: &ResourceKey| {
            self.actors.spec(*key).is_some_and(|there| there.only)
                && self.actors.state(*key).label.as_str() == label.as_str()
        };
        let Some(key) = self.actors.keys().into_iter().find(is_it) else {
            return self.gspawn(cx, label, spec).await.map_err(NotEnsured::Failed);
        };
        if let Some(there) = self.actors.spec(key)
            && (there.type_id, &there.params) != (spec.type_id, &spec.params)
        {
            let by = if there.type_id == spec.type_id { ", made with other parameters" } else { "" };
            return Err(NotEnsured::Conflict(format!("a `{}`{by}", there.type_name)));
        }
        match self.actors.status(key) {
            Status::Stopping => Err(NotEnsured::Failed("it is ending".to_owned())),
            _ => Ok(self.proc.addr().actor(key.uid, label)),
        }
    }

    /// Ends the proc: its actors are drained, then the process ends.
    #[handler]
    pub fn shut_down(&mut self) {
        self.actors.refuse_new();
        self.shut_down.notify_one();
    }

    /// Has `port` told twice, of stdout and of stderr, when all that the proc has written there so far is shown.
    #[handler]
    pub fn flush_logs(&mut self, port: PortRef<StreamKind>) {
        self.logs.mark_both(&port);
    }

    /// What is seen of the proc's actors without asking them.
    #[handler]
    pub fn inspect(&self) -> ProcReport {
        self.proc.inspect()
    }

    /// What an owner that is no more has left is ended (`SUP-1`).
    #[handler(local)]
    async fn owner_gone(&mut self, cx: &Context<Self>, owner: ActorAddr) {
        self.owners.forget(&owner.id);
        for key in self.actors.keys() {
            if self.actors.spec(key).is_some_and(|spec| spec.owner.id == owner.id) {
                stop_one::<ProcAgent, ActorKind>(self, cx, key, "its owner is gone").await;
            }
        }
    }

    /// Makes a failed actor anew, if it is still there to be.
    #[handler(local)]
    fn remake_now(&mut self, cx: &Context<Self>, key: ResourceKey) {
        if self.residents.contains_key(&key) {
            // Its owner has heard of its end before this agent has.
            self.wanted.insert(key);
        } else {
            self.remake(cx, key);
        }
    }

    /// Makes the actors again that lived here before the process died. Those that cannot be made have failed, and their
    /// owners hear of it.
    #[handler]
    pub async fn restore(&mut self, cx: &Context<Self>, actors: Vec<KeptActor>) {
        for KeptActor { key, label, spec } in actors {
            self.actors.insert(cx, key, label, spec.clone(), Status::Initializing);
            if let Err(message) = ActorKind::create(self, cx, key, &spec).await {
                let (mesh, rank) = (spec.mesh.map(|(mesh, _)| mesh), key.rank);
                let id = self.proc.addr().actor(key.uid, self.actors.state(key).label).id;
                let ranks = mesh.iter().map(|_| rank).collect();
                let cause = Cause::Spawn { message: message.clone() };
                let failure = Failure { subject: Subject::Actor(id), mesh, ranks, cause };
                tell_owner(cx.scope(), &spec.owner, &failure);
                self.actors.set(cx, key, Status::failed(message), None);
            }
        }
    }

    #[handler(local)]
    fn actor_restarts(&mut self, key: ResourceKey, incarnation: u32) {
        self.keep(key, incarnation);
    }

    #[handler(local)]
    fn actor_started(&mut self, cx: &Context<Self>, key: ResourceKey, id: ActorId) {
        self.actors.set(cx, key, Status::Running, Some(ActorState { id }));
    }

    #[handler(local)]
    fn actor_ended(&mut self, cx: &Context<Self>, key: ResourceKey, end: End) {
        let resident = self.residents.remove(&key);
        if let Some(keeper) = &self.keeper
            && !self.actors.is_stopping()
            && self.actors.spec(key).is_some_and(|spec| keeper.keeps(spec))
        {
            // Unless it ends with its proc: then it comes back with it.
            keeper.forget(key);
        }
        if let Some(spec) = self.actors.spec(key) {
            spec.ports.let_go(&end.call_error());
        }
        match end {
            End::Stopped => self.actors.set(cx, key, Status::Stopped, None),
            End::Failed(failure) => {
                let reason = failure.to_string();
                // One that never came up has done no harm: its spawn says so.
                if self.actors.status(key) != Status::Initializing {
                    self.poison.add(key, reason.clone());
                    if let Some(whole) = self.actors.spec(key).and_then(|spec| spec.whole.clone()) {
                        whole.stop::<ActorKind>(cx.scope(), PROC_AGENT, key.uid, reason.clone());
                    }
                    if let (Some(resident), Some(spec)) = (resident, self.actors.spec(key).cloned()) {
                        let label = self.actors.state(key).label;
                        self.fallen.insert(key, Fallen { resident, label, spec });
                        if self.fallen.len() > FALLEN_MAX {
                            self.fallen.pop_first();
                        }
                    }
                }
                self.actors.set(cx, key, Status::failed(reason), None);
                if self.wanted.remove(&key) {
                    self.remake(cx, key);
                }
            }
        }
    }
}

impl ProcAgent {
    /// The agent of `proc`, which belongs to `owner`; `shut_down` is notified when the proc is to end, `logs` is where the
    /// output of the process goes.
    pub fn new(proc: Proc, shut_down: Arc<Notify>, owner: Option<ActorId>, logs: LogSink) -> ProcAgent {
        ProcAgent {
            proc,
            actors: ResourceTable::default(),
            residents: BTreeMap::new(),
            fallen: BTreeMap::new(),
            wanted: BTreeSet::new(),
            poison: Poison::default(),
            shut_down,
            logs,
            owners: Owners::new(owner),
            asked: Vec::new(),
            keeper: None,
        }
    }

    /// The host is told what lives in this proc and matters after its death.
    pub fn kept_by(&mut self, keeper: Keeper) {
        self.keeper = Some(keeper);
    }

    /// Notes an actor where it outlasts this proc.
    fn keep(&self, key: ResourceKey, incarnation: u32) {
        if let (Some(keeper), Some(spec)) = (&self.keeper, self.actors.spec(key))
            && keeper.keeps(spec)
        {
            let label = self.actors.state(key).label;
            let spec = keeper.noted(ActorSpec { incarnation, ..spec.clone() });
            keeper.keep(KeptActor { key, label, spec });
        }
    }

    fn remake(&mut self, cx: &Context<ProcAgent>, key: ResourceKey) {
        if self.actors.is_stopping() {
            return;
        }
        let Some(Fallen { resident, label, spec }) = self.fallen.remove(&key) else { return };
        if resident.clone().restart() {
            self.poison.remove(key);
            self.residents.insert(key, resident);
            self.actors.again(cx, key, label, spec);
            // Noted again when its next life begins, which says which it is.
        }
    }
}

#[diagnostic::do_not_recommend]
impl Resource for ActorKind {
    type Agent = ProcAgent;
    type Spec = ActorSpec;
    type State = ActorState;
    const NAME: &'static str = "actor";

    async fn create(
        agent: &mut ProcAgent,
        cx: &Context<ProcAgent>,
        key: ResourceKey,
        spec: &ActorSpec,
    ) -> Result<Progress<ActorState>, String> {
        let poisons = agent.proc.outbox().config().get(config::FAILURE_POISONS);
        if let Some(cause) = agent.poison.cause().filter(|_| poisons) {
            return Err(format!("proc {} takes no new actors: {cause}", agent.proc.id()));
        }
        let entry = agent.proc.registry().entry(spec.type_id).ok_or_else(|| {
            format!(
                "actor type `{}` is not registered in the binary of proc {}",
                spec.type_name,
                agent.proc.id()
            )
        })?;
        let env = match &spec.mesh {
            Some((mesh, extent)) => SpawnEnv::in_mesh(mesh.clone(), extent.clone(), key.rank),
            None => SpawnEnv::default(),
        };
        let supervisor = Arc::new(Managed {
            agent: cx.handle(),
            key,
            owner: spec.owner.clone(),
            outbox: agent.proc.outbox().clone(),
            // Of one that lived before nobody waits for the spawn: its owner hears of every failure.
            started: AtomicBool::new(spec.incarnation > 1),
            kept: agent.keeper.as_ref().is_some_and(|keeper| keeper.keeps(spec)),
        });
        let label = agent.actors.state(key).label;
        let params = Payload { body: spec.params.clone(), parts: Vec::new() };
        let (incarnation, restart, ports) = (spec.incarnation, spec.restart, spec.ports.helds());
        let options = SpawnOptions { uid: key.uid, label, incarnation, restart, env, ports, supervisor };
        let resident =
            entry.spawn(agent.proc.outbox(), &params, options).map_err(|error| error.to_string())?;
        agent.residents.insert(key, resident);
        agent.keep(key, incarnation);
        let (owner, told) = (spec.owner.clone(), cx.handle());
        agent.owners.watch(cx.scope(), &spec.owner, move || {
            post_control(&told, ProcAgentOwnerGone { owner });
        });
        Ok(Progress::Later)
    }

    async fn stop(
        agent: &mut ProcAgent,
        _: &Context<ProcAgent>,
        key: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        match agent.residents.get(&key) {
            Some(resident) => {
                resident.stop(StopMode::Drain);
                Ok(Progress::Later)
            }
            None => Ok(Progress::Done(())),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Handler<Remake> for ProcAgent {
    async fn handle(&mut self, cx: &Context<ProcAgent>, message: Remake) {
        let key = ResourceKey { uid: message.uid, rank: message.rank };
        if message.after.is_zero() {
            return self.remake_now(cx, key);
        }
        let me = cx.handle();
        tokio::spawn(async move {
            tokio::time::sleep(message.after).await;
            post_control(&me, ProcAgentRemakeNow { key });
        });
    }
}

#[diagnostic::do_not_recommend]
impl Handler<OwnerEnded> for ProcAgent {
    async fn handle(&mut self, cx: &Context<ProcAgent>, message: OwnerEnded) {
        let Some(reply) = cx.deferred_reply() else { return };
        match self.proc.resident(message.owner) {
            None => reply.answer(()),
            Some(resident) if resident.ends_with_proc() => self.asked.push(reply),
            Some(resident) => {
                tokio::spawn(async move {
                    resident.life_over(message.incarnation).await;
                    reply.answer(());
                });
            }
        }
    }
}

/// Tells the owner of a managed actor of its failure, then its agent of its end.
struct Managed {
    agent: ActorHandle<ProcAgent>,
    key: ResourceKey,
    owner: ActorAddr,
    outbox: Arc<Outbox>,
    /// Whether it came up: if not, its spawn fails, and there is nothing to tell the owner.
    started: AtomicBool,
    /// Whether it is noted which life of it this is.
    kept: bool,
}

impl Managed {
    /// The agent tells the owner, so that this knows whom to ask to make it anew.
    fn as_agent(&self, tell: impl FnOnce(Scope<'_>)) {
        let sender = self.agent.control().id();
        let (outbox, is_actor) = (&self.outbox, true);
        tell(Scope { outbox, sender: &sender, deadline: None, chain: None, is_actor });
    }
}

impl Supervisor for Managed {
    fn event(&self, event: &SupervisionEvent) {
        if let SupervisionEventKind::Restarted { incarnation, .. } = event.kind
            && self.kept
        {
            post_control(&self.agent, ProcAgentActorRestarts { key: self.key, incarnation });
        }
        self.as_agent(|scope| tell_owner_event(scope, &self.owner, event));
    }

    fn owner(&self) -> Option<crate::ident::ActorId> {
        Some(self.owner.id.clone())
    }

    fn started(&self, id: &ActorId) {
        self.started.store(true, Ordering::Relaxed);
        post_control(&self.agent, ProcAgentActorStarted { key: self.key, id: id.clone() });
    }

    fn ended(&self, _: &ActorId, end: &End) {
        if let End::Failed(failure) = end
            && self.started.load(Ordering::Relaxed)
        {
            self.as_agent(|scope| tell_owner(scope, &self.owner, failure));
        }
        post_control(&self.agent, ProcAgentActorEnded { key: self.key, end: end.clone() });
    }
}
