//! Sees to what nobody else does when a host of procs is lost (`SUP-2`, `SUP-4`).
//!
//! How a proc ends is told by the agent of its host. A host that is lost can tell nothing; the owner of the host hears of
//! that, but the owner of its procs may be another, and an attached host has no owner. So that one's agent is asked, once
//! for each proc, to answer when the proc has ended; if the host is lost first, the gateway that knows answers in its
//! place (`CALL-1`). What the host has told of before it was lost is not told again ([`HearsOnce`]); of a proc that has
//! ended and comes back after all the agent is asked anew.
//!
//! A mesh that does not go on without one of its ranks is stopped then: its other agents do not hear of the loss.
//! A mesh whose ranks come back gets those of the lost host back on another one (see `returning`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::returning::Returning;
use crate::actor::Scope;
use crate::addr::ActorAddr;
use crate::agent::{ActorKind, HOST_AGENT, HostAgent, PROC_AGENT, ProcKind, Whole, tell_owner};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{ActorId, MeshId, ProcId, Uid};
use crate::outbox::{HearsOnce, Outbox};
use crate::port::{Next, PortGuard, PortItem, PortSink};
use crate::request::{Cast, Limit};
use crate::resource::WaitRankStatus;
use crate::supervision::{Cause, Failure, Subject};
use crate::value::StatusClass;

/// How long the question may wait: longer than any proc lives.
const ASKED_FOR: Duration = Duration::from_secs(u32::MAX as u64);

/// What a cause begins with that says so by itself.
const LINK_LOST: &str = "the link was lost: ";

/// What is stopped when a host is lost.
pub(super) enum Ends {
    /// The procs themselves.
    Procs(Whole),
    /// Actors in them: which mesh.
    Actors(Uid, Whole),
}

/// What follows from the loss of a host.
pub(super) struct OnLoss {
    /// The owner of the procs is told of each.
    pub(super) tells: bool,
    /// What does not go on then.
    pub(super) ends: Option<Ends>,
    /// How its procs come back.
    pub(super) returning: Option<Returning>,
}

/// The watch over the hosts of a mesh of procs. Dropped, it ends.
pub(super) struct HostsWatch {
    watch: Arc<Watch>,
    _once: Option<HearsOnce>,
    _notes: Option<PortGuard>,
}

impl HostsWatch {
    /// Watches the hosts whose agents these are, at each rank of `mesh`, for the owner that `scope` is.
    pub(super) fn start(
        scope: Scope<'_>,
        agents: &Cast<HostAgent>,
        mesh: &MeshId,
        on_loss: OnLoss,
        notes: Option<PortGuard>,
    ) -> HostsWatch {
        let hears = on_loss.tells || on_loss.returning.is_some();
        let watch = Arc::new(Watch {
            outbox: Arc::downgrade(scope.outbox),
            teller: scope.sender.clone(),
            owner: scope.owner(),
            agents: agents.clone(),
            mesh: mesh.clone(),
            on_loss,
            stopped: AtomicBool::new(false),
            asked: Mutex::default(),
        });
        let returns = Arc::downgrade(&watch);
        let once = hears.then(|| {
            let returns = move |rank| {
                if let Some(watch) = returns.upgrade() {
                    if let Some(returning) = &watch.on_loss.returning {
                        returning.lives(rank);
                    }
                    watch.asked().returned.insert(rank);
                    watch.ask_again(rank);
                }
            };
            scope.outbox.hears_once(mesh.uid, Arc::new(returns))
        });
        watch.ask(scope, agents, 0);
        HostsWatch { watch, _once: once, _notes: notes }
    }

    /// Nothing comes back any more: to be said before a stop is sent.
    pub(super) fn end_returns(&self) {
        if let Some(returning) = &self.watch.on_loss.returning {
            returning.end();
        }
    }
}

impl Drop for HostsWatch {
    fn drop(&mut self) {
        self.end_returns();
    }
}

/// What was asked.
#[derive(Default)]
struct Asked {
    /// The ports of the questions, by their first rank.
    ports: BTreeMap<u32, PortGuard>,
    /// The ranks whose agents have answered, or were answered for.
    answered: BTreeSet<u32>,
    /// The ranks that have ended on hosts that were not lost.
    ended: BTreeSet<u32>,
    /// The ranks that have come back since they were asked for. That may be heard before the answer is: replies wait for
    /// others on their way.
    returned: BTreeSet<u32>,
}

pub(super) struct Watch {
    pub(super) outbox: Weak<Outbox>,
    pub(super) teller: ActorId,
    pub(super) owner: ActorAddr,
    agents: Cast<HostAgent>,
    pub(super) mesh: MeshId,
    pub(super) on_loss: OnLoss,
    stopped: AtomicBool,
    asked: Mutex<Asked>,
}

/// Takes the answers to one question, whose first rank is this one.
struct Answers {
    watch: Weak<Watch>,
    first: u32,
}

impl PortSink for Answers {
    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        if let Some(watch) = self.watch.upgrade() {
            watch.answered(self.first + slot, item);
        }
        Ok(Next::Keep)
    }
}

impl Watch {
    fn asked(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks agents, the first of which is that of rank `first`.
    fn ask(self: &Arc<Self>, scope: Scope<'_>, agents: &Cast<HostAgent>, first: u32) {
        let limit = Limit { after: ASKED_FOR, at: clock::now() + ASKED_FOR };
        let question = WaitRankStatus::<ProcKind>::new(self.mesh.uid, StatusClass::Stopped);
        let answers = Answers { watch: Arc::downgrade(self), first };
        let port = agents.call_to(scope, &question, limit, Arc::new(answers), None);
        let before = port.and_then(|port| self.asked().ports.insert(first, port));
        drop(before);
    }

    /// A rank is to come back, or its agent has answered: when both are so, it is asked anew.
    fn ask_again(self: &Arc<Self>, rank: u32) {
        {
            let mut asked = self.asked();
            if !(asked.answered.contains(&rank) && asked.returned.contains(&rank)) {
                return;
            }
            asked.answered.remove(&rank);
            asked.returned.remove(&rank);
            asked.ended.remove(&rank);
        }
        let at = rank as usize;
        if let Ok(view) = self.agents.view().try_slice(at..at + 1) {
            let agent = Cast::new(self.agents.mesh().clone(), view);
            self.with_scope(|scope| self.ask(scope, &agent, rank));
        }
    }

    fn answered(self: &Arc<Self>, rank: u32, item: PortItem) {
        let proc = ProcId::of_mesh(&self.mesh, rank);
        let cause = match item {
            // Whoever has ended was told of by its host.
            PortItem::Value(_) | PortItem::Lent(_) => {
                {
                    let mut asked = self.asked();
                    asked.answered.insert(rank);
                    asked.ended.insert(rank);
                }
                return self.ask_again(rank);
            }
            PortItem::Failed(CallErrorKind::Unreachable { reason }) => {
                let reason = reason.strip_prefix(LINK_LOST).unwrap_or(&reason).to_owned();
                Cause::LinkLost { proc: proc.clone(), reason, exit: None }
            }
            PortItem::Failed(CallErrorKind::ProcLost { proc, exit, stderr_tail }) => {
                Cause::ProcExit { proc, exit, stderr_tail }
            }
            // The agent could not be asked, which says nothing of the proc.
            PortItem::Failed(kind) => {
                tracing::warn!(%proc, %kind, "that the host of a proc is lost would not be told");
                return;
            }
        };
        self.asked().answered.insert(rank);
        match &self.on_loss.returning {
            Some(returning) => returning.lost(self, rank, cause),
            None => self.lost(rank, cause),
        }
    }

    /// The ranks among these that have not ended.
    pub(super) fn living(&self, ranks: std::ops::Range<u32>) -> Vec<u32> {
        let asked = self.asked();
        ranks.filter(|rank| !asked.ended.contains(rank)).collect()
    }

    pub(super) fn with_scope<R>(&self, f: impl FnOnce(Scope<'_>) -> R) -> Option<R> {
        let outbox = self.outbox.upgrade()?;
        let sender = &self.teller;
        Some(f(Scope { outbox: &outbox, sender, deadline: None, chain: None, is_actor: false }))
    }

    /// A rank is lost with its host.
    pub(super) fn lost(&self, rank: u32, cause: Cause) {
        let why = cause.to_string();
        // That one which was to come back does not is told in any case.
        if self.on_loss.tells || self.on_loss.returning.is_some() {
            let subject = Subject::Proc(ProcId::of_mesh(&self.mesh, rank));
            let failure = Failure { subject, mesh: Some(self.mesh.clone()), ranks: vec![rank], cause };
            self.with_scope(|scope| tell_owner(scope, &self.owner, &failure));
        }
        if let Some(ends) = &self.on_loss.ends
            && !self.stopped.swap(true, Ordering::Relaxed)
        {
            self.with_scope(|scope| match ends {
                Ends::Procs(whole) => whole.stop::<ProcKind>(scope, HOST_AGENT, self.mesh.uid, why),
                Ends::Actors(id, whole) => whole.stop::<ActorKind>(scope, PROC_AGENT, *id, why),
            });
        }
    }
}
