//! How far a thing has come.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{StatusOverlay, ValueMesh};
use crate::shape::Region;

/// How far a proc, an actor or another resource has come, as seen by whoever asks.
///
/// The order is by [`class`](Status::class), then by reason; waits compare classes:
/// `status.class() >= StatusClass::Running` holds as soon as the thing runs, and also when it never will.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Status {
    /// Nothing is known of it here: it was never made, or not yet.
    #[default]
    NotExist,
    /// It is being made.
    Initializing,
    /// It runs.
    Running,
    /// It has been told to stop.
    Stopping,
    /// It has stopped, as it was told.
    Stopped,
    /// It failed, or could not be made.
    Failed {
        /// Why.
        reason: String,
    },
    /// Whoever was asked did not answer in time. Not a state of the thing itself.
    Timeout,
    /// Whoever was asked cannot tell, nor can anyone else. Not a state of the thing itself.
    Unknown,
}

/// A [`Status`] without its reason. The order is the order in which things go; waits use `>=`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StatusClass {
    /// See [`Status::NotExist`].
    NotExist,
    /// See [`Status::Initializing`].
    Initializing,
    /// See [`Status::Running`].
    Running,
    /// See [`Status::Stopping`].
    Stopping,
    /// See [`Status::Stopped`].
    Stopped,
    /// See [`Status::Failed`].
    Failed,
    /// See [`Status::Timeout`].
    Timeout,
    /// See [`Status::Unknown`].
    Unknown,
}

/// The status of a resource as whoever watches it is told of it, with what says which of two is newer: they may be merged
/// on their way ([`StandingOverlay`](super::StandingOverlay)). Ranks that stand alike, of one generation, are one run there.
///
/// `D` is what is told beside the status: nothing, or what else is seen
/// ([`StateOverlay`](crate::resource::StateOverlay)).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Standing<D = ()> {
    /// The status.
    pub status: Status,
    /// Which of the questions of whoever watches it answers; a later one is of a later agent.
    pub epoch: u32,
    /// Raised by every change.
    pub generation: u64,
    /// How often it has begun to run since the question, if it did not run then, or no more; 0 where states are told, which
    /// that would set apart.
    pub returns: u32,
    /// What is told beside the status.
    pub details: D,
}

impl<D> Standing<D> {
    /// Whether it is newer than `other`, or as new.
    pub fn follows(&self, other: &Standing<D>) -> bool {
        (self.epoch, self.generation) >= (other.epoch, other.generation)
    }
}

/// The statuses of the ranks of a view.
pub type StatusMesh = ValueMesh<Status>;

impl Status {
    /// A failure with its reason.
    pub fn failed(reason: impl fmt::Display) -> Status {
        Status::Failed { reason: reason.to_string() }
    }

    /// The status without its reason, for comparison.
    pub fn class(&self) -> StatusClass {
        match self {
            Status::NotExist => StatusClass::NotExist,
            Status::Initializing => StatusClass::Initializing,
            Status::Running => StatusClass::Running,
            Status::Stopping => StatusClass::Stopping,
            Status::Stopped => StatusClass::Stopped,
            Status::Failed { .. } => StatusClass::Failed,
            Status::Timeout => StatusClass::Timeout,
            Status::Unknown => StatusClass::Unknown,
        }
    }

    /// Whether the thing has ended, so that no other status can follow: stopped or failed. Timeout and unknown say
    /// nothing of the thing itself.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Status::Stopped | Status::Failed { .. })
    }

    /// `self`, or `floor` where its class is later: a child never looks healthier than its parent (`VERB-4`).
    pub fn clamp_min(self, floor: Status) -> Status {
        if floor.class() > self.class() { floor } else { self }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Failed { reason } => write!(f, "failed: {reason}"),
            other => other.class().fmt(f),
        }
    }
}

impl fmt::Display for StatusClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            StatusClass::NotExist => "does not exist",
            StatusClass::Initializing => "initializing",
            StatusClass::Running => "running",
            StatusClass::Stopping => "stopping",
            StatusClass::Stopped => "stopped",
            StatusClass::Failed => "failed",
            StatusClass::Timeout => "timeout",
            StatusClass::Unknown => "unknown",
        })
    }
}

impl StatusMesh {
    /// Every rank not existing, to be filled in by overlays; [`Status::NotExist`] is the placeholder of `VERB-3`.
    pub fn placeholder(region: Region) -> StatusMesh {
        ValueMesh::uniform(region, Status::NotExist)
    }

    /// Takes in the statuses of an overlay, whose ranks are those of this mesh's view. Returns how many of them were
    /// ignored, because the view has no such rank. Costs the runs of both.
    pub fn apply(&mut self, overlay: &StatusOverlay) -> usize {
        let mut ignored = 0;
        for (ranks, status) in overlay.runs() {
            let ranks = ranks.start as usize..ranks.end as usize;
            ignored += ranks.end.saturating_sub(ranks.start.max(self.len()));
            self.set(ranks, status.clone());
        }
        ignored
    }

    /// Whether `holds` is true of every rank's status. Asked once for each run.
    pub fn all(&self, mut holds: impl FnMut(&Status) -> bool) -> bool {
        self.runs().all(|(_, status)| holds(status))
    }
}
