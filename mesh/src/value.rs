//! Values by rank: the replies of a mesh, and the statuses of its ranks.
//!
//! A [`ValueMesh`] holds exactly one value for each rank of a [`Region`](crate::shape::Region). A [`Status`] says how far
//! one thing has come; a [`StatusOverlay`] carries the statuses of some ranks, and a [`StatusMesh`] takes them in. What is
//! told again and again, as it changes, is a [`Standing`] in a [`StandingOverlay`]: the newest is kept. So are
//! whole states ([`StateOverlay`](crate::resource::StateOverlay)). This module does **not** know how values arrive.
//!
//! Both store runs of equal values, so that the statuses of 10,000 ranks that all run cost as much as one.
//!
//! Invariants
//! - `VALUE-1` a value mesh has exactly one value per rank of its region, in rank order.
//! - `VALUE-2` ranks are those of the view (the caller's), never of the whole extent.
//! - `VALUE-3` an overlay is sorted by rank, each rank at most once, as the longest runs; absence of a rank means that nothing is known.

mod mesh;
mod overlay;
mod runs;
mod status;

pub use mesh::{VALUES_LEN_MAX, ValueMesh, ValueMeshError};
pub use overlay::{OVERLAY_LEN_MAX, Overlay, StandingOverlay, StatusOverlay};
pub use status::{Standing, Status, StatusClass, StatusMesh};

#[cfg(test)]
mod tests;
