//! A flush of logs, as a barrier (`PROC-4`).

use crate::actor::Caller;
use crate::agent::HostAgentFlushEnded;
use crate::call::CallErrorKind;
use crate::config;
use crate::log::StreamKind;
use crate::port::PortsExhausted;
use crate::request::PortRef;

use super::create;
use super::procs::ProcMeshRef;

/// What some procs have written may not be shown yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushLogsError {
    /// Too many ports are open: nothing was asked.
    #[error(transparent)]
    Ports(#[from] PortsExhausted),
    /// Procs did not answer in time.
    #[error("the logs of mesh {mesh} are not flushed at ranks {ranks:?}")]
    Ranks {
        /// The mesh.
        mesh: crate::ident::MeshId,
        /// The ranks in the caller's view.
        ranks: Vec<usize>,
    },
}

/// Which outputs are flushed, a rank.
type Seen = Vec<[bool; 2]>;

fn mark(slot: u32, seen: &mut Seen, item: Result<StreamKind, CallErrorKind>) {
    if let (Some(rank), Ok(stream)) = (seen.get_mut(slot as usize), item) {
        rank[usize::from(stream == StreamKind::Stderr)] = true;
    }
}

impl ProcMeshRef {
    /// See [`ProcMeshControl::flush_logs`](super::ProcMeshControl::flush_logs).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn flush_logs(&self, cx: &impl Caller) -> Result<(), FlushLogsError> {
        let (addr, seen) = cx.scope().open_accumulator(vec![[false; 2]; self.len()], mark)?;
        let port = |rank: usize| PortRef::new(addr.clone(), u32::try_from(rank).unwrap_or(u32::MAX));
        let agents = self.proc_agents();
        let asked: Vec<_> = (0..self.len())
            .filter_map(|rank| Some((rank, agents.addr(rank)?)))
            .map(|(rank, addr)| {
                let agent = crate::actor::ActorRef::<crate::agent::ProcAgent>::at(addr);
                (rank, agent.flush_logs(port(rank)).call(cx))
            })
            .collect();
        for (rank, answer) in asked {
            let Err(error) = answer.await else { continue };
            // One that has ended can be asked no more, but its host knows when its pipes were empty.
            if !matches!(error.kind, CallErrorKind::Deadline { .. })
                && let Ok(one) = self.try_slice(rank..rank + 1)
                && let Some(hosts) = one.host_agents()
            {
                let verb = HostAgentFlushEnded { id: self.id().uid, port: port(rank) };
                let _ = create::post(cx.scope(), &hosts, verb);
            }
        }
        let idle = cx.scope().outbox.config().get(config::CALL_TIMEOUT);
        let shown = |seen: &mut Seen| seen.iter().all(|rank| *rank == [true; 2]);
        if seen.wait_until(idle, shown).await {
            return Ok(());
        }
        let missing = |(rank, seen): (usize, &[bool; 2])| (*seen != [true; 2]).then_some(rank);
        let ranks = seen.with(|seen| seen.iter().enumerate().filter_map(missing).collect());
        Err(FlushLogsError::Ranks { mesh: self.id().clone(), ranks })
    }
}
