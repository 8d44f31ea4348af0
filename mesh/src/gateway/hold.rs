//! Flow control end to end: messages from elsewhere that find no room are held here, and their senders are told.
//!
//! ```text
//! sender ── send ──► link ──► mailbox, full ──► held ──► waits for a place in the mailbox, one behind the other
//!    ▲ │                                         │
//!    │ └◄── refused: it is full ◄──── "full" ────┤        (see `full`)
//!    └─── taken again ◄─────────────── "room" ───┘        when nothing is held any more
//! ```
//!
//! The reader of a link never waits for one actor: what finds a mailbox full, or the window of the next link, is put
//! aside, and the rest goes on to where it goes. The sender's gateway hears of it, and refuses plain messages to that
//! actor from then on (`send` gives them back); calls and waiting sends still come, and wait in the actor's queue, which
//! holds their senders back. What was on its way is kept, in order, and handed in as there is room.
//!
//! What can be on its way is at most the window of the link, and no more than that is held for a link, in messages and in
//! bytes; beyond it, messages are refused and go back (`DEL-3`), which says that the actor is full as well; what goes back
//! counts in the window of its link, and what does not fit there is counted as lost. So a slow actor costs one window at either end, and
//! nothing of the other traffic: its messages have been acknowledged, and leave the sender's window to the others.
//!
//! Invariants
//! - `HOLD-1` while something is held for an actor, all that comes for it from elsewhere goes behind that (`DEL-1`).
//! - `HOLD-2` what is held of one link is within the bounds of its window and, with those whose senders wait for an
//!   answer, within [`WAITING_WINDOWS`] of it: a flood of plain messages refuses no call.
//! - `HOLD-3` who was told that an actor is full is told that it has room when nothing is held for it any more. Should
//!   that be lost, a message that is let through now and then finds out (`PROBE_EVERY`).
//! - `HOLD-4` the news of a failure goes behind what is held for the owner: that was acknowledged before (`SUP-2`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::full::{PROBE_EVERY, RoomNews, bounded, news_in, news_in_returned, owner_told, to_sender_of};
use super::route::{self, Step};
use super::{Bounced, Gateway};
use crate::addr::{Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{GatewayId, ProcId, Uid};
use crate::link::LinkId;
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Lane, ReplyOn, Target};
use crate::wire::session::WAITING_WINDOWS;

/// How many of the held wait in the mailbox's own queue at a time.
const OFFERED_MAX: usize = 64;

/// How many are handed in before others have a turn.
const TURN_LEN: usize = 64;

/// How many gateways are told that one actor is full; the others hear it when a message comes back.
const TOLD_MAX: usize = 1024;

/// What the ports of a gateway's holds are derived from; not a proc that anybody has.
const HOLDER: u64 = 0x686f_6c64_696e_675f;

/// An actor.
type Whom = (Uid, Uid);

/// A message that is held.
struct Held {
    envelope: Envelope,
    /// Which link it came over, and counts for; `None` for a failure, of which there are as many as there are things to
    /// fail.
    link: Option<LinkId>,
    since: Instant,
}

impl Held {
    /// Whether it is the news of a failure, which needs no room.
    fn is_failure(&self) -> bool {
        self.link.is_none()
    }

    fn len_bytes(&self) -> u64 {
        len_bytes(&self.envelope)
    }
}

fn len_bytes(envelope: &Envelope) -> u64 {
    (envelope.payload().map_or(0, Payload::len_bytes) + size_of::<Envelope>()) as u64
}

/// What is held for one actor.
struct Hold {
    port: u64,
    /// How much the place holds that has no room, in messages.
    capacity: u64,
    waiting: VecDeque<Held>,
    /// In the mailbox's queue, by the slot that its acceptance comes to.
    offered: BTreeMap<u32, Held>,
    next_slot: u32,
    /// Who was told that it is full, and when.
    told: BTreeMap<GatewayId, (Destination, Instant)>,
    progress: Arc<Notify>,
}

/// What is held, of one link.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    messages: u64,
    len_bytes: u64,
}

/// What a gateway holds.
pub(super) struct Holds {
    proc: ProcAddr,
    open: BTreeMap<Whom, Hold>,
    by_port: BTreeMap<u64, Whom>,
    totals: BTreeMap<LinkId, Total>,
    next_port: u64,
}

/// What is to be done after a message was put aside.
struct Put {
    /// Whom to tell that the actor is full.
    tell: Option<Destination>,
    capacity: u64,
    /// It is the first: someone is to hand in what is held.
    is_first: bool,
}

/// What is done next about an actor.
enum Turn {
    Send(Box<Held>),
    Wait(Arc<Notify>),
    Over(Vec<Destination>),
}

impl Holds {
    pub(super) fn new(own: GatewayId) -> Holds {
        let id = ProcId::single(own.uid.member(HOLDER), "holder".into());
        let at = Arc::new(Location { gateway: own, door: None });
        Holds {
            proc: ProcAddr { id, at },
            open: BTreeMap::new(),
            by_port: BTreeMap::new(),
            totals: BTreeMap::new(),
            next_port: 1,
        }
    }

    /// Whether something is held for an actor.
    pub(super) fn is_held(&self, proc: Uid, actor: Uid) -> bool {
        !self.open.is_empty() && self.open.contains_key(&(proc, actor))
    }

    /// Whether an envelope goes behind what is held (`HOLD-1`).
    pub(super) fn is_behind(&self, envelope: &Envelope) -> bool {
        !self.open.is_empty()
            && bounded(envelope).is_some_and(|actor| self.is_held(envelope.to.proc.uid, actor))
    }

    /// Whether an envelope is the news of a failure that goes behind what is held for its owner (`HOLD-4`).
    pub(super) fn is_behind_as_news(&self, envelope: &Envelope) -> bool {
        !self.open.is_empty()
            && owner_told(envelope).is_some_and(|actor| self.is_held(envelope.to.proc.uid, actor))
    }

    /// Puts the news of a failure behind what is held for its owner.
    pub(super) fn put_news(&mut self, envelope: Envelope) {
        let whom = owner_told(&envelope).map(|actor| (envelope.to.proc.uid, actor));
        let hold = whom.and_then(|whom| self.open.get_mut(&whom)).expect("something is held for it");
        hold.waiting.push_back(Held { envelope, link: None, since: clock::now() });
        hold.progress.notify_one();
    }

    fn put(
        &mut self,
        whom: Whom,
        held: Held,
        capacity: Option<u64>,
        (messages, bytes): (u64, u64),
    ) -> Result<Put, Box<Bounced>> {
        let known = self.open.get(&whom).map(|hold| hold.capacity);
        let capacity = known.or(capacity).unwrap_or_default();
        let link = held.link.expect("a message came over a link");
        let total = self.totals.entry(link).or_default();
        let len_bytes = total.len_bytes + held.len_bytes();
        let windows = if held.envelope.headers.reply_to.is_some() { WAITING_WINDOWS } else { 1 };
        let (messages, bytes) = (messages.saturating_mul(windows), bytes.saturating_mul(windows));
        // HOLD-2; one alone may be larger, as in the window.
        if total.messages >= messages || (total.messages > 0 && len_bytes > bytes) {
            let kind = CallErrorKind::MailboxFull { capacity };
            return Err(Box::new(Bounced { envelope: held.envelope, kind }));
        }
        *total = Total { messages: total.messages + 1, len_bytes };
        let hold = self.open.entry(whom).or_insert_with(|| {
            let port = self.next_port;
            self.next_port += 1;
            self.by_port.insert(port, whom);
            Hold {
                port,
                capacity,
                waiting: VecDeque::new(),
                offered: BTreeMap::new(),
                next_slot: 0,
                told: BTreeMap::new(),
                progress: Arc::default(),
            }
        });
        let (sender, now) = (held.envelope.headers.sender_at.gateway, held.since);
        let was_told = hold.told.get(&sender).is_some_and(|(_, at)| now < *at + PROBE_EVERY / 2);
        let is_one_more = hold.told.len() >= TOLD_MAX && !hold.told.contains_key(&sender);
        let tell = (!was_told && !is_one_more).then(|| to_sender_of(&held.envelope));
        if let Some(to) = &tell {
            hold.told.insert(sender, (to.clone(), now));
        }
        hold.waiting.push_back(held);
        Ok(Put { tell, capacity, is_first: known.is_none() })
    }

    fn left(&mut self, held: &Held) {
        let Some(link) = held.link else { return };
        if let Some(total) = self.totals.get_mut(&link) {
            total.messages = total.messages.saturating_sub(1);
            total.len_bytes = total.len_bytes.saturating_sub(held.len_bytes());
            if total.messages == 0 {
                self.totals.remove(&link);
            }
        }
    }

    fn turn(&mut self, whom: Whom) -> Turn {
        let Some(hold) = self.open.get_mut(&whom) else { return Turn::Over(Vec::new()) };
        // A failure says how much the mailbox has accepted before it: all that is offered is to be among that.
        let most = if hold.waiting.front().is_some_and(Held::is_failure) { 1 } else { OFFERED_MAX };
        if hold.offered.len() < most
            && let Some(held) = hold.waiting.pop_front()
        {
            return Turn::Send(Box::new(held));
        }
        if !hold.offered.is_empty() {
            return Turn::Wait(hold.progress.clone());
        }
        self.by_port.remove(&hold.port);
        let told = self.open.remove(&whom).map(|hold| hold.told).unwrap_or_default();
        Turn::Over(told.into_values().map(|(to, _)| to).collect())
    }

    /// Where the acceptance of a message goes that is about to be offered.
    fn offer(&mut self, whom: Whom, held: Held) -> (PortAddr, u32) {
        let hold = self.open.get_mut(&whom).expect("it is open until whoever hands in ends it");
        let slot = hold.next_slot;
        hold.next_slot = slot.wrapping_add(1);
        hold.offered.insert(slot, held);
        (PortAddr { proc: self.proc.clone(), port: hold.port }, slot)
    }

    fn take_offered(&mut self, whom: Whom, slot: u32) -> Option<Held> {
        let hold = self.open.get_mut(&whom)?;
        let held = hold.offered.remove(&slot)?;
        hold.progress.notify_one();
        self.left(&held);
        Some(held)
    }

    /// Takes in what a mailbox says of a message that was offered to it; gives `None` when an envelope says something
    /// else, and the message when it is refused.
    pub(super) fn answered(&mut self, envelope: &Envelope) -> Option<Option<Box<Bounced>>> {
        let Target::Port { port, slot } = envelope.to.target else { return None };
        if envelope.to.proc.uid != self.proc.id.uid {
            return None;
        }
        let held = self.by_port.get(&port).copied().and_then(|whom| self.take_offered(whom, slot));
        Some(match (held, &envelope.body) {
            (Some(held), Body::Failed(kind)) => {
                Some(Box::new(Bounced { envelope: held.envelope, kind: kind.clone() }))
            }
            _ => None,
        })
    }

    fn put_back(&mut self, whom: Whom, held: Held) {
        match self.open.get_mut(&whom) {
            Some(hold) => hold.waiting.push_front(held),
            None => self.left(&held),
        }
    }

    /// How much is held, in messages and bytes.
    #[cfg(test)]
    pub(super) fn held(&self) -> (u64, u64) {
        let sum = |of: fn(&Total) -> u64| self.totals.values().map(of).sum();
        (sum(|total| total.messages), sum(|total| total.len_bytes))
    }
}

impl Gateway {
    /// Takes in news of a mailbox, if that is what an envelope carries.
    pub(super) fn take_news(&self, envelope: &Envelope) -> bool {
        if let Some(news) = news_in_returned(envelope) {
            self.hot_state().full.note(news);
            return false;
        }
        let Some(news) = news_in(envelope) else { return false };
        self.0.events.note(|| match news.full {
            Some(_) => format!("full {}", news.actor),
            None => format!("room {}", news.actor),
        });
        self.hot_state().full.note(news);
        true
    }

    /// Holds a message from elsewhere that found no room; whoever is to know of any other fault hears of it.
    pub(super) fn hold_or_bounce(&self, link: LinkId, bounced: Bounced) {
        let Bounced { envelope, kind } = bounced;
        let capacity = match kind {
            CallErrorKind::MailboxFull { capacity } if bounded(&envelope).is_some() => Some(capacity),
            kind => return self.bounce(Bounced { envelope, kind }),
        };
        if let Err(bounced) = self.hold(link, envelope, capacity) {
            self.bounce(*bounced);
        }
    }

    /// Puts a message for an actor aside, behind what is held for it. How much the place holds that has no room is known
    /// of the first.
    pub(super) fn hold(
        &self,
        link: LinkId,
        envelope: Envelope,
        capacity: Option<u64>,
    ) -> Result<(), Box<Bounced>> {
        // Without a runtime there is nobody left to hand it in.
        let (Some(actor), Ok(runtime)) = (bounded(&envelope), tokio::runtime::Handle::try_current()) else {
            let kind = CallErrorKind::MailboxFull { capacity: capacity.unwrap_or_default() };
            return Err(Box::new(Bounced { envelope, kind }));
        };
        let whom = (envelope.to.proc.uid, actor);
        let held = Held { envelope, link: Some(link), since: clock::now() };
        let window = (self.0.config.link_window_messages as u64, self.0.config.link_window_bytes as u64);
        let put = self.hot_state().holds.put(whom, held, capacity, window)?;
        if let Some(to) = put.tell {
            self.tell_room(to, RoomNews { proc: whom.0, actor: whom.1, full: Some(put.capacity) });
        }
        if put.is_first {
            runtime.spawn(self.clone().hand_in_held(whom));
        }
        Ok(())
    }

    fn tell_room(&self, to: Destination, news: RoomNews) {
        let Ok(payload) = Payload::of(&news) else { return };
        let headers = self.own_headers();
        debug_assert!(headers.lane == Lane::Control, "news is not held itself");
        self.post_or_bounce(Envelope { to, headers, body: Body::Message(payload) });
    }

    /// Hands in what is held for an actor, until nothing is left.
    async fn hand_in_held(self, whom: Whom) {
        let mut count = 0;
        loop {
            let turn = self.hot_state().holds.turn(whom);
            match turn {
                Turn::Send(held) => {
                    self.hand_on(whom, *held).await;
                    count += 1;
                    if count % TURN_LEN == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                Turn::Wait(progress) => progress.notified().await,
                Turn::Over(told) => {
                    for to in told {
                        self.tell_room(to, RoomNews { proc: whom.0, actor: whom.1, full: None });
                    }
                    return;
                }
            }
        }
    }

    /// Hands in one message, or sends it on when there is room.
    async fn hand_on(&self, whom: Whom, held: Held) {
        let step = {
            let mut state = self.hot_state();
            let step = route::choose(&state, self.0.id, &held.envelope.to, held.link, None);
            match &step {
                Step::Link(link) => state.awaiting.sent(link.id(), &held.envelope),
                Step::Local(_) if held.envelope.headers.reply_to.is_none() && !held.is_failure() => {}
                _ => state.holds.left(&held),
            }
            step
        };
        let mut envelope = held.envelope.clone();
        if let Some(left_us) = &mut envelope.headers.deadline_us {
            *left_us = left_us.saturating_sub(clock::to_us(held.since.elapsed()));
        }
        let sent = match step {
            Step::Local(proc) if envelope.headers.reply_to.is_none() && !held.is_failure() => {
                // As a waiting send: its acceptance comes back here.
                let (port, slot) = self.hot_state().holds.offer(whom, held);
                envelope.headers.reply_to = Some((port, slot));
                envelope.headers.reply_on = ReplyOn::Acceptance;
                let Err(refused) = self.hand_in(&proc, envelope) else { return };
                let offered = self.hot_state().holds.take_offered(whom, slot);
                match offered {
                    Some(held) => Err(Box::new(Bounced { envelope: held.envelope, kind: refused.kind })),
                    None => return,
                }
            }
            // It takes its place in the mailbox's queue itself.
            Step::Local(proc) => self.hand_in(&proc, envelope),
            Step::Link(link) => match self.hand_to(&link, envelope) {
                Err(bounced) if matches!(bounced.kind, CallErrorKind::MailboxFull { .. }) => {
                    let envelope = bounced.envelope;
                    self.hot_state().holds.put_back(whom, held);
                    return link.room_for(&envelope).await;
                }
                sent => {
                    self.hot_state().holds.left(&held);
                    sent
                }
            },
            Step::Dial(location) => self.dial_and_hold(location, envelope),
            Step::Confirm(location) => self.confirm_and_hold(location, envelope),
            Step::Depart => self.hot_state().hold_departing(envelope),
            Step::Bounce(kind) => Err(Box::new(Bounced { envelope, kind })),
        };
        if let Err(bounced) = sent {
            self.bounce(*bounced);
        }
    }
}
