//! The agent of a proc: makes and ends its actors, tracks every one, and reports their failures.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::lease::{OwnerEnded, Owners};
use super::tell_owner;
use crate::actor::{ActorHandle, Caller, Context, Handler, ReplyTo, SpawnEnv, SpawnOptions, Supervisor};
use crate::addr::ActorAddr;
use crate::ident::{ActorId, Label, MeshId};
use crate::inspect::ProcReport;
use crate::log::{LogSink, StreamKind};
use crate::outbox::{End, Outbox, Resident, StopMode};
use crate::proc::Proc;
use crate::request::{PortRef, post_control};
use crate::resource::{Progress, Resource, ResourceKey, ResourceTable, stop_one};
use crate::shape::Extent;
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
}

/// What is seen of an actor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActorState {
    /// Who.
    pub id: ActorId,
}

/// The kind of resource that a proc agent manages.
#[derive(Debug)]
pub struct ActorKind;

/// Manages the actors of a proc.
pub struct ProcAgent {
    proc: Proc,
    actors: ResourceTable<ActorKind>,
    residents: BTreeMap<ResourceKey, Arc<dyn Resident>>,
    /// The first actor that failed, and why: from then on nothing new is made here (`SUP-5`).
    poisoned: Option<String>,
    shut_down: Arc<Notify>,
    logs: LogSink,
    owners: Owners,
    /// Those who ask for the end of one that ends with this proc, and so are told by its end.
    asked: Vec<ReplyTo<()>>,
}

#[crate::actor(name = "mesh.ProcAgent", handles(OwnerEnded), resource(ActorKind = self.actors))]
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

    #[handler(local)]
    fn actor_started(&mut self, cx: &Context<Self>, key: ResourceKey, id: ActorId) {
        self.actors.set(cx, key, Status::Running, Some(ActorState { id }));
    }

    #[handler(local)]
    fn actor_ended(&mut self, cx: &Context<Self>, key: ResourceKey, end: End) {
        self.residents.remove(&key);
        match end {
            End::Stopped => self.actors.set(cx, key, Status::Stopped, None),
            End::Failed(failure) => {
                let reason = failure.to_string();
                // One that never came up has done no harm: its spawn says so.
                if self.actors.status(key) != Status::Initializing {
                    self.poisoned.get_or_insert_with(|| reason.clone());
                }
                self.actors.set(cx, key, Status::failed(reason), None);
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
            poisoned: None,
            shut_down,
            logs,
            owners: Owners::new(owner),
            asked: Vec::new(),
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
        if let Some(cause) = &agent.poisoned {
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
            started: AtomicBool::new(false),
        });
        let label = agent.actors.state(key).label;
        let params = Payload { body: spec.params.clone(), parts: Vec::new() };
        let options = SpawnOptions { uid: key.uid, label, env, supervisor };
        let resident =
            entry.spawn(agent.proc.outbox(), &params, options).map_err(|error| error.to_string())?;
        agent.residents.insert(key, resident);
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
impl Handler<OwnerEnded> for ProcAgent {
    async fn handle(&mut self, cx: &Context<ProcAgent>, message: OwnerEnded) {
        let Some(reply) = cx.deferred_reply() else { return };
        match self.proc.resident(message.owner) {
            None => reply.answer(()),
            Some(resident) if resident.ends_with_proc() => self.asked.push(reply),
            Some(resident) => {
                tokio::spawn(async move {
                    resident.ended().await;
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
}

impl Supervisor for Managed {
    fn owner(&self) -> Option<crate::ident::ActorId> {
        Some(self.owner.id.clone())
    }

    fn started(&self, id: &ActorId) {
        self.started.store(true, Ordering::Relaxed);
        post_control(&self.agent, ProcAgentActorStarted { key: self.key, id: id.clone() });
    }

    fn ended(&self, id: &ActorId, end: &End) {
        if let End::Failed(failure) = end
            && self.started.load(Ordering::Relaxed)
        {
            let scope = crate::actor::Scope {
                outbox: &self.outbox,
                sender: id,
                deadline: None,
                chain: None,
                is_actor: true,
            };
            tell_owner(scope, &self.owner, failure);
        }
        post_control(&self.agent, ProcAgentActorEnded { key: self.key, end: end.clone() });
    }
}
