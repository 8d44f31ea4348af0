//! The short ways to a proc that is here, of what came over a link: what `go` would find, in fewer looks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Gateway, LocalProc};
use crate::wire::envelope::{Envelope, Target};
use crate::wire::heads::Told;

impl Gateway {
    /// Takes in a reply that is for a proc here; false when it is to be taken in as an envelope.
    pub(super) fn take_answer(&self, told: &Told<'_>) -> bool {
        let Some((port, slot)) = told.answer() else { return false };
        let proc = {
            let mut state = self.hot_state();
            let uid = told.proc().uid;
            let proc = state.procs.get(uid).and_then(|(_, proc)| proc);
            if proc.is_some() {
                state.awaiting.answered(uid, port, slot);
            }
            proc
        };
        let is_taken = proc.is_some_and(|proc| proc.answered(port, slot, told.body()));
        self.0.counters.delivered.fetch_add(is_taken.into(), Ordering::Relaxed);
        is_taken
    }

    /// The proc that messages are for, if it is here and may take them at once.
    pub(super) fn proc_of_told(&self, told: &Told<'_>) -> Option<Arc<dyn LocalProc>> {
        let state = self.hot_state();
        let proc = told.proc().uid;
        if let Some(Target::Handler { actor, .. }) = told.handler()
            && state.holds.is_held(proc, actor)
        {
            return None;
        }
        state.procs.get(proc).and_then(|(_, proc)| proc)
    }

    /// The proc that a message for an actor is for, if it is here and nothing is held for that actor.
    pub(super) fn proc_of(&self, envelope: &Envelope) -> Option<Arc<dyn LocalProc>> {
        let Target::Handler { actor, .. } = envelope.to.target else { return None };
        let (state, proc) = (self.hot_state(), envelope.to.proc.uid);
        let (_, local) = state.procs.get(proc)?;
        local.filter(|_| !state.holds.is_held(proc, actor))
    }
}
