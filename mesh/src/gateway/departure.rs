//! What happens when a link is lost.

use std::sync::Arc;

use super::awaiting::Call;
use super::cast::each_of;
use super::held::Held;
use super::{Bounced, ExitObserver, Gateway};
use crate::call::CallErrorKind;
use crate::ident::ProcId;
use crate::link::{LinkId, Loss};
use crate::supervision::Exit;
use crate::wire::envelope::Envelope;

impl Gateway {
    pub(super) fn link_lost(&self, link: LinkId, loss: &Loss, returned: Vec<Envelope>) {
        let reason = &loss.reason;
        let (mut supervised, mut given_up) = (Vec::new(), Vec::new());
        let unreachable = CallErrorKind::Unreachable { reason: format!("the link was lost: {reason}") };
        let calls = {
            let mut state = self.state();
            let Some(entry) = state.links.remove(&link) else { return };
            self.0.events.note(|| format!("link to {} lost: {reason}", entry.peer));
            if state.by_gateway.get(&entry.peer.uid) == Some(&link) {
                state.by_gateway.remove(&entry.peer.uid);
                let other = state.links.iter().find(|(_, other)| other.peer == entry.peer).map(|(id, _)| *id);
                state.by_gateway.extend(other.map(|id| (entry.peer.uid, id)));
            }
            if state.uplink == Some(link) {
                state.uplink = None;
                state.uplink_lost = true;
            }
            for proc in entry.procs {
                if state.by_proc.get(&proc.uid).is_some_and(|current| *current != link) {
                    continue; // Another life of it is there already.
                }
                state.by_proc.remove(&proc.uid);
                state.leave_place(&proc);
                let Some(observer) = state.observers.remove(&proc.uid) else { continue };
                if loss.is_silence {
                    // Nobody waits for how it ends: it is ended.
                    state.record_gone(&proc, unreachable.clone());
                    given_up.push(observer);
                } else {
                    state.departing.insert(proc.uid, Held::default());
                    supervised.push((proc, observer));
                }
            }
            state.awaiting.take(link)
        };
        self.0.uplink_lost.notify_waiters();
        self.0.departed.notify_waiters();
        given_up.iter().for_each(|observer| observer.give_up(reason));
        // A call among the returned is answered as one that waits; the rest goes back to its senders.
        let returned: Vec<Envelope> = returned
            .iter()
            .filter(|envelope| envelope.headers.reply_to.is_none())
            .flat_map(each_of)
            .collect();
        // What went to procs behind a supervised one, a host, ends with that: its exit is their answer too.
        let (departed, cut) = if supervised.is_empty() { (Vec::new(), calls) } else { (calls, Vec::new()) };
        let (held, returned) =
            if supervised.is_empty() { (Vec::new(), returned) } else { (returned, Vec::new()) };
        self.fail_calls(cut, &unreachable);
        for envelope in returned {
            self.bounce(Bounced { envelope, kind: unreachable.clone() });
        }
        let (mut departed, mut held) = (departed, held);
        for (n, (proc, observer)) in supervised.into_iter().enumerate().rev() {
            let calls = departed.extract_if(.., |call| n == 0 || call.callee == proc).collect();
            let envelopes = held.extract_if(.., |envelope| n == 0 || envelope.to.proc == proc).collect();
            tokio::spawn(self.clone().depart(proc, observer, calls, envelopes));
        }
    }

    /// Finds out how a proc ended, then answers everyone who waits on it (`GATE-3`).
    async fn depart(
        self,
        proc: ProcId,
        observer: Arc<dyn ExitObserver>,
        calls: Vec<Call>,
        held: Vec<Envelope>,
    ) {
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
        let late = {
            let mut state = self.state();
            state.record_gone(&proc, kind.clone());
            state.departing.remove(&proc.uid).unwrap_or_default()
        };
        self.0.departed.notify_waiters();
        self.fail_calls(calls, &kind);
        for envelope in held.into_iter().chain(late.into_envelopes()) {
            self.bounce(Bounced { envelope, kind: kind.clone() });
        }
    }
}
