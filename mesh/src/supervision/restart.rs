//! How often what fails is made anew (`SUP-4`), and what is remembered of it. No clock: the time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Cause;

/// The longest pause before something is made anew.
pub const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How many of the latest causes are named when it is given up.
const CAUSES_MAX: usize = 8;

/// How often what fails is made anew: at most `max` times in any time as long as `within`, after a pause that begins with
/// `backoff` and doubles with each time, up to [`BACKOFF_MAX`].
///
/// In the annotation it is written `#[actor(restart(max = 3, within = "1m", backoff = "100ms"))]`, with these defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartPolicy {
    /// How many times.
    pub max: u32,
    /// Within which time.
    pub within: Duration,
    /// The first pause.
    pub backoff: Duration,
}

impl RestartPolicy {
    /// Three times a minute, the first time after 100 ms.
    pub const DEFAULT: RestartPolicy =
        RestartPolicy { max: 3, within: Duration::from_secs(60), backoff: Duration::from_millis(100) };
}

impl Default for RestartPolicy {
    fn default() -> RestartPolicy {
        RestartPolicy::DEFAULT
    }
}

/// What becomes of a mesh when one of its ranks has failed: an actor that its own policy does not make anew any more, or a
/// proc that has ended and was not asked to.
///
/// | | the rank | the other ranks | the owner |
/// |---|---|---|---|
/// | `FailRank` | stays failed | go on | hears of the failure |
/// | `FailMesh` | stays failed | are stopped, as by the owner | hears of the failure |
/// | `RespawnRank` | comes back, under the same references | go on | hears a `Restarted` event; of a failure when it was too often |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RankPolicy {
    /// The rank has failed, and the others go on.
    #[default]
    FailRank,
    /// The mesh has failed: its other ranks are stopped.
    FailMesh,
    /// The rank is brought back, as often as this allows. A proc is started again on its host, with the actors that were
    /// spawned on it, each from its spec; messages that come meanwhile are held. When its host is lost it is started on a
    /// spare, or on another host of the mesh (`ProcOptions::spares`).
    RespawnRank(RestartPolicy),
}

/// What is remembered of the failures of one thing.
#[derive(Clone, Debug, Default)]
pub struct RestartHistory {
    times: VecDeque<Instant>,
    causes: VecDeque<Cause>,
}

impl RestartHistory {
    /// It has failed at `now`: after which pause it is made anew; `None` when that was too often.
    pub fn failed(&mut self, policy: RestartPolicy, now: Instant, cause: &Cause) -> Option<Duration> {
        while self.times.front().is_some_and(|at| now.saturating_duration_since(*at) >= policy.within) {
            self.times.pop_front();
        }
        let before = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        if before >= policy.max {
            return None;
        }
        self.times.push_back(now);
        while self.causes.len() >= CAUSES_MAX.min(self.times.len()) {
            self.causes.pop_front();
        }
        self.causes.push_back(cause.clone());
        Some(policy.backoff.saturating_mul(1 << before.min(20)).min(BACKOFF_MAX))
    }

    /// It is not made anew any more: the cause of its last failure, with what was before. What follows begins anew.
    pub fn give_up(&mut self, policy: RestartPolicy, last: Cause) -> Cause {
        let restarts = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        self.times.clear();
        let earlier = std::mem::take(&mut self.causes).into();
        match restarts {
            0 => last,
            _ => Cause::GaveUp { restarts, within: policy.within, last: Box::new(last), earlier },
        }
    }
}

#[cfg(test)]
mod tests;
