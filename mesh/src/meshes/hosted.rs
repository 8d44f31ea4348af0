//! Tells the owner of procs that a host of theirs is lost, where nobody else does (`SUP-2`).
//!
//! How a proc ends is told by the agent of its host. A host that is lost can tell nothing; the owner of the host hears of
//! that, but the owner of its procs may be another, and an attached host has no owner. So that one's agent is asked, once
//! for each proc, to answer when the proc has ended; if the host is lost first, the gateway that knows answers in its
//! place (`CALL-1`). What the host has told of before it was lost is not told again ([`HearsOnce`]).

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::actor::Scope;
use crate::addr::ActorAddr;
use crate::agent::{HostAgent, ProcKind, tell_owner};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{ActorId, MeshId, ProcId};
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

/// The watch over the hosts of a mesh of procs. Dropped, it ends.
pub(super) struct HostsWatch {
    _port: PortGuard,
    _once: HearsOnce,
}

impl HostsWatch {
    /// Watches the hosts whose agents these are, at each rank of `mesh`, for the owner that `scope` is.
    pub(super) fn start(scope: Scope<'_>, agents: &Cast<HostAgent>, mesh: &MeshId) -> Option<HostsWatch> {
        let limit = Limit { after: ASKED_FOR, at: clock::now() + ASKED_FOR };
        let question = WaitRankStatus::<ProcKind>::new(mesh.uid, StatusClass::Stopped);
        let sink = LossSink {
            outbox: Arc::downgrade(scope.outbox),
            teller: scope.sender.clone(),
            owner: scope.owner(),
            mesh: mesh.clone(),
        };
        let once = scope.outbox.hears_once(mesh.uid);
        let port = agents.call_to(scope, &question, limit, Arc::new(sink), None)?;
        Some(HostsWatch { _port: port, _once: once })
    }
}

/// Takes the answers.
struct LossSink {
    outbox: Weak<Outbox>,
    teller: ActorId,
    owner: ActorAddr,
    mesh: MeshId,
}

impl PortSink for LossSink {
    fn put(&self, rank: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        // Whoever has ended was told of by its host.
        let PortItem::Failed(kind) = item else { return Ok(Next::Keep) };
        let proc = ProcId::of_mesh(&self.mesh, rank);
        let cause = match kind {
            CallErrorKind::Unreachable { reason } => {
                let reason = reason.strip_prefix(LINK_LOST).unwrap_or(&reason).to_owned();
                Cause::LinkLost { proc: proc.clone(), reason, exit: None }
            }
            CallErrorKind::ProcLost { proc, exit, stderr_tail } => {
                Cause::ProcExit { proc, exit, stderr_tail }
            }
            // The agent could not be asked, which says nothing of the proc.
            kind => {
                tracing::warn!(%proc, %kind, "that the host of a proc is lost would not be told");
                return Ok(Next::Keep);
            }
        };
        let subject = Subject::Proc(proc);
        let failure = Failure { subject, mesh: Some(self.mesh.clone()), ranks: vec![rank], cause };
        if let Some(outbox) = self.outbox.upgrade() {
            let sender = &self.teller;
            let scope = Scope { outbox: &outbox, sender, deadline: None, chain: None, is_actor: false };
            tell_owner(scope, &self.owner, &failure);
        }
        Ok(Next::Keep)
    }
}
