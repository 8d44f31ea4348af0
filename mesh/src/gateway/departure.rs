//! What happens when a link is lost: everyone who waits for what is behind it is answered, once, with what is known.
//!
//! ```text
//!                ┌─ of a child that ended ──► departing ── its exit ──► gone ─┐
//! link lost ─────┼─ of one that is silent ──► gone, and it is ended ──────────┼─► settle: each call, each message
//!                └─ of any other ─────────────────────────────────────────────┘
//! ```

use std::sync::Arc;

use super::awaiting::Call;
use super::cast::{each_of, relayed_by};
use super::held::Held;
use super::relay::came_late;
use super::route::{self, Step};
use super::state::{LinkEntry, State};
use super::{Bounced, ExitObserver, Gateway};
use crate::addr::ActorAddr;
use crate::call::CallErrorKind;
use crate::ident::{ActorId, ProcId};
use crate::link::{LinkId, Loss};
use crate::supervision::Exit;
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, CastPoint, Destination, Envelope, Headers, Lent};

/// Those who wait for what was behind a lost link.
#[derive(Default)]
struct Waiting {
    /// Calls that have no answer.
    calls: Vec<Call>,
    /// Messages that did not go.
    held: Vec<Envelope>,
}

impl Waiting {
    /// Takes out what is for `proc`.
    fn of(&mut self, proc: &ProcId) -> Waiting {
        Waiting {
            calls: self.calls.extract_if(.., |call| call.callee == *proc).collect(),
            held: self.held.extract_if(.., |envelope| envelope.to.proc == *proc).collect(),
        }
    }
}

/// A child that was behind a lost link.
struct Lost {
    proc: ProcId,
    observer: Arc<dyn ExitObserver>,
}

impl Gateway {
    pub(super) fn link_lost(&self, link: LinkId, loss: &Loss, returned: Vec<Envelope>) {
        let reason = &loss.reason;
        let unreachable = CallErrorKind::Unreachable { reason: format!("the link was lost: {reason}") };
        let (peer, children, mut calls) = {
            let mut state = self.state();
            let Some(entry) = state.unlink(link) else { return };
            // Under the lock: before anything else takes those links.
            for (link, epoch) in state.relay_lost(self, link) {
                // One that is closed takes nothing else either.
                let _ = link.post(epoch);
            }
            self.0.events.note(|| format!("link to {} lost: {reason}", entry.peer));
            let mut children = Vec::new();
            for proc in entry.procs {
                let Some(observer) = state.observers.remove(&proc.uid) else { continue };
                if loss.is_silence {
                    // Nobody waits for how it ends: it is ended.
                    state.record_gone(&proc, unreachable.clone());
                } else {
                    state.departing.insert(proc.uid, Held::default());
                }
                children.push(Lost { proc, observer });
            }
            (entry.peer, children, state.awaiting.take(link))
        };
        self.0.uplink_lost.notify_waiters();
        self.0.departed.notify_waiters();
        // A call among the returned is answered as one that waits; the rest goes back to its senders.
        let returned = returned.iter().filter(|envelope| envelope.headers.reply_to.is_none());
        let (relayed, held) = returned
            .flat_map(|envelope| {
                let relayed = relayed_by(envelope).last() == Some(&self.0.id.uid);
                each_of(envelope).into_iter().map(move |one| (relayed && one.to.at.gateway != peer, one))
            })
            .partition::<Vec<_>, _>(|(relayed, _)| *relayed);
        let envelopes = |of: Vec<(bool, Envelope)>| of.into_iter().map(|(_, one)| one).collect();
        // Who is behind other gateways is where it was, and does not hear of what went over this one.
        let is_relayed = |call: &mut Call| call.relayed_to.is_some_and(|gateway| gateway != peer);
        let relayed_calls = calls.extract_if(.., is_relayed).collect();
        self.settle(Waiting { calls: relayed_calls, held: envelopes(relayed) }, &came_late());
        let mut waiting = Waiting { calls, held: envelopes(held) };
        if loss.is_silence || children.is_empty() {
            children.iter().for_each(|child| child.observer.give_up(reason));
            return self.settle(waiting, &unreachable);
        }
        for (n, child) in children.into_iter().enumerate().rev() {
            // What went to procs behind a child, a host, ends with that: its exit is their answer too.
            let its = if n == 0 { std::mem::take(&mut waiting) } else { waiting.of(&child.proc) };
            tokio::spawn(self.clone().depart(child, its));
        }
    }

    /// Finds out how a child ended, then answers everyone who waits for it (`GATE-3`).
    async fn depart(self, Lost { proc, observer }: Lost, mut waiting: Waiting) {
        let wait = self.0.config.exit_status_wait;
        let exit = match tokio::time::timeout(wait, observer.exited()).await {
            Ok(exit) => exit,
            Err(_) => {
                observer.kill();
                tokio::time::timeout(wait, observer.exited()).await.unwrap_or_else(|_| Exit::unknown())
            }
        };
        self.0.events.note(|| format!("proc {proc} gone: {}", exit.status));
        let kind = CallErrorKind::proc_lost(&proc, &exit);
        {
            let mut state = self.state();
            state.record_gone(&proc, kind.clone());
            let late = state.departing.remove(&proc.uid).unwrap_or_default();
            waiting.held.extend(late.into_envelopes());
        }
        self.0.departed.notify_waiters();
        self.settle(waiting, &kind);
    }

    /// The one way in which those who wait hear why they wait in vain: calls are answered, messages come back.
    fn settle(&self, Waiting { calls, held }: Waiting, kind: &CallErrorKind) {
        for Call { port, slot, lender, .. } in calls {
            let to = Destination::port(&port, slot);
            let (headers, body) = (self.own_headers(), Body::Failed(kind.clone()));
            self.post_or_bounce(Envelope { to, headers, body });
            if let Some(lender) = lender {
                let lent = Lent { number: port.port, port };
                self.post_or_bounce(lent.forgotten(*lender, slot, self.own_headers()));
            }
        }
        for envelope in held {
            self.bounce(Bounced { envelope, kind: kind.clone() });
        }
    }
}

impl Gateway {
    /// A port of this process is lent to `holder` by someone elsewhere. Should the link that leads to it be lost, the port
    /// hears of that, whatever happens on the road that the reference took.
    pub fn watch_loan(&self, lent: &Lent, slot: u32, holder: &ActorAddr) {
        let lost = {
            let mut state = self.hot_state();
            let point = CastPoint { rank: slot, base_rank: slot, size: 1 };
            let own = self.headers_from(state.location.clone());
            // As if the port's own proc had sent it.
            let sender = ActorId { proc: lent.port.proc.id.clone(), ..own.sender.clone() };
            let headers = Headers { sender, lent: Some([lent.clone()].into()), point: Some(point), ..own };
            // It is not sent: it stands for what was.
            let body = Body::Reply(Payload::default());
            let sent = Envelope { to: Destination::handler(holder, 0), headers, body };
            match route::choose(&state, self.0.id, &sent.to, None, Some(self.0.id.uid)) {
                Step::Link(link) => {
                    state.awaiting.sent(link.id(), &sent);
                    None
                }
                Step::Depart => state.hold_departing(sent).err(),
                Step::Bounce(kind @ CallErrorKind::ProcLost { .. }) => {
                    Some(Box::new(Bounced { envelope: sent, kind }))
                }
                Step::Local(_) | Step::Dial(_) | Step::Confirm(_) | Step::Bounce(_) => None,
            }
        };
        if let Some(Bounced { envelope, kind }) = lost.map(|lost| *lost) {
            self.take_back_lent(&envelope, &kind);
        }
    }

    /// The holder of a loan has let go of it.
    pub fn forget_loan(&self, lent: &Lent, slot: u32) {
        self.hot_state().awaiting.answered(lent.port.proc.id.uid, lent.number, slot);
    }

    /// Nobody has got the references to ports in a message: the ports hear why.
    pub(super) fn take_back_lent(&self, envelope: &Envelope, kind: &CallErrorKind) {
        let (lent, slot) = envelope.headers.lent();
        for lent in lent {
            let to = Destination::port(&lent.release(), slot);
            let (headers, body) = (self.own_headers(), Body::Failed(kind.clone()));
            self.post_or_bounce(Envelope { to, headers, body });
            if let Some(lender) = envelope.headers.lender(lent) {
                self.post_or_bounce(lent.clone().forgotten(lender, slot, self.own_headers()));
            }
        }
    }
}

impl State {
    /// Takes a lost link out of the tables; `None` if it is gone already.
    fn unlink(&mut self, link: LinkId) -> Option<LinkEntry> {
        let mut entry = self.links.remove(&link)?;
        if self.by_gateway.get(&entry.peer.uid) == Some(&link) {
            self.by_gateway.remove(&entry.peer.uid);
            let other = self.links.iter().find(|(_, other)| other.peer == entry.peer).map(|(id, _)| *id);
            self.by_gateway.extend(other.map(|id| (entry.peer.uid, id)));
        }
        if !self.by_gateway.contains_key(&entry.peer.uid) {
            self.relays.forget(entry.peer.uid);
        }
        if self.uplink == Some(link) {
            self.uplink = None;
            self.uplink_lost = true;
        }
        // Of others another life is there already.
        entry.procs.retain(|proc| self.by_proc.get(&proc.uid).is_none_or(|current| *current == link));
        for proc in &entry.procs {
            self.by_proc.remove(&proc.uid);
            self.full.forget(proc.uid);
            self.leave_place(proc);
        }
        Some(entry)
    }
}
