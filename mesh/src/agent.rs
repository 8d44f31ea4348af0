//! The agents: the actors that manage procs and the actors in them, over the ordinary message path.
//!
//! Both are written with mesh's own annotations and its resource table, as a user would write an agent.

mod host_agent;
mod kept;
mod lease;
mod poison;
mod proc_agent;
mod whole;

pub use host_agent::{
    HostAgent, HostAgentFlushEnded, HostedProc, ProcKind, ProcSpec, ProcState, ShutdownHost,
};
pub use kept::{KEPT_MAX, Keeper, KeptActor, Note, TakenOver};
pub use lease::OwnerEnded;
pub use proc_agent::{ActorKind, ActorSpec, ActorState, NotEnsured, ProcAgent};
pub use whole::Whole;

use crate::actor::{EVENT, FAILURE, Scope};
use crate::addr::ActorAddr;
use crate::ident::{MeshId, Uid, name_hash};
use crate::supervision::{Failure, SupervisionEvent};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

/// The host agent of every host, in its system proc.
pub const HOST_AGENT: Uid = Uid(name_hash("mesh.host_agent"));

/// The proc agent of every proc.
pub const PROC_AGENT: Uid = Uid(name_hash("mesh.proc_agent"));

/// The mesh that the agents of a kind form over whatever procs.
pub fn agent_mesh(uid: Uid) -> MeshId {
    let label = if uid == HOST_AGENT { "host_agent" } else { "proc_agent" };
    MeshId { uid, label: label.into() }
}

/// Tells an owner of a failure. An owner that cannot be reached is gone, and what it owned goes with it.
pub(crate) fn tell_owner(scope: Scope<'_>, owner: &ActorAddr, failure: &Failure) {
    match Payload::of(failure) {
        Ok(payload) => {
            let headers = scope.outbox.headers(scope.sender, Lane::Control);
            let to = Destination::handler(owner, FAILURE);
            scope.outbox.gateway().post_or_bounce(Envelope { to, headers, body: Body::Message(payload) });
        }
        Err(error) => tracing::error!(%failure, %error, "a failure could not be told to its owner"),
    }
}

/// Tells an owner of what is no failure.
pub(crate) fn tell_owner_event(scope: Scope<'_>, owner: &ActorAddr, event: &SupervisionEvent) {
    match Payload::of(event) {
        Ok(payload) => {
            let headers = scope.outbox.headers(scope.sender, Lane::Control);
            let to = Destination::handler(owner, EVENT);
            scope.outbox.gateway().post_or_bounce(Envelope { to, headers, body: Body::Message(payload) });
        }
        Err(error) => tracing::warn!(%event, %error, "an event could not be told to its owner"),
    }
}
