//! The tables of a gateway.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};

use super::awaiting::Awaiting;
use super::collect::Collectors;
use super::door::ExpectedPeer;
use super::fold::Folds;
use super::full::FullActors;
use super::held::Held;
use super::hold::Holds;
use super::place::Place;
use super::refusal::Refusals;
use super::relay::Relays;
use super::{Bounced, ExitObserver, LocalProc};
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::link::{Link, LinkId};
use crate::wire::envelope::Envelope;

/// How many ended procs are remembered, so that a late message learns how they ended.
const GONE_MAX: usize = 4096;

/// One established link.
pub(super) struct LinkEntry {
    pub(super) link: Link,
    pub(super) peer: GatewayId,
    /// The procs that the peer runs and showed a token for.
    pub(super) procs: Vec<ProcId>,
    /// The session, if it is the peer that dials it.
    pub(super) accepted: Option<AcceptedSession>,
}

/// The procs that are here, by identity. They are few: together they take no more than a node of a tree would.
#[derive(Default)]
pub(super) struct Procs(Vec<(ProcId, Weak<dyn LocalProc>)>);

impl Procs {
    fn place(&self, uid: Uid) -> Result<usize, usize> {
        self.0.binary_search_by_key(&uid, |(id, _)| id.uid)
    }

    /// Who it is, and itself, if it lives.
    pub(super) fn get(&self, uid: Uid) -> Option<(&ProcId, Option<Arc<dyn LocalProc>>)> {
        let (id, proc) = &self.0[self.place(uid).ok()?];
        Some((id, proc.upgrade()))
    }

    pub(super) fn insert(&mut self, id: ProcId, proc: Weak<dyn LocalProc>) {
        match self.place(id.uid) {
            Ok(place) => self.0[place] = (id, proc),
            Err(place) => self.0.insert(place, (id, proc)),
        }
    }

    pub(super) fn remove(&mut self, uid: Uid) {
        if let Ok(place) = self.place(uid) {
            self.0.remove(place);
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &ProcId> {
        self.0.iter().map(|(id, _)| id)
    }
}

/// What a peer shows that wants to go on with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AcceptedSession {
    pub(super) id: u64,
    pub(super) token: Option<[u8; 16]>,
}

pub(super) struct State {
    pub(super) location: Arc<Location>,
    pub(super) procs: Procs,
    pub(super) links: BTreeMap<LinkId, LinkEntry>,
    pub(super) by_proc: BTreeMap<Uid, LinkId>,
    pub(super) by_gateway: BTreeMap<Uid, LinkId>,
    pub(super) uplink: Option<LinkId>,
    pub(super) uplink_lost: bool,
    pub(super) awaiting: Awaiting,
    pub(super) collectors: Collectors,
    /// The gateways that casts reach over others.
    pub(super) relays: Relays,
    /// The accumulating ports whose items are merged here.
    pub(super) folds: Folds,
    /// What waits for room here.
    pub(super) holds: Holds,
    /// The actors elsewhere that have no room.
    pub(super) full: FullActors,
    pub(super) expected: BTreeMap<[u8; 16], ExpectedPeer>,
    pub(super) observers: BTreeMap<Uid, Arc<dyn ExitObserver>>,
    /// Envelopes for procs whose link is lost and whose exit status is not yet known.
    pub(super) departing: BTreeMap<Uid, Held>,
    /// What calls to a proc that is gone get.
    pub(super) gone: BTreeMap<Uid, CallErrorKind>,
    gone_order: VecDeque<Uid>,
    /// The places of procs that come back.
    pub(super) places: BTreeMap<Uid, Place>,
    /// Procs that are not where their addresses say: their hosts were lost, and others stand in.
    pub(super) moved: BTreeMap<Uid, Arc<Location>>,
    /// Envelopes for gateways that are being dialled.
    pub(super) dialing: BTreeMap<Uid, Held>,
    /// The route that was chosen last; see `Gateway::state`.
    pub(super) last_route: Option<(Uid, GatewayId, Link)>,
    /// The gateways with which there was no agreement lately.
    pub(super) refusals: Refusals,
    next_link: u64,
    sessions_dialled: u64,
}

impl State {
    pub(super) fn new(own: GatewayId, location: Arc<Location>) -> State {
        State {
            location,
            procs: Procs::default(),
            links: BTreeMap::new(),
            by_proc: BTreeMap::new(),
            by_gateway: BTreeMap::new(),
            uplink: None,
            uplink_lost: false,
            awaiting: Awaiting::new(),
            collectors: Collectors::new(own),
            relays: Relays::new(own),
            folds: Folds::default(),
            holds: Holds::new(own),
            full: FullActors::default(),
            expected: BTreeMap::new(),
            observers: BTreeMap::new(),
            departing: BTreeMap::new(),
            gone: BTreeMap::new(),
            gone_order: VecDeque::new(),
            places: BTreeMap::new(),
            moved: BTreeMap::new(),
            dialing: BTreeMap::new(),
            last_route: None,
            refusals: Refusals::default(),
            next_link: 1,
            sessions_dialled: 0,
        }
    }

    pub(super) fn next_link(&mut self) -> LinkId {
        let id = LinkId(self.next_link);
        self.next_link += 1;
        id
    }

    pub(super) fn link(&self, id: LinkId) -> Option<Link> {
        self.links.get(&id).map(|entry| entry.link.clone())
    }

    /// The number of the next session that `own` dials.
    pub(super) fn next_session(&mut self, own: GatewayId) -> u64 {
        self.sessions_dialled += 1;
        Uid(own.incarnation).member(self.sessions_dialled).0
    }

    /// The link of a session that `peer` has dialled.
    pub(super) fn accepted(&self, peer: GatewayId, session: AcceptedSession) -> Option<&Link> {
        let of_peer = |entry: &&LinkEntry| entry.peer == peer && entry.accepted == Some(session);
        self.links.values().find(of_peer).map(|entry| &entry.link)
    }

    /// Why a peer that has shown no token may not be `peer` to the gateway `own`, whose links are `links_max` at most.
    pub(super) fn objection(&self, peer: GatewayId, own: GatewayId, links_max: usize) -> Option<String> {
        let linked = |id: &LinkId| self.links.get(id).filter(|entry| entry.peer.uid == peer.uid);
        if peer.uid == own.uid {
            return Some(format!("{peer} is the gateway that was dialled"));
        }
        if self.uplink.as_ref().and_then(linked).is_some() {
            return Some(format!("{peer} is the parent of the gateway that was dialled"));
        }
        if self.by_gateway.get(&peer.uid).and_then(linked).is_some_and(|entry| !entry.procs.is_empty()) {
            return Some(format!("{peer} is a child of the gateway that was dialled, and shows no token"));
        }
        (self.links.len() >= links_max)
            .then(|| format!("there are {links_max} links already, as many as MESH_LINKS_MAX allows"))
    }

    /// Ends the links to earlier lives of `peer`, and those that it has given up: it has just dialled a new session.
    pub(super) fn end_earlier(&self, peer: GatewayId, accepted: bool) {
        for entry in self.links.values().filter(|entry| entry.peer.uid == peer.uid) {
            if entry.peer.incarnation != peer.incarnation {
                entry.link.give_up(&format!("{} was restarted; {peer} is there now", entry.peer));
            } else if accepted && entry.accepted.is_some() && !entry.link.is_connected() {
                entry.link.give_up(&format!("{peer} has begun another session"));
            }
        }
    }

    /// Lets what goes to `peer` take the link `id`, unless there is one that it takes already: changing it would change
    /// the order of what is on its way.
    pub(super) fn route_to(&mut self, peer: GatewayId, id: LinkId) {
        let current = self.by_gateway.get(&peer.uid).and_then(|id| self.links.get(id));
        if !current.is_some_and(|entry| entry.peer == peer && !entry.link.is_closed()) {
            self.by_gateway.insert(peer.uid, id);
        }
    }

    /// Remembers how a proc ended.
    pub(super) fn record_gone(&mut self, proc: &ProcId, kind: CallErrorKind) {
        if self.gone.insert(proc.uid, kind).is_none() {
            self.gone_order.push_back(proc.uid);
        }
        if self.gone_order.len() > GONE_MAX
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    pub(super) fn hold_departing(&mut self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let (proc, host) = (envelope.to.proc.uid, envelope.to.at.gateway.uid);
        if let Some(Place::Away(held)) = self.places.get_mut(&proc)
            && host != proc
        {
            return held.push(envelope);
        }
        let departing = if self.departing.contains_key(&proc) { proc } else { host };
        self.departing.entry(departing).or_default().push(envelope)
    }
}
