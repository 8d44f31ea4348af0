//! The agent of a host: starts and ends its procs, and reports how they end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lease::{Asking, Owners};
use super::{HOST_AGENT, PROC_AGENT, ProcAgent, tell_owner};
use crate::actor::{ActorHandle, ActorRef, Caller, Context, Handler, ReplyTo};
use crate::addr::{ActorAddr, Location, ProcAddr};
use crate::bootstrap::{ChildKind, ProcessHandle};
use crate::config;
use crate::host::{ChildSpec, Host};
use crate::ident::{ActorId, GatewayId, MeshId, ProcId, Uid};
use crate::log::StreamKind;
use crate::message::{HandlerDescriptor, HandlerSchema, Message, RemoteMessage};
use crate::request::{PortRef, post_control};
use crate::resource::{Progress, Resource, ResourceKey, ResourceTable, stop_one};
use crate::schema::schema_of;
use crate::supervision::{Cause, Exit, Failure, Subject};
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
}

/// What is seen of a proc.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

// A message for each proc of a mesh that is made: a host may have more of them than a user's mailbox holds.
#[crate::actor(
    name = "mesh.HostAgent",
    mailbox(capacity = 65_536),
    handles(ShutdownHost),
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
        match outcome {
            Ok(handle) => {
                let Some(spec) = self.procs.spec(key) else { return };
                let proc = ProcId::of_mesh(&spec.mesh, key.rank);
                let state = ProcState { proc: proc.clone(), pid: handle.pid(), exit: None };
                self.running.insert(key, handle.clone());
                let (me, watched) = (cx.handle(), handle);
                let within = self.host.config().get(config::EXIT_STATUS_WAIT);
                tokio::spawn(async move {
                    let exit = watched.exited_or_given_up(within).await;
                    post_control(&me, HostAgentChildExited { key, exit });
                });
                if self.procs.status(key) == Status::Stopping {
                    // It was stopped while it started.
                    self.end_child(cx, key);
                }
                self.procs.set(cx, key, Status::Running, Some(state));
            }
            Err(reason) => {
                let asked = self.procs.status(key) == Status::Stopping;
                let status = if asked { Status::Stopped } else { Status::failed(reason) };
                self.procs.set(cx, key, status, None);
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
            self.procs.set(cx, key, Status::Stopped, Some(state));
        } else {
            let cause = cause_of(&proc, &handle, exit);
            let status = Status::failed(cause.to_string());
            let failure =
                Failure { subject: Subject::Proc(proc), mesh: Some(spec.mesh), ranks: vec![key.rank], cause };
            // SUP-6: the owner is told before the status is seen.
            tell_owner(cx.scope(), &spec.owner, &failure);
            self.procs.set(cx, key, status, Some(state));
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
        }
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
        let Some((addr, _)) = self.child_at(key) else { return };
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
        let (host, spec, me): (Host, ProcSpec, ActorHandle<HostAgent>) =
            (agent.host.clone(), spec.clone(), cx.handle());
        let proc = ProcId::of_mesh(&spec.mesh, key.rank);
        let (owner, told) = (spec.owner.clone(), cx.handle());
        agent.owners.watch(cx.scope(), &spec.owner, move || {
            post_control(&told, HostAgentOwnerGone { owner });
        });
        tokio::spawn(async move {
            let started = host.start(&proc, &spec.child, Some(&spec.owner.id)).await;
            let outcome = started.map(|started| started.handle).map_err(|error| error.to_string());
            post_control(&me, HostAgentChildStarted { key, outcome });
        });
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
