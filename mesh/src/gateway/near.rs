//! The short ways to a proc that is here, of what came over a link: what `go` would find, in fewer looks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Gateway, LocalProc};
use crate::ident::Uid;
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
        self.proc_for(told.proc().uid, told.handler())
    }

    /// As [`proc_of_told`](Gateway::proc_of_told), of a message for an actor.
    pub(super) fn proc_of(&self, envelope: &Envelope) -> Option<Arc<dyn LocalProc>> {
        let target = Some(envelope.to.target).filter(|target| matches!(target, Target::Handler { .. }))?;
        self.proc_for(envelope.to.proc.uid, Some(target))
    }

    /// A proc, if it is here and nothing is held for its actor.
    fn proc_for(&self, proc: Uid, target: Option<Target>) -> Option<Arc<dyn LocalProc>> {
        let state = self.hot_state();
        let (_, local) = state.procs.get(proc)?;
        let is_held =
            matches!(target, Some(Target::Handler { actor, .. }) if state.holds.is_held(proc, actor));
        local.filter(|_| !is_held)
    }
}
