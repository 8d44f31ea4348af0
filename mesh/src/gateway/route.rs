//! The choice of a route: a pure function of the tables.

use std::sync::Arc;

use super::LocalProc;
use super::place::Place;
use super::state::State;
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, Uid};
use crate::link::{Link, LinkId};
use crate::wire::envelope::Destination;

/// Where an envelope goes next.
#[derive(Clone)]
pub(super) enum Step {
    Local(Arc<dyn LocalProc>),
    Link(Link),
    /// The door of this location is to be dialled first.
    Dial(Arc<Location>),
    /// The gateway of this location is to confirm first what was relayed to it.
    Confirm(Arc<Location>),
    /// The proc has just gone; how is not yet known, or it comes back.
    Depart,
    Bounce(CallErrorKind),
}

/// Chooses the next step for an envelope that came over `from`, or from here. What is on its `road` from another gateway
/// does not wait for what was relayed from this one (`relay`).
pub(super) fn choose(
    state: &State,
    own: GatewayId,
    to: &Destination,
    from: Option<LinkId>,
    road: Option<Uid>,
) -> Step {
    let proc = to.proc.uid;
    if let Some((id, local)) = state.procs.get(proc) {
        return match local {
            Some(local) => Step::Local(local),
            None => Step::Bounce(CallErrorKind::Unreachable { reason: format!("proc {id} has ended") }),
        };
    }
    if let Some(link) = state.by_proc.get(&proc).and_then(|id| state.link(*id)) {
        return Step::Link(link);
    }
    let moved = if state.moved.is_empty() { None } else { state.moved.get(&proc) };
    if moved.is_none() && state.departing.contains_key(&proc) {
        return Step::Depart;
    }
    let at = moved.unwrap_or(&to.at);
    let target = at.gateway;
    // What is for its own gateway is of its host, and is not held.
    if matches!(state.places.get(&proc), Some(Place::Away(_))) && target.uid != proc {
        return Step::Depart;
    }
    if let Some(kind) = state.gone.get(&proc).filter(|_| moved.is_none()) {
        return Step::Bounce(kind.clone());
    }
    let behind_here = target == own || target == state.location.gateway;
    if behind_here && (target == own || state.uplink.is_none() || state.uplink == from) {
        return Step::Bounce(CallErrorKind::Unreachable {
            reason: format!("there is no proc {} here", to.proc),
        });
    }
    to_gateway(state, at, from, road)
}

/// Chooses the next step for what goes to the gateway of a location, whatever proc it is for.
pub(super) fn to_gateway(state: &State, at: &Arc<Location>, from: Option<LinkId>, road: Option<Uid>) -> Step {
    let target = at.gateway;
    if state.dialing.contains_key(&target.uid) {
        // Behind those that are held, so that the order is kept.
        return Step::Dial(at.clone());
    }
    let linked = state.by_gateway.get(&target.uid).and_then(|id| Some((*id, state.links.get(id)?)));
    if let Some((_, entry)) = linked.filter(|(_, entry)| entry.peer.incarnation != target.incarnation) {
        let reason = format!("{target} was restarted; {} is there now", entry.peer);
        return Step::Bounce(CallErrorKind::Unreachable { reason });
    }
    if road.is_none() && state.relays.waits(target.uid) {
        return Step::Confirm(at.clone());
    }
    if let Some((_, entry)) = linked.filter(|(id, _)| Some(*id) != from) {
        return Step::Link(entry.link.clone());
    }
    // Behind a host that this process has started and that has ended: its exit says it.
    if state.departing.contains_key(&target.uid) {
        return Step::Depart;
    }
    if let Some(kind) = state.gone.get(&target.uid) {
        return Step::Bounce(kind.clone());
    }
    // What is relayed does not go back the way that it has come, over the parent.
    if let Some(uplink) = state.uplink
        && Some(uplink) != from
        && (road.is_none() || at.door.is_none())
        && let Some(link) = state.link(uplink)
    {
        return Step::Link(link);
    }
    if at.door.is_some() && Some(target) != from.and_then(|id| state.links.get(&id)).map(|entry| entry.peer) {
        return Step::Dial(at.clone());
    }
    Step::Bounce(CallErrorKind::Unreachable { reason: format!("no route to {target}") })
}
