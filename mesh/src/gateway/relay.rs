//! Casts that go over other gateways: one that leads over more links than the fan-out goes to some of the gateways behind
//! them, and these send it on to the others. So a cast to many hosts is a tree, as deep as the logarithm of their number.
//!
//! ```text
//!         ┌─► host 0 ─┬─► host 1
//! sender ─┤           └─► host 2          a cast: over few links
//!         └─► host 3 ─┬─► host 4
//!                     └─► host 5
//! sender ───────────────► host 2          all else: straight
//! ```
//!
//! Two roads to one gateway could change the order of what one sender says. No receiver puts it right again: the road
//! changes only when nothing is on the other. Straight to relayed, while all that went straight is acknowledged, that is,
//! taken in; a cast that finds something on its way goes straight as well. Relayed to straight, with the first message
//! that is no cast: it waits until the gateway has confirmed that it has what was relayed. The question takes the same road,
//! and at each link waits until all before it is acknowledged, large messages too.
//!
//! A relayed part is posted under the lock that its road was chosen under, and a cast for which something has gone straight
//! meanwhile goes straight behind it.
//!
//! The roads are those of the gateway that a cast begins at: each on the way keeps them apart from its own, and what it is
//! to send on never waits for what it waits for itself.
//!
//! A relay may not reach a gateway that the sender reaches. What it was to send there fails, and before that is heard, the
//! gateway that the cast begins at is told: from the next cast on it goes straight there, for as long as it has that link.
//! There is the question before as well, and an answer at once from a relay without a link, over which nothing is on its way.
//!
//! Limits: a relay holds nothing for want of room: it comes back.
//!
//! Invariants
//! - `RELAY-1` what a sender says to one destination arrives in order, on whatever roads (`DEL-1`).
//! - `RELAY-2` when a relay is lost, what went over it counts as lost (`GATE-2` answers the calls), and stays so: should it
//!   arrive later than what is sent from then on, it is refused. Each loss begins a new epoch; a relayed cast names those of
//!   all that have relayed it, and goes over none of them again.
//! - `RELAY-3` who lends ports with a cast sends it straight: loans would end with the relay. Those in a reply to a cast do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

use super::cast::relayed_by;
use super::held::Held;
use super::route::{self, Step};
use super::state::State;
use super::{Bounced, Gateway, runtime_for};
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::link::{Link, LinkId};
use crate::wire::cast::{Cast, Epoch};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Headers, Target};

/// What the port of a gateway's relays is derived from; not a proc that anybody has.
const RELAY: u64 = 0x7265_6c61_795f_5f5f;

/// The port that gateways are asked at, and told.
const NEWS: u64 = u64::MAX;

/// The most roads over others that a gateway keeps: casts to more gateways go straight.
const ROADS_MAX: usize = 1 << 16;

/// What one gateway says to another.
#[derive(Debug, Serialize, Deserialize)]
enum News {
    /// To be answered when all that came before over the road of this gateway is taken in.
    Confirm { of: Uid },
    /// What still comes from an earlier epoch is refused.
    Epoch(Epoch),
    /// A cast that was to go on to this gateway has not reached it.
    Unreached(Uid),
}

/// Which gateways are reached over others, for casts.
pub(super) struct Relays {
    proc: Uid,
    own: Uid,
    /// The link that casts take: of which gateway they are, and to which; and the link that they come over.
    over: BTreeMap<(Uid, Uid), (LinkId, Option<LinkId>)>,
    /// What waits for the confirmation of a gateway.
    pub(super) confirming: BTreeMap<Uid, Held>,
    /// Grows with each relay that is lost.
    epoch: u64,
    /// The first epoch of each other gateway from which relayed casts are taken.
    from: BTreeMap<Uid, u64>,
    /// The gateways that others have not reached: casts go straight to them, for as long as there is a link.
    unreached: BTreeSet<Uid>,
    /// One of those in `confirming` is in it no more.
    released: Arc<Notify>,
    /// Those who wait for a confirmation: of which gateway.
    asked: BTreeMap<u64, (Uid, oneshot::Sender<()>)>,
    next: u64,
}

fn relay_proc(gateway: GatewayId) -> ProcId {
    ProcId::single(gateway.uid.member(RELAY), "relay".into())
}

/// Whether an envelope goes behind all that a link has taken before.
pub(super) fn is_behind_all(envelope: &Envelope) -> bool {
    asks(envelope).is_some()
}

/// On whose road an envelope asks whether all has come; `None` for one that does not.
fn asks(envelope: &Envelope) -> Option<Uid> {
    let (Target::Port { port: NEWS, .. }, Body::Message(payload)) = (envelope.to.target, &envelope.body)
    else {
        return None;
    };
    if envelope.to.proc.uid != envelope.to.at.gateway.uid.member(RELAY) {
        return None;
    }
    match payload.get() {
        Ok(News::Confirm { of }) => Some(of),
        Ok(News::Epoch(_) | News::Unreached(_)) | Err(_) => None,
    }
}

impl Relays {
    pub(super) fn new(own: GatewayId) -> Relays {
        Relays {
            proc: relay_proc(own).uid,
            own: own.uid,
            over: BTreeMap::new(),
            confirming: BTreeMap::new(),
            epoch: 0,
            from: BTreeMap::new(),
            unreached: BTreeSet::new(),
            released: Arc::default(),
            asked: BTreeMap::new(),
            next: 0,
        }
    }

    /// The link that casts of one gateway to another take, if they do not go straight.
    pub(super) fn over(&self, of: Uid, to: Uid) -> Option<LinkId> {
        if self.over.is_empty() { None } else { self.over.get(&(of, to)).map(|(over, _)| *over) }
    }

    /// From now on, casts of one gateway to another take this link.
    pub(super) fn set(&mut self, of: Uid, to: Uid, link: LinkId, from: Option<LinkId>) {
        self.over.insert((of, to), (link, from));
    }

    /// Whether there are as many roads as may be (`GATE-5`).
    pub(super) fn is_full(&self) -> bool {
        self.over.len() + self.unreached.len() >= ROADS_MAX
    }

    /// Whether what goes to a gateway from here waits until it has what was relayed.
    pub(super) fn waits(&self, gateway: Uid) -> bool {
        self.over(self.own, gateway).is_some() || self.confirming.contains_key(&gateway)
    }

    /// Whether a place is one of a gateway that others do not reach.
    pub(super) fn is_unreached(&self, place: Option<&Arc<Location>>) -> bool {
        place.is_some_and(|place| self.unreached.contains(&place.gateway.uid))
    }

    /// Whether an envelope that finds no link is a question that goes no further: nothing that it would go behind is on its
    /// way from here. After a relay was lost it goes on, behind the word of that (`RELAY-2`).
    pub(super) fn ends(&self, envelope: &Envelope) -> bool {
        self.epoch == 0 && is_behind_all(envelope)
    }

    /// Whose road an envelope takes that is not of this gateway: a question, or the answer to one.
    pub(super) fn road(&self, envelope: &Envelope) -> Option<Uid> {
        if self.over.is_empty() && self.confirming.is_empty() {
            return None;
        }
        let gateway = envelope.to.at.gateway.uid;
        (envelope.to.proc.uid == gateway.member(RELAY)).then(|| asks(envelope).unwrap_or(gateway))
    }

    /// The link that a question takes which goes where casts went; nothing is on that road any more.
    pub(super) fn pass(&mut self, envelope: &Envelope) -> Option<LinkId> {
        self.over.remove(&(asks(envelope)?, envelope.to.at.gateway.uid)).map(|(over, _)| over)
    }

    /// What a cast says that is relayed now.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch { of: self.own, number: self.epoch }
    }

    /// Whether a cast was relayed by one that was lost since (`RELAY-2`).
    pub(super) fn is_over(&self, epochs: &[Epoch]) -> bool {
        let is_over = |epoch: &Epoch| self.from.get(&epoch.of).is_some_and(|first| epoch.number < *first);
        epochs.iter().any(is_over)
    }

    /// Nobody behind a gateway says anything any more.
    pub(super) fn forget(&mut self, gateway: Uid) {
        self.from.remove(&gateway);
        self.unreached.remove(&gateway);
        self.over.retain(|(of, _), _| *of != gateway);
        // Nobody there can confirm anything. What still comes over another gateway is refused: the next link says so.
        if self.over.remove(&(self.own, gateway)).is_some() {
            self.epoch += 1;
        }
        self.end_waiting();
    }

    /// Who waits for the confirmation of a gateway that nothing is relayed to any more waits no more.
    fn end_waiting(&mut self) {
        let (own, over) = (self.own, &self.over);
        self.asked.retain(|_, (gateway, _)| over.contains_key(&(own, *gateway)));
    }

    /// Someone waits for the confirmation of a gateway; gives the port that it comes to.
    pub(super) fn ask(&mut self, gateway: Uid, asker: oneshot::Sender<()>) -> u64 {
        self.next += 1;
        self.asked.insert(self.next, (gateway, asker));
        self.next
    }

    /// A link is lost: gives the gateways that were reached over it.
    pub(super) fn lost(&mut self, link: LinkId) -> Vec<Uid> {
        let behind: Vec<Uid> =
            self.over.extract_if(.., |_, (over, _)| *over == link).map(|((_, to), _)| to).collect();
        self.over.retain(|_, (_, from)| *from != Some(link));
        if !behind.is_empty() {
            self.epoch += 1;
            self.end_waiting();
        }
        behind
    }

    /// Whether a proc is where what is said to the relays goes.
    pub(super) fn has(&self, proc: Uid) -> bool {
        self.proc == proc
    }

    /// Takes in what other gateways say to this one, which came over a link of `peer`; gives whether it is to be confirmed.
    fn take_in(&mut self, envelope: &Envelope, peer: Option<Uid>) -> bool {
        let Target::Port { port, .. } = envelope.to.target else { return false };
        match &envelope.body {
            Body::Message(payload) => match payload.get() {
                Ok(News::Confirm { .. }) => return true,
                // Each says it of itself.
                Ok(News::Epoch(Epoch { of, number })) if peer == Some(of) => {
                    self.from.insert(of, number);
                }
                // Whoever says so: it costs no more than a link.
                Ok(News::Unreached(gateway)) if self.over(self.own, gateway).is_some() => {
                    self.unreached.insert(gateway);
                }
                Ok(News::Epoch(_) | News::Unreached(_)) | Err(_) => {}
            },
            // That it failed says as much: what went before has failed as well, or is answered by those who know.
            Body::Reply(_) | Body::Failed(_) => {
                if let Some((gateway, asker)) = self.asked.remove(&port) {
                    self.over.remove(&(self.own, gateway));
                    let _ = asker.send(());
                }
            }
            Body::Returned { .. } => {}
        }
        false
    }
}

impl Gateway {
    /// Holds an envelope until the gateway that it goes to has what was relayed to it.
    pub(super) fn confirm_and_hold(
        &self,
        location: Arc<Location>,
        envelope: Envelope,
    ) -> Result<(), Box<Bounced>> {
        let mut state = self.state();
        let target = location.gateway;
        if let Some(held) = state.relays.confirming.get_mut(&target.uid) {
            return held.push(envelope);
        }
        let (runtime, envelope) = runtime_for(envelope)?;
        state.relays.confirming.entry(target.uid).or_default().push(envelope)?;
        drop(state);
        let gateway = self.clone();
        runtime.spawn(async move {
            gateway.confirm(&location).await;
            gateway.release_confirmed(&location).await;
        });
        Ok(())
    }

    /// Sends on what waited for a confirmation, as what comes now goes on; what comes meanwhile goes behind it.
    pub(super) async fn release_confirmed(&self, location: &Arc<Location>) {
        let target = location.gateway.uid;
        loop {
            let (held, step, dials) = {
                let mut state = self.state();
                let held = state.relays.confirming.remove(&target).unwrap_or_default();
                if held.is_empty() {
                    state.relays.released.notify_waiters();
                    return;
                }
                let (mut held, step) = (held.release(), route::to_gateway(&state, location, None, None));
                let dials = matches!(step, Step::Dial(_)) && !state.dialing.contains_key(&target);
                if let Step::Dial(_) = step {
                    // Under the same lock: what comes next finds them there.
                    let dialing = state.dialing.entry(target).or_default();
                    let refused =
                        held.envelopes.drain(..).filter_map(|envelope| dialing.push(envelope).err());
                    held.expired.extend(refused.map(|bounced| *bounced));
                } else {
                    state.relays.confirming.insert(target, Held::default());
                }
                if let Step::Link(link) = &step {
                    held.envelopes.iter().for_each(|envelope| state.awaiting.sent(link.id(), envelope));
                }
                (held, step, dials)
            };
            held.expired.into_iter().for_each(|expired| self.bounce(expired));
            for envelope in held.envelopes {
                let sent = match step.clone() {
                    Step::Link(link) => self.hand_to(&link, envelope),
                    Step::Depart => self.hot_state().hold_departing(envelope),
                    Step::Bounce(kind) => Err(Box::new(Bounced { envelope, kind })),
                    Step::Local(_) | Step::Dial(_) | Step::Confirm(_) => {
                        unreachable!("it is elsewhere, held by now, and nothing is on another road")
                    }
                };
                sent.unwrap_or_else(|bounced| self.bounce(*bounced));
            }
            if dials {
                self.dial_and_release(location).await;
            }
        }
    }

    /// Waits until nothing waits for a confirmation.
    pub(super) async fn all_confirmed(&self) {
        let released = self.hot_state().relays.released.clone();
        loop {
            let notified = released.notified();
            if self.hot_state().relays.confirming.is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// The links are about to be closed: what still waits goes back.
    pub(super) fn bounce_unsent(&self) {
        let (confirming, dialing) = {
            let mut state = self.state();
            (std::mem::take(&mut state.relays.confirming), std::mem::take(&mut state.dialing))
        };
        for envelope in confirming.into_values().chain(dialing.into_values()).flat_map(Held::into_envelopes) {
            let kind = CallErrorKind::Unreachable { reason: "the gateway is closing".to_owned() };
            self.bounce(Bounced { envelope, kind });
        }
    }

    /// Takes in a cast that others have relayed.
    pub(super) fn relayed_arrived(&self, link: LinkId, envelope: &Envelope, cast: Cast) {
        // One that says meanwhile that it is over waits, and what comes behind that (`RELAY-2`).
        let _relaying = self.0.relaying.read().unwrap_or_else(PoisonError::into_inner);
        if self.hot_state().relays.is_over(cast.manifest.epochs()) {
            return self.bounce_cast(envelope, &came_late());
        }
        let here = [self.0.id, self.location().gateway];
        let (of, mut last) = (relayed_by(envelope), None);
        self.go_cast(cast, Some(link), &mut |bounced| {
            let gateway = bounced.envelope.to.at.gateway;
            if here.contains(&gateway) {
                return self.hold_or_bounce(link, bounced);
            }
            if matches!(bounced.kind, CallErrorKind::Unreachable { .. })
                && last.replace(gateway) != Some(gateway)
            {
                self.say_unreached(of[0], gateway.uid);
            }
            // It is held where it goes, and nowhere on the way: a question would pass it (`RELAY-1`).
            self.bounce(bounced);
        });
    }

    /// Tells those whose casts do not reach a gateway from here.
    pub(super) fn tell_unreached(&self, gateway: Uid, casts: &[Envelope]) {
        let of: BTreeSet<Uid> =
            casts.iter().filter_map(|envelope| relayed_by(envelope).first().copied()).collect();
        of.into_iter().for_each(|of| self.say_unreached(of, gateway));
    }

    fn say_unreached(&self, of: Uid, gateway: Uid) {
        let news = {
            let state = self.hot_state();
            let entry = state.by_gateway.get(&of).and_then(|id| state.links.get(id));
            entry.map(|entry| state.news_to(self, entry.peer, &News::Unreached(gateway)))
        };
        // Without a link nobody hears more than that the cast has failed.
        news.into_iter().for_each(|news| self.post_or_bounce(news));
    }

    /// Takes in what other gateways say to this one.
    pub(super) fn take_in_news(&self, envelope: &Envelope, from: Option<LinkId>) {
        // What comes from here is no news, and may come while a cast is handed on.
        let relaying = from.map(|_| self.0.relaying.write().unwrap_or_else(PoisonError::into_inner));
        let asks = {
            let mut state = self.hot_state();
            let peer = from.and_then(|link| state.links.get(&link)).map(|entry| entry.peer.uid);
            state.relays.take_in(envelope, peer)
        };
        drop(relaying);
        if asks {
            self.confirmed(envelope);
        }
    }

    /// Waits until a gateway has what was relayed to it, or nothing more can come: what goes there goes straight then.
    async fn confirm(&self, target: &Arc<Location>) {
        let (link, confirmed, envelope) = {
            let mut state = self.state();
            let own = ProcAddr { id: relay_proc(self.0.id), at: state.location.clone() };
            let (asker, confirmed) = oneshot::channel();
            let over = state.relays.over(self.0.id.uid, target.gateway.uid);
            let Some(link) = over.and_then(|over| state.link(over)) else { return };
            let port = state.relays.ask(target.gateway.uid, asker);
            let mut headers = self.headers_from(state.location.clone());
            headers.reply_to = Some((PortAddr { proc: own, port }, 0));
            let envelope = news(target, &News::Confirm { of: self.0.id.uid }, headers);
            state.awaiting.sent(link.id(), &envelope);
            (link, confirmed, envelope)
        };
        if let Err(bounced) = self.hand_to(&link, envelope) {
            self.bounce(*bounced);
        }
        // Its other end is dropped with the relay, if that is lost.
        let _ = confirmed.await;
    }

    /// Hands an envelope to a link when all that this has taken before is acknowledged.
    pub(super) fn hand_behind_all(&self, link: &Link, envelope: Envelope) {
        let (gateway, link) = (self.clone(), link.clone());
        tokio::spawn(async move {
            link.flush().await;
            if let Err(bounced) = gateway.post_to(&link, envelope) {
                gateway.bounce(*bounced);
            }
        });
    }

    /// Answers a gateway that asks whether all has come.
    fn confirmed(&self, envelope: &Envelope) {
        let Some((port, slot)) = &envelope.headers.reply_to else { return };
        let (to, headers) = (Destination::port(port, *slot), self.own_headers());
        self.post_or_bounce(Envelope { to, headers, body: Body::Reply(Payload::default()) });
    }
}

fn news(to: &Arc<Location>, news: &News, headers: Headers) -> Envelope {
    let target = Target::Port { port: NEWS, slot: 0 };
    let to = Destination { proc: relay_proc(to.gateway), at: to.clone(), target };
    let payload = Payload::of(news).expect("it is a few numbers");
    Envelope { to, headers, body: Body::Message(payload) }
}

impl State {
    /// A link to a gateway is there: gives what it is told first.
    pub(super) fn relay_joined(&self, gateway: &Gateway, peer: GatewayId) -> Option<Envelope> {
        (self.relays.epoch > 0).then(|| self.epoch_for(gateway, peer))
    }

    fn epoch_for(&self, gateway: &Gateway, peer: GatewayId) -> Envelope {
        self.news_to(gateway, peer, &News::Epoch(self.relays.epoch()))
    }

    fn news_to(&self, gateway: &Gateway, peer: GatewayId, said: &News) -> Envelope {
        let to = Arc::new(Location { gateway: peer, door: None });
        news(&to, said, gateway.headers_from(self.location.clone()))
    }

    /// A link is lost. Gives what those who were reached over it are to be told before anything else, and over which links.
    pub(super) fn relay_lost(&mut self, gateway: &Gateway, link: LinkId) -> Vec<(Link, Envelope)> {
        let behind = self.relays.lost(link);
        // Without a link of its own one hears nothing from here, and is told nothing.
        let entries =
            behind.iter().filter_map(|uid| self.by_gateway.get(uid).and_then(|id| self.links.get(id)));
        entries.map(|entry| (entry.link.clone(), self.epoch_for(gateway, entry.peer))).collect()
    }
}

/// Why a cast that was relayed is refused.
pub(super) fn came_late() -> CallErrorKind {
    CallErrorKind::Unreachable { reason: "the gateway that the cast went over was lost".to_owned() }
}
