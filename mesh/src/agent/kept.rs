//! What a host knows of the procs that it brings back after a death (`RankPolicy::RespawnRank`): how often they came back,
//! and which actors lived in them; and of all procs, which actors have others end with them (`RankPolicy::FailMesh`).
//!
//! Each proc tells the agent of its host what was spawned in it, before the spawn is answered, and what has ended. So the
//! host has it when the proc is dead, whoever has spawned it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lease::Asking;
use super::whole::Whole;
use super::{ActorSpec, HOST_AGENT, HostAgent, ProcSpec, agent_mesh};
use crate::actor::ActorRef;
use crate::addr::{PortAddr, ProcAddr};
use crate::clock;
use crate::ident::{ActorId, Label, ProcId, Uid};
use crate::proc::Proc;
use crate::request::{PortRef, Ports};
use crate::resource::ResourceKey;
use crate::supervision::{Cause, RestartHistory, RestartPolicy};
use crate::wire::cast::system_proc;

/// How many actors of one proc come back with it.
pub const KEPT_MAX: usize = 65_536;

/// How long a host may take to note an actor: it is there as long as the proc is.
const NOTED_WITHIN: Duration = Duration::from_secs(u32::MAX as u64);

/// An actor that comes back with its proc.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptActor {
    /// Which.
    pub key: ResourceKey,
    /// Its name.
    pub label: Label,
    /// What it is made from, with the life that it is in.
    pub spec: ActorSpec,
}

impl KeptActor {
    /// Who it is, in a proc.
    pub(super) fn id(&self, proc: &ProcId) -> ActorId {
        let id = ActorId::new(proc.clone(), self.key.uid, self.label.clone());
        ActorId { incarnation: self.spec.incarnation, ..id }
    }
}

/// What a proc tells of what lives in it, to who is to know when its host is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Note {
    /// An actor comes back with it.
    Keep {
        /// How many lives the proc had before.
        life: u32,
        /// Which.
        actor: Box<KeptActor>,
    },
    /// One does not any more.
    Forget(ResourceKey),
}

/// A proc that another host is to bring back: its own is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakenOver {
    /// Which.
    pub key: ResourceKey,
    /// Its name.
    pub label: Label,
    /// What it is made from.
    pub spec: ProcSpec,
    /// How many lives it had before the one that was lost.
    pub life: u32,
    /// The actors that lived in it.
    pub actors: Vec<KeptActor>,
    /// Why it is lost.
    pub cause: Cause,
}

/// A proc that comes back.
#[derive(Default)]
pub(super) struct Kept {
    history: RestartHistory,
    /// How many lives it had before this one.
    pub(super) life: u32,
    /// Why the life before ended, and after which pause the next begins, while it is away.
    pub(super) away: Option<(Cause, Duration)>,
    /// Its next life is being started.
    pub(super) starts: bool,
    actors: BTreeMap<ResourceKey, (Label, ActorSpec)>,
}

impl Kept {
    /// Of a proc whose host is lost.
    pub(super) fn taken_over(life: u32, actors: Vec<KeptActor>) -> Kept {
        let actors = actors.into_iter().map(|KeptActor { key, label, spec }| (key, (label, spec))).collect();
        Kept { life, actors, ..Kept::default() }
    }

    /// It has died: whether it comes back, and after which pause; if it died too often, the cause says so.
    pub(super) fn died(&mut self, policy: RestartPolicy, cause: Cause) -> (Cause, Option<Duration>) {
        match self.history.failed(policy, clock::now(), &cause) {
            Some(after) => {
                self.begin_life(cause.clone(), after);
                (cause, Some(after))
            }
            None => (self.history.give_up(policy, cause), None),
        }
    }

    /// Its next life is to begin, and that of all that lives in it.
    pub(super) fn begin_life(&mut self, cause: Cause, after: Duration) {
        self.life = self.life.saturating_add(1);
        self.away = Some((cause, after));
        for (_, spec) in self.actors.values_mut() {
            spec.incarnation = spec.incarnation.saturating_add(1);
        }
    }

    /// An actor lives in it. What is too much does not come back, which is logged.
    pub(super) fn keep(&mut self, actor: KeptActor) {
        if self.actors.len() >= KEPT_MAX && !self.actors.contains_key(&actor.key) {
            tracing::warn!(actor = %actor.label, "more than {KEPT_MAX} actors in a proc: it will not come back with it");
            return;
        }
        self.actors.insert(actor.key, (actor.label, actor.spec));
    }

    pub(super) fn forget(&mut self, key: ResourceKey) {
        self.actors.remove(&key);
    }

    /// The meshes of actors that fail whole now that it does not come back; they do not live again, if it does after all.
    pub(super) fn take_wholes(&mut self) -> Vec<(Uid, Whole)> {
        let whole = self.actors.extract_if(.., |_, (_, spec)| spec.whole.is_some());
        whole.filter_map(|(key, (_, spec))| Some((key.uid, spec.whole?))).collect()
    }

    /// Those that come back.
    pub(super) fn actors(&self) -> Vec<KeptActor> {
        let actors = self.actors.iter();
        actors
            .map(|(key, (label, spec))| KeptActor { key: *key, label: label.clone(), spec: spec.clone() })
            .collect()
    }
}

/// Where a proc notes the actors that live in it.
pub struct Keeper {
    proc: ResourceKey,
    /// Whether the proc comes back; otherwise only those are noted that others end with.
    returns: bool,
    /// Which life of the proc this is, less one.
    life: u32,
    agent: ActorRef<HostAgent>,
    /// Who is told besides, for the case that the host is lost.
    guardian: Option<PortRef<Note>>,
    own: Asking,
}

impl Keeper {
    /// The host of a proc of `mesh`, which `returns` after its death.
    pub fn of(proc: &Proc, mesh: Uid, (returns, life): (bool, u32), guardian: Option<PortAddr>) -> Keeper {
        let rank = proc.id().rank.unwrap_or(0);
        let at = proc.outbox().gateway().location();
        let host = ProcAddr { id: system_proc(&at), at };
        let (agents, own) = (agent_mesh(HOST_AGENT), agent_mesh(super::PROC_AGENT));
        Keeper {
            proc: ResourceKey { uid: mesh, rank },
            returns,
            life,
            guardian: guardian.map(|port| PortRef::new(port, rank)),
            agent: ActorRef::at(host.actor(agents.uid, agents.label)),
            own: Asking {
                outbox: proc.outbox().clone(),
                agent: ActorId::new(proc.id().clone(), own.uid, own.label),
            },
        }
    }

    /// Whether an actor is noted.
    pub(super) fn keeps(&self, spec: &ActorSpec) -> bool {
        self.returns || spec.whole.is_some()
    }

    /// What is noted of one: of a proc that does not come back the host holds no ports.
    pub(super) fn noted(&self, spec: ActorSpec) -> ActorSpec {
        if self.returns { spec } else { ActorSpec { ports: Ports::default(), ..spec } }
    }

    pub(super) fn keep(&self, actor: KeptActor) {
        // A port is lent to the host alone: who else would hold it is not asked.
        let spec = ActorSpec { ports: Ports::default(), ..actor.spec.clone() };
        let noted = Box::new(KeptActor { spec, ..actor.clone() });
        self.note(Note::Keep { life: self.life, actor: noted });
        // A call takes its place at once; a plain message is refused by an agent that has too much to do.
        let noted = self.agent.keep_actor(self.proc, actor).timeout(NOTED_WITHIN).call(&self.own);
        tokio::spawn(noted);
    }

    /// Goes the way that the answer to a spawn goes, and before it.
    fn note(&self, note: Note) {
        if let Some(guardian) = &self.guardian
            && let Err(kind) = guardian.post_control(&self.own, &note)
        {
            tracing::debug!(%kind, "what comes back with a proc is not known but to its host");
        }
    }

    pub(super) fn forget(&self, key: ResourceKey) {
        self.note(Note::Forget(key));
        let noted = self.agent.forget_actor(self.proc, key).timeout(NOTED_WITHIN).call(&self.own);
        tokio::spawn(noted);
    }
}
