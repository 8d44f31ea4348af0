//! Casts: one envelope for each link that leads on, split again at each gateway on the way.
//!
//! ```text
//! sender ── cast of ranks 0..8 ──► gateway ─┬─ cast of 0..4 ─► host ─┬─ rank 0 ─► proc
//!                                           │                       ├─ rank 1 ─► proc
//!                                           └─ cast of 4..8 ─► host ─ …
//! ```
//!
//! Each rank takes the road that an envelope to it alone takes, and is handed on in its turn: what a sender casts and
//! what it sends stay in order at each destination, whatever is split where (`DEL-1`). A link that one rank alone is
//! behind carries its plain envelope. Where there are many links, other gateways send it on (`relay`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::awaiting;
use super::relay::came_late;
use super::route::{self, Step};
use super::state::State;
use super::{Bounced, Gateway, LocalProc};
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, Uid};
use crate::link::{Link, LinkId};
use crate::wire::cast::{Cast, Manifest, Member, manifest_of};
use crate::wire::envelope::{Destination, Envelope, Target};

/// Where a part of a cast goes on.
#[derive(Clone)]
enum Way {
    Link(Link),
    Dial(Arc<Location>),
    Confirm(Arc<Location>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum WayId {
    Link(LinkId),
    Dial(Uid),
}

/// How a cast goes to a gateway.
enum Over {
    Straight,
    /// Over the gateway that this leads to.
    Link(Link),
    /// Over one that has sent it here.
    Round,
}

/// A part of a cast that goes one way, or a member that goes alone.
enum Part {
    Along(Box<Along>),
    /// So far the only one that goes this way.
    One(Way, Member),
    Alone(Step, Member),
}

impl Part {
    /// The part that goes one way, to which more may be added.
    fn along(&mut self, manifest: &Manifest) -> Option<&mut Along> {
        if let Part::One(way, member) = self {
            let mut along = Along { way: way.clone(), to: manifest.emptied(), is_relayed: false };
            along.to.push(member);
            *self = Part::Along(Box::new(along));
        }
        match self {
            Part::Along(along) => Some(along),
            Part::One(..) | Part::Alone(..) => None,
        }
    }
}

/// A part that goes one way.
struct Along {
    way: Way,
    to: Manifest,
    /// Whether some are behind other gateways, which it is sent on to from there.
    is_relayed: bool,
}

impl Gateway {
    /// Sends a message to many on its way, as [`Gateway::post`] does to one. What cannot go is given to `failed`, as the
    /// envelope of its rank.
    pub fn post_cast(&self, cast: Cast, mut failed: impl FnMut(Bounced)) {
        self.go_cast(cast, None, &mut failed);
    }

    /// Takes in a cast that came over a link.
    pub(super) fn cast_arrived(&self, link: LinkId, envelope: &Envelope) {
        match Cast::open(envelope) {
            Ok(cast) if cast.manifest.epochs().is_empty() => {
                self.go_cast(cast, Some(link), &mut |bounced| self.hold_or_bounce(link, bounced));
            }
            Ok(cast) => self.relayed_arrived(link, envelope, cast),
            Err(error) => {
                self.count_lost();
                tracing::warn!(%link, %error, "a malformed cast was dropped");
            }
        }
    }

    pub(super) fn go_cast(&self, mut cast: Cast, from: Option<LinkId>, failed: &mut dyn FnMut(Bounced)) {
        let mut late = Vec::new();
        let (mut refused, mut behind) = (Vec::new(), Vec::new());
        let parts = {
            let mut state = self.state();
            // Replies that go on over a link are gathered here.
            if from.is_some() && cast.manifest.len() > 1 {
                state.collectors.open(&mut cast);
            }
            let road = cast.manifest.epochs().first().map(|epoch| epoch.of);
            let mut ways: BTreeMap<WayId, usize> = BTreeMap::new();
            let mut parts: Vec<Part> = Vec::new();
            for member in cast.manifest.members() {
                let to =
                    Destination { proc: member.proc.clone(), at: member.at.clone(), target: Target::Cast };
                let mut is_relayed = false;
                let step = route::choose(&state, self.0.id, &to, from, road);
                let step = match state.relay_of(self.0.id, &step, &member, &cast) {
                    Over::Straight => step,
                    Over::Link(link) => {
                        is_relayed = true;
                        Step::Link(link)
                    }
                    Over::Round => Step::Bounce(came_late()),
                };
                let (id, way) = match step {
                    Step::Link(link) => (WayId::Link(link.id()), Way::Link(link)),
                    Step::Dial(at) => (WayId::Dial(at.gateway.uid), Way::Dial(at)),
                    Step::Confirm(at) => (WayId::Dial(at.gateway.uid), Way::Confirm(at)),
                    Step::Depart => {
                        late.extend(state.hold_departing(cast.one(member)).err());
                        continue;
                    }
                    step @ (Step::Local(_) | Step::Bounce(_)) => {
                        parts.push(Part::Alone(step, member));
                        continue;
                    }
                };
                if let (Some(link), None) = (from, road)
                    && state.holds.is_held(member.proc.uid, cast.manifest.actor())
                {
                    // What was sent before waits for room here (`HOLD-1`).
                    behind.push((link, member));
                    continue;
                }
                if from.is_none()
                    && cast.headers.reply_to.is_none()
                    && let (Way::Link(_), Some(kind)) =
                        (&way, state.full.refuses(member.proc.uid, cast.manifest.actor()))
                {
                    late.push(Box::new(Bounced { envelope: cast.one(member), kind }));
                    continue;
                }
                let at = *ways.entry(id).or_insert(parts.len());
                // What is relayed names its epochs, however few it is for.
                if at == parts.len() && !is_relayed && road.is_none() {
                    parts.push(Part::One(way, member));
                    continue;
                }
                if at == parts.len() {
                    let to = cast.manifest.emptied();
                    parts.push(Part::Along(Box::new(Along { way, to, is_relayed: false })));
                }
                if let Some(along) = parts[at].along(&cast.manifest) {
                    along.to.push(&member);
                    along.is_relayed |= is_relayed;
                }
            }
            if ways.len() > self.0.config.cast_fanout && cast.headers.lent.is_none() {
                let of = road.unwrap_or(self.0.id.uid);
                // Who has no door is reached by nobody else.
                let doors = parts
                    .iter_mut()
                    .filter(|part| matches!(part, Part::One(_, one) if one.at.door.is_some()));
                doors.for_each(|part| {
                    part.along(&cast.manifest);
                });
                relay_some(&mut state, &mut parts, (of, from), self.0.config.cast_fanout);
            }
            let epoch = state.relays.epoch();
            let (mut each, mut over) = (cast.manifest.emptied(), Vec::new());
            for part in &mut parts {
                match part {
                    Part::One(Way::Link(link), member) => {
                        each.push(member);
                        over.push(link.id());
                    }
                    Part::Along(along) => {
                        let Along { way: Way::Link(link), to, is_relayed } = &mut **along else { continue };
                        // Under the lock that the link was found under: its loss finds the calls (`GATE-2`).
                        let over = awaiting::Over::One(link.id());
                        state.awaiting.sent_cast(&over, &cast.headers, to, *is_relayed);
                        if !*is_relayed {
                            continue;
                        }
                        to.relay(epoch);
                        // Under the lock, too: a question that is asked later goes behind it (`RELAY-1`).
                        if let Ok(envelope) = cast.envelope(to) {
                            self.0.counters.forwarded.fetch_add(1, Ordering::Relaxed);
                            refused.extend(link.post(envelope).err().map(|refused| (link.clone(), refused)));
                            *to = to.emptied();
                        }
                    }
                    Part::One(..) | Part::Alone(..) => {}
                }
            }
            // As above.
            state.awaiting.sent_cast(&awaiting::Over::Each(over), &cast.headers, &each, false);
            parts
        };
        let cast = Arc::new(cast);
        late.into_iter().for_each(|bounced| failed(*bounced));
        for (link, member) in behind {
            self.hold(link, cast.one(member), None).unwrap_or_else(|bounced| failed(*bounced));
        }
        for (link, refused) in refused {
            let Err(bounced) = self.refused(&link, refused) else { continue };
            let Bounced { envelope, kind } = *bounced;
            each_of(&envelope)
                .into_iter()
                .for_each(|envelope| failed(Bounced { envelope, kind: kind.clone() }));
        }
        for part in parts {
            match part {
                Part::Alone(step, member) => {
                    let envelope = cast.one(member);
                    let sent = match step {
                        Step::Local(proc) => self.hand_in_from(from, &proc, envelope),
                        Step::Bounce(kind) => Err(Box::new(Bounced { envelope, kind })),
                        Step::Link(_) | Step::Dial(_) | Step::Confirm(_) | Step::Depart => {
                            unreachable!("handled above")
                        }
                    };
                    sent.unwrap_or_else(|bounced| failed(*bounced));
                }
                Part::One(way, member) => {
                    let sent = match &way {
                        Way::Link(link) => self.post_one_to(link, &cast, member),
                        _ => self.send_way(&way, cast.one(member)),
                    };
                    sent.unwrap_or_else(|bounced| failed(*bounced));
                }
                Part::Along(along) if along.to.is_empty() => {}
                Part::Along(along) => self.send_along(&cast, &along.way, &along.to, failed),
            }
        }
    }

    /// Hands an envelope in, behind what is held for its actor if it comes from elsewhere.
    fn hand_in_from(
        &self,
        from: Option<LinkId>,
        proc: &Arc<dyn LocalProc>,
        envelope: Envelope,
    ) -> Result<(), Box<Bounced>> {
        match from.filter(|_| self.hot_state().holds.is_behind(&envelope)) {
            Some(link) => self.hold(link, envelope, None),
            None => self.hand_in(proc, envelope),
        }
    }

    fn post_one_to(&self, link: &Link, cast: &Arc<Cast>, member: Member) -> Result<(), Box<Bounced>> {
        self.0.counters.forwarded.fetch_add(1, Ordering::Relaxed);
        link.post_one(cast, member).or_else(|refused| self.refused(link, refused))
    }

    fn send_way(&self, way: &Way, envelope: Envelope) -> Result<(), Box<Bounced>> {
        match way {
            Way::Link(link) => self.hand_to(link, envelope),
            Way::Dial(location) => self.dial_and_hold(location.clone(), envelope),
            Way::Confirm(location) => self.confirm_and_hold(location.clone(), envelope),
        }
    }

    /// Sends a part of a cast one way: as one envelope, unless it is for one rank, or too many parts for that.
    fn send_along(&self, cast: &Cast, way: &Way, manifest: &Manifest, failed: &mut dyn FnMut(Bounced)) {
        let send = |envelope| self.send_way(way, envelope);
        let is_plain = manifest.len() == 1 && manifest.epochs().is_empty();
        let together = if !is_plain { cast.envelope(manifest).ok() } else { None };
        match together {
            Some(envelope) => {
                let Err(bounced) = send(envelope) else { return };
                for member in manifest.members() {
                    failed(Bounced { envelope: cast.one(member), kind: bounced.kind.clone() });
                }
            }
            None => {
                for member in manifest.members() {
                    send(cast.one(member)).unwrap_or_else(|bounced| failed(*bounced));
                }
            }
        }
    }

    /// A cast that could not go on: each of its ranks hears of it.
    pub(super) fn bounce_cast(&self, envelope: &Envelope, kind: &CallErrorKind) {
        for envelope in each_of(envelope) {
            self.bounce(Bounced { envelope, kind: kind.clone() });
        }
    }

    /// Forgets the calls of an envelope that a link did not take.
    pub(super) fn forget_calls(&self, envelope: &Envelope) {
        let headers = &envelope.headers;
        if headers.reply_to.is_none() && headers.lent.is_none() {
            return;
        }
        let (lent, lent_slot) = headers.lent();
        let lent = lent.iter().map(|lent| (lent.release(), lent_slot));
        let mut state = self.state();
        for (port, slot) in headers.reply_to.clone().into_iter().chain(lent) {
            let (proc, port) = (port.proc.id.uid, port.port);
            if envelope.to.target == Target::Cast {
                let manifest = envelope.payload().map(manifest_of);
                for member in manifest.iter().flatten().flat_map(Manifest::members) {
                    state.awaiting.answered(proc, port, member.rank);
                }
            } else {
                state.awaiting.answered(proc, port, slot);
            }
        }
    }
}

/// Has some gateways send a cast on, so that no more links are used than `fanout`; those to which something is on its way
/// are not reached over others (`RELAY-1`).
fn relay_some(state: &mut State, parts: &mut [Part], (of, from): (Uid, Option<LinkId>), fanout: usize) {
    let is_link = |part: &&Part| match part {
        Part::One(Way::Link(_), member) => !state.relays.is_unreached(Some(&member.at)),
        Part::Along(along) => {
            matches!(along.way, Way::Link(_)) && !state.relays.is_unreached(along.to.place())
        }
        _ => false,
    };
    let links = parts.iter().filter(is_link).count();
    let straight: Vec<usize> = (0..parts.len()).filter(|at| state.goes_straight(&parts[*at])).collect();
    if links <= fanout || straight.is_empty() {
        return;
    }
    let groups = fanout.saturating_sub(links - straight.len()).max(1);
    for group in straight.chunks(straight.len().div_ceil(groups)) {
        for other in &group[1..] {
            let Ok([Part::Along(over), Part::Along(other)]) = parts.get_disjoint_mut([group[0], *other])
            else {
                continue;
            };
            let (Way::Link(over_link), Way::Link(link), Some(place)) =
                (&over.way, &other.way, other.to.place())
            else {
                continue;
            };
            if over_link.is_connected() && link.is_idle() && !state.relays.is_full() {
                state.relays.set(of, place.gateway.uid, over_link.id(), from);
                (over.to, over.is_relayed) = (over.to.with(&other.to), true);
                other.to = other.to.emptied();
            }
        }
    }
}

impl State {
    /// Whether a cast to a member goes over another gateway.
    fn relay_of(&self, own: GatewayId, step: &Step, member: &Member, cast: &Cast) -> Over {
        let (epochs, to) = (cast.manifest.epochs(), member.at.gateway.uid);
        let (over, path) = match (step, epochs) {
            // What waits already goes first (`RELAY-1`); or `RELAY-3`; or where it is is known here alone.
            (Step::Confirm(at), []) if at.gateway == member.at.gateway && cast.headers.lent.is_none() => {
                // Another sender may have changed the road between the choice and the post of what goes straight.
                let straight = self.by_gateway.get(&to).and_then(|id| self.links.get(id));
                let waits = self.relays.confirming.contains_key(&to)
                    || self.relays.is_unreached(Some(&member.at))
                    || straight.is_some_and(|straight| !straight.link.is_idle());
                (self.relays.over(own.uid, to).filter(|_| !waits), &[][..])
            }
            (Step::Link(_), [first, ..]) => (self.relays.over(first.of, to), epochs),
            _ => (None, &[][..]),
        };
        let Some(entry) = over.and_then(|over| self.links.get(&over)) else { return Over::Straight };
        if path.iter().any(|epoch| epoch.of == entry.peer.uid) {
            return Over::Round;
        }
        Over::Link(entry.link.clone())
    }

    /// Whether a part goes to one gateway, which others may send it on to.
    fn goes_straight(&self, part: &Part) -> bool {
        let Part::Along(along) = part else { return false };
        let Along { way: Way::Link(link), to, is_relayed: false } = &**along else { return false };
        let (Some(entry), Some(place)) = (self.links.get(&link.id()), to.place()) else { return false };
        // What is elsewhere than its address says is known here alone.
        entry.peer == place.gateway && place.door.is_some() && !self.relays.is_unreached(Some(place))
    }
}

/// The gateways that have relayed an envelope, in order, if it is a cast.
pub(super) fn relayed_by(envelope: &Envelope) -> Vec<Uid> {
    let manifest = envelope.payload().filter(|_| envelope.to.target == Target::Cast).map(manifest_of);
    manifest.iter().flatten().flat_map(Manifest::epochs).map(|epoch| epoch.of).collect()
}

/// The envelopes of the ranks that one is for; itself, unless it is a cast.
pub(super) fn each_of(envelope: &Envelope) -> Vec<Envelope> {
    if envelope.to.target != Target::Cast {
        return vec![envelope.clone()];
    }
    // What was made here, or came in, is well-formed.
    let Ok(cast) = Cast::open(envelope) else { return Vec::new() };
    cast.manifest.members().map(|member| cast.one(member)).collect()
}
