//! The callers that wait for a message, for `CALL-3`.

use std::sync::Arc;

use crate::ident::ActorId;
use crate::wire::envelope::CHAIN_LEN_MAX;

/// A caller that waits, and who waits for it.
#[derive(Debug)]
pub struct CallChain {
    caller: ActorId,
    outer: Option<Arc<CallChain>>,
    len: usize,
}

impl CallChain {
    /// Adds a caller to the end of a chain; one that is too long starts again, and cycles through it are then found
    /// by the deadline only.
    pub fn extend(caller: ActorId, outer: Option<Arc<CallChain>>) -> Arc<CallChain> {
        let outer = outer.filter(|outer| outer.len < CHAIN_LEN_MAX);
        let len = 1 + outer.as_ref().map_or(0, |outer| outer.len);
        Arc::new(CallChain { caller, outer, len })
    }

    fn callers(&self) -> impl Iterator<Item = &ActorId> {
        std::iter::successors(Some(self), |chain| chain.outer.as_deref()).map(|chain| &chain.caller)
    }

    /// The cycle that a call to `callee` would close, from the callee round to the callee.
    pub fn cycle(&self, callee: &ActorId) -> Option<Vec<ActorId>> {
        let same = |id: &ActorId| id.proc == callee.proc && id.uid == callee.uid;
        let at = self.callers().position(same)?;
        let mut cycle: Vec<ActorId> = self.callers().take(at + 1).cloned().collect();
        cycle.reverse();
        cycle.push(callee.clone());
        Some(cycle)
    }

    /// As it travels: outermost first.
    pub fn to_wire(&self) -> Vec<ActorId> {
        let mut callers: Vec<ActorId> = self.callers().cloned().collect();
        callers.reverse();
        callers
    }

    /// As it arrived.
    pub fn from_wire(callers: Vec<ActorId>) -> Option<Arc<CallChain>> {
        callers.into_iter().fold(None, |outer, caller| Some(CallChain::extend(caller, outer)))
    }
}
