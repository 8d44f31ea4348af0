//! The connections of one door that have not yet said who they are: a bounded number of them.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::transport::Trust;

/// The most connections of one door that have not yet said hello.
pub(super) const STRANGERS_MAX: usize = 256;

/// How long a connection from the network keeps its place while another waits for one.
const PATIENCE: Duration = Duration::from_millis(500);

/// The handshakes of one door. Dropped, it ends them.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    tasks: JoinSet<()>,
    /// Those from the network, which may be sent away, the oldest first.
    from_network: VecDeque<(Instant, AbortHandle)>,
}

impl Strangers {
    /// Waits until there is a place. If all are taken, those from the network that have kept theirs for long lose it:
    /// whoever says nothing keeps nobody out. Processes of this machine are waited for, until their own time is over.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(super) async fn room(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        while self.tasks.len() >= STRANGERS_MAX {
            self.from_network.retain(|(_, task)| !task.is_finished());
            let Some((oldest, _)) = self.from_network.front() else {
                self.tasks.join_next().await;
                continue;
            };
            tokio::select! {
                biased;
                _ = self.tasks.join_next() => {}
                () = tokio::time::sleep_until(*oldest + PATIENCE) => {
                    let impatient = |(since, _): &(Instant, AbortHandle)| since.elapsed() >= PATIENCE;
                    let long = self.from_network.iter().take_while(|task| impatient(task)).count();
                    tracing::warn!(count = long, "connections that did not say hello made room for others");
                    self.from_network.drain(..long).for_each(|(_, task)| task.abort());
                    // A task that is aborted still has its place until it has ended.
                    self.tasks.join_next().await;
                }
            }
        }
    }

    /// Lets one more in; to be called when there is [`room`](Strangers::room).
    pub(super) fn admit(&mut self, trust: Trust, handshake: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(handshake);
        if trust != Trust::Machine {
            if self.from_network.len() >= 2 * STRANGERS_MAX {
                self.from_network.retain(|(_, task)| !task.is_finished());
            }
            self.from_network.push_back((Instant::now(), task));
        }
    }
}
