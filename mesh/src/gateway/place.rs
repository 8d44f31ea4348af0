//! The places of procs that come back after a death: what is for one that is away is held until it is there again.
//!
//! ```text
//! keep ─► taken ──link lost──► away: held ──next life comes in──► away: held ──open──► taken
//!                                 └───────────── give up ─► held goes back, the place is no more
//! ```
//!
//! Invariants
//! - `PLACE-1` nothing is held that was sent to the life before: it may have been handled (`DEL-1`).
//! - `PLACE-2` what was held goes before what comes later: until nothing is held, all that comes is held.

use std::sync::Arc;

use super::held::Held;
use super::state::State;
use super::{Bounced, Gateway};
use crate::addr::Location;
use crate::call::CallErrorKind;
use crate::ident::ProcId;
use crate::link::LinkId;
use crate::wire::cast::system_proc;

/// The place of a proc that comes back.
pub(super) enum Place {
    /// It is there, or was never yet.
    Taken,
    /// It is away; what is for it.
    Away(Held),
}

impl State {
    /// The link of a proc is lost.
    pub(super) fn leave_place(&mut self, proc: &ProcId) {
        if let Some(place @ Place::Taken) = self.places.get_mut(&proc.uid) {
            *place = Place::Away(Held::default());
        }
    }

    /// A proc comes in over a link; that of a later life is sent what is for it only when its place is opened.
    pub(super) fn comes_in(&mut self, proc: &ProcId, link: LinkId) {
        if matches!(self.places.get(&proc.uid), Some(Place::Away(_))) {
            self.gone.remove(&proc.uid);
        } else {
            self.by_proc.insert(proc.uid, link);
        }
    }
}

impl Gateway {
    /// Keeps the place of a proc that comes back.
    pub fn keep_place(&self, proc: &ProcId) {
        self.state().places.insert(proc.uid, Place::Taken);
    }

    /// Keeps the place of a proc that was given up, and comes back after all.
    pub fn keep_empty_place(&self, proc: &ProcId) {
        self.state().places.insert(proc.uid, Place::Away(Held::default()));
    }

    /// Resolves when nothing is left here of the life before of a proc.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn place_is_empty(&self, proc: &ProcId) {
        loop {
            let departed = self.0.departed.notified();
            tokio::pin!(departed);
            departed.as_mut().enable();
            {
                let state = self.hot_state();
                let linked =
                    state.links.values().any(|entry| entry.procs.iter().any(|one| one.uid == proc.uid));
                if !linked && !state.departing.contains_key(&proc.uid) {
                    return;
                }
            }
            departed.await;
        }
    }

    /// The next life of a proc has all it needs: it gets what was held for it, and what comes from now on.
    pub fn open_place(&self, proc: &ProcId) {
        loop {
            let (held, link) = {
                let mut state = self.state();
                // Lost again, its messages stay held.
                let Some(id) = state.by_gateway.get(&proc.uid).copied() else { return };
                let Some(link) = state.link(id) else { return };
                let Some(place @ Place::Away(_)) = state.places.get_mut(&proc.uid) else { return };
                let Place::Away(held) = std::mem::replace(place, Place::Taken) else { return };
                if held.is_empty() {
                    state.by_proc.insert(proc.uid, id);
                    return;
                }
                *place = Place::Away(Held::default());
                let held = held.release();
                held.envelopes.iter().for_each(|envelope| state.awaiting.sent(link.id(), envelope));
                (held, link)
            };
            held.expired.into_iter().for_each(|expired| self.bounce(expired));
            for envelope in held.envelopes {
                if let Err(bounced) = self.hand_to(&link, envelope) {
                    self.bounce(*bounced);
                }
            }
        }
    }

    /// The procs of the host that was at `lost` are at `by` from now on, and so is what speaks for that host.
    pub fn redirect(&self, lost: &Location, by: &Location, procs: &[ProcId]) {
        let mut state = self.state();
        let host = system_proc(lost);
        if by.gateway == self.0.id {
            // What is for the agent of the lost host is for our own.
            if let Some((_, Some(own))) = state.procs.get(self.0.id.uid) {
                state.procs.insert(host, Arc::downgrade(&own));
            }
            // Its children are found as those that it had before.
            procs.iter().for_each(|proc| drop(state.moved.remove(&proc.uid)));
            return;
        }
        let by = Arc::new(by.clone());
        for proc in procs.iter().chain([&host]) {
            state.moved.insert(proc.uid, by.clone());
        }
    }

    /// A proc that was away is elsewhere: it gets what was held for it, and what comes from now on.
    pub fn leave_place_for(&self, proc: &ProcId) {
        loop {
            let (held, link) = {
                let mut state = self.state();
                let Some(by) = state.moved.get(&proc.uid).map(|by| by.gateway.uid) else { return };
                let link = state.by_gateway.get(&by).copied().or(state.uplink);
                let link = link.and_then(|id| state.link(id));
                let Some(Place::Away(held)) = state.places.remove(&proc.uid) else { return };
                if held.is_empty() {
                    return;
                }
                state.places.insert(proc.uid, Place::Away(Held::default()));
                let held = held.release();
                if let Some(link) = &link {
                    held.envelopes.iter().for_each(|envelope| state.awaiting.sent(link.id(), envelope));
                }
                (held, link)
            };
            held.expired.into_iter().for_each(|expired| self.bounce(expired));
            for envelope in held.envelopes {
                let sent = match &link {
                    Some(link) => self.hand_to(link, envelope),
                    None => {
                        let kind = CallErrorKind::Unreachable { reason: format!("no route to {proc}") };
                        Err(Box::new(Bounced { envelope, kind }))
                    }
                };
                sent.unwrap_or_else(|bounced| self.bounce(*bounced));
            }
        }
    }

    /// A proc does not come back: what was held for it goes back with the reason.
    pub fn give_up_place(&self, proc: &ProcId, kind: &CallErrorKind) {
        let place = self.state().places.remove(&proc.uid);
        if let Some(Place::Away(held)) = place {
            for envelope in held.into_envelopes() {
                self.bounce(Bounced { envelope, kind: kind.clone() });
            }
        }
    }
}
