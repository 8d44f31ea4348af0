//! What an owner hears that is no failure of what it owns.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Cause, Subject};
use crate::ident::MeshId;

/// What happened to something that an actor or a client owns and that lives on: heard in `#[on_event]`, or through
/// `Client::on_event`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SupervisionEvent {
    /// To what.
    pub subject: Subject,
    /// The mesh it belongs to, if any.
    pub mesh: Option<MeshId>,
    /// The ranks in that mesh; empty when it is not one of a mesh.
    pub ranks: Vec<u32>,
    /// What.
    pub kind: SupervisionEventKind,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SupervisionEventKind {
    /// It failed, and is made anew (`SUP-4`).
    Restarted {
        /// Which life of it begins.
        incarnation: u32,
        /// Why the one before ended.
        cause: Cause,
        /// After which pause it is made.
        after: Duration,
    },
    /// A handler of it returned an error that nobody waits for (`CALL-2`). The first 16 of an actor are told one by one,
    /// then those whose number is a power of two: what floods it does not flood its owner.
    RefusedUnheard {
        /// The handler.
        handler: String,
        /// What it said.
        error: String,
        /// How many there were of this actor, with this one.
        count: u64,
    },
}

impl SupervisionEvent {
    /// Whether the `count`-th error that nobody heard is told.
    pub fn tells_of(count: u64) -> bool {
        count <= 16 || count.is_power_of_two()
    }
}

impl fmt::Display for SupervisionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.subject)?;
        match &self.kind {
            SupervisionEventKind::Restarted { incarnation, cause, after } => {
                write!(f, "is made anew after {} ms, for life {incarnation}: {cause}", after.as_millis())
            }
            SupervisionEventKind::RefusedUnheard { handler, error, count } => {
                write!(f, "refused in `{handler}`, and nobody heard it (number {count}): {error}")
            }
        }
    }
}
