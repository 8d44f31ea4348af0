//! The calls that passed over a link and are not yet answered (`GATE-2`).

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::addr::PortAddr;
use crate::clock;
use crate::ident::{ProcId, Uid};
use crate::link::LinkId;
use crate::wire::envelope::Envelope;

/// The table is swept of calls whose time is over when it has grown to this, and to twice what a sweep left.
const SWEEP_AT_MIN: usize = 1024;

/// One call that waits for its reply.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) port: PortAddr,
    pub(super) slot: u32,
    pub(super) callee: ProcId,
    link: LinkId,
    expires: Option<Instant>,
}

/// The table. Ordered, so that a lost link answers its calls in the same order in every run.
#[derive(Debug)]
pub(super) struct Awaiting {
    calls: BTreeMap<(Uid, u64, u32), Call>,
    sweep_at: usize,
}

impl Awaiting {
    pub(super) fn new() -> Awaiting {
        Awaiting { calls: BTreeMap::new(), sweep_at: SWEEP_AT_MIN }
    }

    /// Remembers the call that an envelope carries over a link, if it carries one.
    pub(super) fn sent(&mut self, link: LinkId, envelope: &Envelope) {
        let Some((port, slot)) = &envelope.headers.reply_to else { return };
        if self.calls.len() >= self.sweep_at {
            let now = clock::now();
            self.calls.retain(|_, call| call.expires.is_none_or(|at| at > now));
            self.sweep_at = SWEEP_AT_MIN.max(2 * self.calls.len());
        }
        let expires = envelope.headers.deadline_us.and_then(clock::in_us);
        let call = Call { port: port.clone(), slot: *slot, callee: envelope.to.proc.clone(), link, expires };
        self.calls.insert((port.proc.id.uid, port.port, *slot), call);
    }

    pub(super) fn answered(&mut self, proc: Uid, port: u64, slot: u32) {
        self.calls.remove(&(proc, port, slot));
    }

    /// Takes out the calls that went over a link.
    pub(super) fn take(&mut self, link: LinkId) -> Vec<Call> {
        self.calls.extract_if(.., |_, call| call.link == link).map(|(_, call)| call).collect()
    }
}
