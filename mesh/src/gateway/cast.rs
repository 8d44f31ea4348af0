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
//! behind carries its plain envelope.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::route::{self, Step};
use super::{Bounced, Gateway, LocalProc};
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::Uid;
use crate::link::{Link, LinkId};
use crate::wire::cast::{Cast, Manifest, Member};
use crate::wire::envelope::{Destination, Envelope, Target};

/// Where a part of a cast goes on.
enum Way {
    Link(Link),
    Dial(Arc<Location>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum WayId {
    Link(LinkId),
    Dial(Uid),
}

/// A part of a cast that goes one way, or a member that goes alone.
enum Part {
    Along(Way, Manifest),
    Alone(Step, Member),
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
            Ok(cast) => self.go_cast(cast, Some(link), &mut |bounced| self.hold_or_bounce(link, bounced)),
            Err(error) => {
                self.count_lost();
                tracing::warn!(%link, %error, "a malformed cast was dropped");
            }
        }
    }

    fn go_cast(&self, mut cast: Cast, from: Option<LinkId>, failed: &mut dyn FnMut(Bounced)) {
        let mut late = Vec::new();
        let parts = {
            let mut state = self.state();
            // Replies that go on over a link are gathered here.
            if from.is_some() && cast.manifest.len() > 1 {
                state.collectors.open(&mut cast);
            }
            let mut ways: BTreeMap<WayId, usize> = BTreeMap::new();
            let mut parts: Vec<Part> = Vec::new();
            for member in cast.manifest.members() {
                let to =
                    Destination { proc: member.proc.clone(), at: member.at.clone(), target: Target::Cast };
                let (id, way) = match route::choose(&state, self.0.id, &to, from) {
                    Step::Link(link) => {
                        if from.is_none()
                            && cast.headers.reply_to.is_none()
                            && let Some(kind) = state.full.refuses(member.proc.uid, cast.manifest.actor())
                        {
                            late.push(Box::new(Bounced { envelope: cast.one(member), kind }));
                            continue;
                        }
                        (WayId::Link(link.id()), Way::Link(link))
                    }
                    Step::Dial(at) => (WayId::Dial(at.gateway.uid), Way::Dial(at)),
                    Step::Depart => {
                        late.extend(state.hold_departing(cast.one(member)).err());
                        continue;
                    }
                    step @ (Step::Local(_) | Step::Bounce(_)) => {
                        parts.push(Part::Alone(step, member));
                        continue;
                    }
                };
                let at = *ways.entry(id).or_insert(parts.len());
                if at == parts.len() {
                    parts.push(Part::Along(way, cast.manifest.emptied()));
                }
                if let Part::Along(_, manifest) = &mut parts[at] {
                    manifest.push(&member);
                }
            }
            for part in &parts {
                if let Part::Along(Way::Link(link), manifest) = part {
                    // Under the lock that the link was found under: its loss finds the calls (`GATE-2`).
                    state.awaiting.sent_cast(link.id(), &cast.headers, manifest);
                }
            }
            parts
        };
        late.into_iter().for_each(|bounced| failed(*bounced));
        for part in parts {
            match part {
                Part::Alone(step, member) => {
                    let envelope = cast.one(member);
                    let sent = match step {
                        Step::Local(proc) => self.hand_in_from(from, &proc, envelope),
                        Step::Bounce(kind) => Err(Box::new(Bounced { envelope, kind })),
                        Step::Link(_) | Step::Dial(_) | Step::Depart => unreachable!("handled above"),
                    };
                    sent.unwrap_or_else(|bounced| failed(*bounced));
                }
                Part::Along(way, manifest) => self.send_along(&cast, &way, &manifest, failed),
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

    /// Sends a part of a cast one way: as one envelope, unless it is for one rank, or too many parts for that.
    fn send_along(&self, cast: &Cast, way: &Way, manifest: &Manifest, failed: &mut dyn FnMut(Bounced)) {
        let send = |envelope| match way {
            Way::Link(link) => self.hand_to(link, envelope),
            Way::Dial(location) => self.dial_and_hold(location.clone(), envelope),
        };
        let together = if manifest.len() > 1 { cast.envelope(manifest).ok() } else { None };
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
                let manifest = envelope.payload().map(crate::wire::cast::manifest_of);
                for member in manifest.iter().flatten().flat_map(Manifest::members) {
                    state.awaiting.answered(proc, port, member.rank);
                }
            } else {
                state.awaiting.answered(proc, port, slot);
            }
        }
    }
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
