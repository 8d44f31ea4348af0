//! The routing point of one root value or OS process: its local procs, its links, its front door.
//!
//! ```text
//!            ┌── local proc ── deliver
//! envelope ──┼── link to the child that runs the proc
//!            ├── link to the gateway of its location
//!            ├── uplink (a child sends all it does not know to its host)
//!            ├── collector, for what answers a cast that was split here
//!            ├── dial the door of its location, hold meanwhile
//!            ├── hold, for a proc that comes back (`place`); where it has come back, if that is elsewhere
//!            └── bounce: the reason goes to the reply port, or the message back to its sender
//! ```
//!
//! It does not know actors: a proc is a [`LocalProc`]. The choice of a route is a pure function (`route`).
//!
//! Invariants
//! - `GATE-1` an envelope is delivered, handed to one link, or bounced: never dropped in silence; what cannot even be
//!   bounced is counted.
//! - `GATE-2` every call that passed over a link is remembered until its reply passes back; when the link is lost, the
//!   gateway that knows answers it (`CALL-1`). This holds at every hop, so no one needs to ask around.
//! - `GATE-3` when the link belonged to a supervised proc, the answer waits for the exit status, within a bound.
//! - `GATE-4` only a peer that shows a token we gave away may claim procs, or be the gateway that has shown one; nobody
//!   may be this gateway or the one that it is a child of.
//! - `GATE-5` every table has a bound or is bounded by what it answers.

mod awaiting;
mod cast;
mod collect;
mod departure;
mod door;
mod fold;
mod full;
mod held;
mod hold;
mod near;
mod place;
mod refusal;
mod relay;
mod route;
mod state;
mod strangers;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
pub use door::{DoorError, Expected, Listening};
use route::Step;
use state::State;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::addr::{ActorAddr, Location, PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::event::EventLog;
use crate::ident::{ActorId, GatewayId, ProcId, Uid, name_hash};
use crate::link::direct::Inbox;
use crate::link::{Link, LinkEvents, LinkId, Loss, Refused};
use crate::supervision::Exit;
use crate::transport::Transports;
use crate::wire::cast::{Said, decode_batch};
use crate::wire::codec::DecodeError;
use crate::wire::envelope::{Body, Destination, Envelope, HOPS_MAX, Headers, Lane, Target};
use crate::wire::heads::{Answer, Ask, Tell, Told};
use crate::wire::hello::ActorFingerprint;

/// How much is told of a reason that is too long for a frame.
const REASON_CHARS_MAX: usize = 1024;

/// The handler that an owner hears of a failure through.
pub const FAILURE: u64 = name_hash("mesh.failure");

/// The handler that a returned message is addressed to, in its sender.
pub const RETURNED: u64 = name_hash("mesh.returned");

/// What a gateway needs to know from its maker.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// How a peer says hello is bounded by this.
    pub handshake_timeout: Duration,
    /// How long the answer of a lost call waits for the exit status of its proc.
    pub exit_status_wait: Duration,
    /// How long a link whose connection was lost waits for the next one.
    pub link_give_up: Duration,
    /// How long a peer may be silent; see [`LinkLimits::silence`](crate::link::LinkLimits).
    pub link_silence: Option<Duration>,
    /// The window of each link, in messages.
    pub link_window_messages: usize,
    /// The window of each link, in bytes.
    pub link_window_bytes: usize,
    /// How many links there may be before peers that are not expected are refused.
    pub links_max: usize,
    /// Over how many links a cast goes before other gateways send it on, at least 1.
    pub cast_fanout: usize,
}

/// A message that could not go on, and why.
#[derive(Debug)]
pub struct Bounced {
    /// The message.
    pub envelope: Envelope,
    /// Why.
    pub kind: CallErrorKind,
}

/// A proc of this process, as its gateway sees it.
pub trait LocalProc: Send + Sync {
    /// Takes an envelope for this proc. Must not block.
    ///
    /// # Errors
    /// The envelope, and why it is refused.
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>>;

    /// Takes messages for this proc, all for one handler, from where they lie; gives how many, of the first, it
    /// took. The next one is then delivered as an envelope. Must not block.
    fn told(&self, told: &[Told<'_>]) -> usize {
        let _ = told;
        0
    }

    /// Takes a reply for one of its ports, from where it lies; false when it is to be delivered as an envelope. Must not
    /// block.
    fn answered(&self, port: u64, slot: u32, body: &[u8]) -> bool {
        let _ = (port, slot, body);
        false
    }
}

/// Knows how a supervised proc ends.
pub trait ExitObserver: Send + Sync {
    /// Resolves when it has ended.
    fn exited(&self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>>;
    /// Ends it by force: its link is gone.
    fn kill(&self);
    /// As [`kill`](ExitObserver::kill), of one that does not answer any more; `reason` is what its owner hears.
    fn give_up(&self, reason: &str);
}

/// Counts of a gateway.
#[derive(Debug, Default)]
pub struct GatewayCounters {
    /// Envelopes delivered to local procs.
    pub delivered: AtomicU64,
    /// Envelopes handed to links.
    pub forwarded: AtomicU64,
    /// Envelopes answered with a reason, or returned.
    pub bounced: AtomicU64,
    /// What could not even be bounced.
    pub lost: AtomicU64,
}

/// The routing point of a process. Cloning shares it.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    id: GatewayId,
    config: GatewayConfig,
    transports: Transports,
    fingerprints: Arc<Vec<ActorFingerprint>>,
    events: EventLog,
    state: Mutex<State>,
    inbox: Arc<Inbox>,
    uplink_lost: Notify,
    /// The link of a proc is gone, with all that waited for how it ended.
    departed: Notify,
    /// Held for reading while what was relayed is handed on, for writing when more of it is refused from now on. What then
    /// goes into another gateway at once, as [`Link::post_one`] does, is neither: no two of these are held at a time.
    relaying: RwLock<()>,
    counters: GatewayCounters,
}

impl Gateway {
    /// A gateway without links.
    pub fn new(
        id: GatewayId,
        location: Option<Location>,
        config: GatewayConfig,
        transports: Transports,
        fingerprints: Arc<Vec<ActorFingerprint>>,
        events: EventLog,
    ) -> Gateway {
        let location = Arc::new(location.unwrap_or(Location { gateway: id, door: None }));
        Gateway(Arc::new(Inner {
            id,
            config,
            transports,
            fingerprints,
            events,
            state: Mutex::new(State::new(id, location)),
            inbox: Arc::default(),
            uplink_lost: Notify::new(),
            departed: Notify::new(),
            relaying: RwLock::default(),
            counters: GatewayCounters::default(),
        }))
    }

    /// The tables, which may be changed: the last route is chosen anew.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.hot_state();
        state.last_route = None;
        state
    }

    /// The tables, on the path of one message: what routes depend on is not changed.
    fn hot_state(&self) -> MutexGuard<'_, State> {
        // Nothing of a user's runs under this lock, so a poisoned state is still whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who it is.
    pub fn id(&self) -> GatewayId {
        self.0.id
    }

    /// The front door that its procs live behind.
    pub fn location(&self) -> Arc<Location> {
        self.hot_state().location.clone()
    }

    /// How many calls, and ports that were lent, have gone over a link and are waited for.
    pub fn awaited(&self) -> usize {
        self.hot_state().awaiting.len()
    }

    /// What it has counted.
    pub fn counters(&self) -> &GatewayCounters {
        &self.0.counters
    }

    /// Makes a local proc reachable, for as long as it lives.
    pub fn attach(&self, id: &ProcId, proc: &Arc<dyn LocalProc>) {
        self.state().procs.insert(id.clone(), Arc::downgrade(proc));
    }

    /// Makes a local proc unreachable.
    pub fn detach(&self, id: &ProcId) {
        self.state().procs.remove(id.uid);
    }

    /// Resolves when the link to the host is lost; for a child, that is the end.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn uplink_lost(&self) {
        loop {
            let notified = self.0.uplink_lost.notified();
            if self.state().uplink_lost {
                return;
            }
            notified.await;
        }
    }

    /// Sends an envelope on its way. Never waits.
    ///
    /// # Errors
    /// The envelope, and why it cannot go: the sender is here, so nothing is bounced (`GATE-1`).
    pub fn post(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        self.go(envelope, None)
    }

    /// Sends an envelope on its way; if it cannot go, its sender or its reply port hears why.
    pub fn post_or_bounce(&self, envelope: Envelope) {
        if let Err(bounced) = self.go(envelope, None) {
            self.bounce(*bounced);
        }
    }

    /// Sends a message over the link to its destination; `None` when there is none, and it is to go as an envelope. Of a
    /// call, `ask` says what it is beside its message, and when its time is over.
    pub(crate) fn tell(
        &self,
        to: &ActorAddr,
        handler: u64,
        sender: &ActorId,
        (body, parts): (&[u8], &[Bytes]),
        ask: Option<(Ask, Instant)>,
    ) -> Option<Result<(), CallErrorKind>> {
        let proc = to.id.proc.uid;
        let (link, sender_at) = {
            let mut state = self.hot_state();
            let link =
                self.link_to(&mut state, (proc, to.at.gateway), || Destination::handler(to, handler))?;
            let sender_at = state.location.clone();
            if let Some((ask, expires)) = ask {
                let home = ProcAddr { id: sender.proc.clone(), at: sender_at.clone() };
                // As in `go`: its loss finds the call.
                let port = PortAddr { proc: home, port: ask.port };
                state.awaiting.sent_call(link.id(), (port, 0), &to.id.proc, Some(expires));
            } else if let Some(kind) = state.full.refuses(proc, to.id.uid) {
                return Some(Err(kind));
            }
            (link, sender_at)
        };
        self.0.counters.forwarded.fetch_add(1, Ordering::Relaxed);
        let ask = ask.map(|(ask, _)| ask);
        let told = link.tell(&Tell { to, handler, sender, sender_at: &sender_at, body, parts, ask });
        if let (Err(_), Some(ask)) = (&told, ask) {
            // As in `hand_to`.
            if link.is_lost() {
                return Some(Ok(()));
            }
            self.hot_state().awaiting.answered(sender.proc.uid, ask.port, 0);
        }
        Some(told)
    }

    /// Sends a reply over the link to its port; false when there is none, or it does not take it: then it is to go as
    /// an envelope.
    pub(crate) fn answer(
        &self,
        to: &PortAddr,
        slot: u32,
        sender: &ActorId,
        (body, parts): (&[u8], &[Bytes]),
    ) -> bool {
        let proc = to.proc.id.uid;
        let (link, sender_at) = {
            let mut state = self.hot_state();
            let route = (proc, to.proc.at.gateway);
            let Some(link) = self.link_to(&mut state, route, || Destination::port(to, slot)) else {
                return false;
            };
            state.awaiting.answered(proc, to.port, slot);
            (link, state.location.clone())
        };
        let answered = link.answer(&Answer { to, slot, sender, sender_at: &sender_at, body, parts });
        if answered.is_ok() {
            self.0.counters.forwarded.fetch_add(1, Ordering::Relaxed);
        }
        answered.is_ok()
    }

    /// The link that what is sent here to a proc behind a gateway takes, if it takes one now.
    fn link_to(
        &self,
        state: &mut State,
        (proc, gateway): (Uid, GatewayId),
        to: impl FnOnce() -> Destination,
    ) -> Option<Link> {
        if let Some((last_proc, last_gateway, link)) = &state.last_route
            && (*last_proc, *last_gateway) == (proc, gateway)
        {
            return Some(link.clone());
        }
        let Step::Link(link) = route::choose(state, self.0.id, &to(), None, None) else { return None };
        state.last_route = Some((proc, gateway, link.clone()));
        Some(link)
    }

    fn go(&self, envelope: Envelope, from: Option<LinkId>) -> Result<(), Box<Bounced>> {
        match envelope.to.target {
            Target::Fold { .. } => self.fold_on(envelope, from),
            _ => self.go_on(envelope, from, true),
        }
    }

    /// As [`go`](Gateway::go), of what is not to be kept for others to go along; with `may_wait`, that somebody lets go of
    /// an accumulating port may still be.
    fn go_on(&self, envelope: Envelope, from: Option<LinkId>, may_wait: bool) -> Result<(), Box<Bounced>> {
        let step = {
            let mut state = self.hot_state();
            if let (None, Some(refused)) = (from, state.holds.answered(&envelope)) {
                drop(state);
                refused.into_iter().for_each(|bounced| self.bounce(*bounced));
                return Ok(());
            }
            match answer(&mut state, &envelope, may_wait) {
                Ok(None) => {}
                Ok(Some(after)) => {
                    drop(state);
                    self.after_replies(after);
                    return Ok(());
                }
                Err(kind) => return Err(Box::new(Bounced { envelope, kind })),
            }
            if let Some(link) = from.filter(|_| state.holds.is_behind(&envelope)) {
                drop(state);
                return self.hold(link, envelope, None);
            }
            if state.relays.has(envelope.to.proc.uid) {
                drop(state);
                self.take_in_news(&envelope, from);
                return Ok(());
            }
            if state.holds.is_behind_as_news(&envelope) {
                state.holds.put_news(envelope);
                return Ok(());
            }
            let road = state.relays.road(&envelope);
            let over = road.and_then(|_| state.relays.pass(&envelope)).and_then(|over| state.link(over));
            let step = match over {
                Some(link) => Step::Link(link),
                None => route::choose(&state, self.0.id, &envelope.to, from, road),
            };
            if let Step::Link(link) = &step {
                if from.is_none()
                    && let Some(kind) = state.full.refuses_envelope(&envelope)
                {
                    return Err(Box::new(Bounced { envelope, kind }));
                }
                // Under the lock that the link was found under: its loss finds the call (`GATE-2`).
                state.awaiting.sent(link.id(), &envelope);
            }
            if let Step::Depart = step {
                return state.hold_departing(envelope);
            }
            step
        };
        match step {
            Step::Local(_) if self.take_news(&envelope) => Ok(()),
            Step::Local(proc) => self.hand_in(&proc, envelope),
            Step::Link(link) => self.hand_to(&link, envelope),
            Step::Dial(location) => self.dial_and_hold(location, envelope),
            Step::Confirm(location) => self.confirm_and_hold(location, envelope),
            Step::Depart => unreachable!("a departing proc's envelope is held above"),
            Step::Bounce(kind) => Err(Box::new(Bounced { envelope, kind })),
        }
    }

    /// Has every link say something on which nothing was said since this was called last. To be called from outside of the
    /// runtime about once a second, so that peers hear of this process while all threads of its runtime are held.
    pub fn beat(&self) {
        let links: Vec<Link> = self.hot_state().links.values().map(|entry| entry.link.clone()).collect();
        links.iter().for_each(Link::beat);
    }

    /// Hands an envelope to a proc that is here.
    fn hand_in(&self, proc: &Arc<dyn LocalProc>, envelope: Envelope) -> Result<(), Box<Bounced>> {
        self.0.counters.delivered.fetch_add(1, Ordering::Relaxed);
        proc.deliver(envelope)
    }

    /// Hands an envelope to a link that was found for it.
    fn hand_to(&self, link: &Link, envelope: Envelope) -> Result<(), Box<Bounced>> {
        if relay::is_behind_all(&envelope) {
            self.hand_behind_all(link, envelope);
            return Ok(());
        }
        self.post_to(link, envelope)
    }

    fn post_to(&self, link: &Link, envelope: Envelope) -> Result<(), Box<Bounced>> {
        self.0.counters.forwarded.fetch_add(1, Ordering::Relaxed);
        link.post(envelope).or_else(|refused| self.refused(link, refused))
    }

    /// What a link has not taken: without the lock.
    fn refused(&self, link: &Link, Refused { envelope, kind }: Refused) -> Result<(), Box<Bounced>> {
        let mut envelope = *envelope;
        if envelope.headers.reply_to.is_some() && link.is_lost() {
            // Remembered since the link was found, it is answered as all that were on the way: who hears of the loss,
            // this very moment, knows how the proc ended (`GATE-2`, `GATE-3`).
            return Ok(());
        }
        if let (Body::Failed(reason), CallErrorKind::Decode { .. }) = (&envelope.body, &kind) {
            // The reason is longer than a frame's head may be: the caller gets what fits of it.
            let reason: String = reason.to_string().chars().take(REASON_CHARS_MAX).collect();
            envelope.body = Body::Failed(CallErrorKind::Undeliverable { reason });
            return match link.post(envelope) {
                Ok(()) => Ok(()),
                Err(refused) => Err(Box::new(Bounced { envelope: *refused.envelope, kind: refused.kind })),
            };
        }
        self.forget_calls(&envelope);
        Err(Box::new(Bounced { envelope, kind }))
    }

    /// Tells whoever is to know that a message will not arrive (`DEL-3`).
    pub fn bounce(&self, bounced: Bounced) {
        let Bounced { envelope, kind } = bounced;
        if envelope.is_forgotten() {
            // It was for the gateways on the way, of which there is none more.
            return;
        }
        if envelope.to.target == Target::Cast {
            return self.bounce_cast(&envelope, &kind);
        }
        self.0.counters.bounced.fetch_add(1, Ordering::Relaxed);
        self.0.events.note(|| format!("bounce {} {kind}", envelope.to.proc));
        if envelope.headers.lent.is_some() {
            self.take_back_lent(&envelope, &kind);
        }
        let headers = Headers {
            reply_to: None,
            lent: None,
            lane: Lane::Control,
            hops: HOPS_MAX,
            ..envelope.headers.clone()
        };
        let back = match (&envelope.body, &envelope.headers.reply_to) {
            _ if matches!(envelope.to.target, Target::Replies { .. }) => {
                self.count_lost();
                tracing::debug!(to = %envelope.to.proc, %kind, "answers could not be delivered");
                return;
            }
            (Body::Message(_), Some((port, slot))) => {
                Envelope { to: Destination::port(port, *slot), headers, body: Body::Failed(kind) }
            }
            (Body::Message(_), None) => {
                let sender = &envelope.headers.sender;
                let to = Destination {
                    proc: sender.proc.clone(),
                    at: envelope.headers.sender_at.clone(),
                    target: Target::Handler { actor: sender.uid, incarnation: 0, handler: RETURNED },
                };
                Envelope { to, headers, body: Body::Returned { to: Box::new(envelope.to), reason: kind } }
            }
            (Body::Reply(_), _)
                if matches!(kind, CallErrorKind::Decode { .. } | CallErrorKind::TooLarge { .. }) =>
            {
                // It does not fit a frame: the caller is told so instead.
                Envelope { to: envelope.to, headers, body: Body::Failed(kind) }
            }
            (Body::Reply(_) | Body::Failed(_) | Body::Returned { .. }, _) => {
                // Nobody waits for it any more: an answer to a call that has timed out, most likely.
                self.0.counters.lost.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(to = %envelope.to.proc, %kind, "an answer could not be delivered");
                return;
            }
        };
        if let Err(bounced) = self.go(back, None) {
            self.0.counters.lost.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(to = %bounced.envelope.to.proc, kind = %bounced.kind, "a return could not be delivered");
        }
    }

    fn count_lost(&self) {
        self.0.counters.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// The headers of what the gateway itself says.
    fn own_headers(&self) -> Headers {
        self.headers_from(self.location())
    }

    fn headers_from(&self, at: Arc<Location>) -> Headers {
        let proc = ProcId::single(Uid(self.0.id.uid.0), "gateway".into());
        let sender = ActorId::new(proc, Uid(0), "gateway".into());
        Headers::of(sender, at, Lane::Control)
    }
}

/// The runtime that is to do something for an envelope. In the drop of an actor while its runtime goes, there is nobody left.
fn runtime_for(envelope: Envelope) -> Result<(tokio::runtime::Handle, Envelope), Box<Bounced>> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => Ok((runtime, envelope)),
        Err(_) => {
            let kind = CallErrorKind::Unreachable { reason: "the runtime is ending".to_owned() };
            Err(Box::new(Bounced { envelope, kind }))
        }
    }
}

/// Marks the calls that an envelope answers; what is for a collector is taken in, and what follows from that given.
fn answer(
    state: &mut State,
    envelope: &Envelope,
    may_wait: bool,
) -> Result<Option<collect::After>, CallErrorKind> {
    let proc = envelope.to.proc.uid;
    let (port, said) = match (envelope.to.target, &envelope.body) {
        (Target::Port { port, slot }, Body::Reply(_) | Body::Failed(_)) => {
            if envelope.is_forgotten() {
                for lent in envelope.headers.lent().0 {
                    state.awaiting.answered(lent.port.proc.id.uid, lent.number, slot);
                }
                return Ok(None);
            }
            state.awaiting.answered(proc, port, slot);
            if !state.collectors.has(proc) && !state.folds.has(proc, port) {
                return Ok(None);
            }
            if envelope.headers.lent.is_some() && envelope.payload().is_some() && state.collectors.has(proc) {
                // Nobody waits for it: nobody has what it brings, and nothing has failed.
                return state
                    .collectors
                    .pass(port, slot, envelope)
                    .ok_or(CallErrorKind::ActorStopped)
                    .map(Some);
            }
            let reply = match &envelope.body {
                Body::Failed(kind) => Err(kind.clone()),
                _ => Ok(envelope.payload().cloned().unwrap_or_default()),
            };
            (port, vec![Said { rank: slot, len: 1, merged: false, reply }])
        }
        (Target::Replies { port }, Body::Message(payload)) => {
            let undeliverable =
                |error: DecodeError| CallErrorKind::Undeliverable { reason: error.to_string() };
            let said = decode_batch(payload).map_err(undeliverable)?;
            for rank in said.iter().flat_map(|said| said.rank..said.rank + said.len) {
                state.awaiting.answered(proc, port, rank);
            }
            (port, said)
        }
        _ => return Ok(None),
    };
    if !state.collectors.has(proc) {
        let waits = may_wait && state.folds.let_go(proc, port, said);
        return Ok(waits.then_some(collect::After::Nothing));
    }
    let closed = || CallErrorKind::Undeliverable { reason: "the port is closed".to_owned() };
    state.collectors.take_in(port, said).ok_or_else(closed).map(Some)
}

impl LinkEvents for Gateway {
    fn arrived(&self, link: LinkId, mut envelope: Envelope) {
        let Some(hops) = envelope.headers.hops.checked_sub(1) else {
            let kind = CallErrorKind::Undeliverable { reason: format!("no route within {HOPS_MAX} hops") };
            return self.bounce(Bounced { envelope, kind });
        };
        envelope.headers.hops = hops;
        if envelope.to.target == Target::Cast {
            return self.cast_arrived(link, &envelope);
        }
        let arrived = match self.proc_of(&envelope) {
            Some(_) if self.take_news(&envelope) => Ok(()),
            Some(proc) => self.hand_in(&proc, envelope),
            None => self.go(envelope, Some(link)),
        };
        if let Err(bounced) = arrived {
            self.hold_or_bounce(link, *bounced);
        }
    }

    fn told(&self, link: LinkId, told: &[Told<'_>]) {
        let mut rest = told;
        while let Some(first) = rest.first() {
            if self.take_answer(first) {
                rest = &rest[1..];
                continue;
            }
            let together = rest.iter().take_while(|one| one.goes_with(first)).count();
            let (mut group, behind) = rest.split_at(together);
            rest = behind;
            let proc = self.proc_of_told(first);
            let taken = proc.map_or(0, |proc| proc.told(group));
            self.0.counters.delivered.fetch_add(taken as u64, Ordering::Relaxed);
            group = &group[taken..];
            // Whatever is in their way: as envelopes they are delivered, or held, or someone hears why not. None of the
            // group may pass by the first that is.
            group.iter().for_each(|one| self.arrived(link, one.to_envelope()));
        }
    }

    fn lost(&self, link: LinkId, loss: Loss, returned: Vec<Envelope>) {
        self.link_lost(link, &loss, returned);
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gateway").field(&self.0.id).finish()
    }
}

#[cfg(test)]
mod tests;
