//! One message to many ranks: who they are, and the plan of the fan-out. Pure.
//!
//! A plan names every rank; the gateways on the way split it, each by where it has a link to: a tree that follows the
//! topology, of a bounded fan-out among hosts. What a plan says does not depend on the route.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::addr::{Location, ProcAddr};
use crate::ident::{MeshId, ProcId};
use crate::shape::Region;
use crate::wire::cast::{Procs, system_proc};
use crate::wire::envelope::CastPoint;

/// The procs that the members of a mesh live in, by base rank.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Members {
    /// The procs of a proc mesh: `per_host` on each host, hosts in order. Their identities follow from the mesh
    /// (`IDENT-2`).
    Mesh {
        /// The proc mesh.
        procs: MeshId,
        /// The front door of each host.
        hosts: Arc<[Arc<Location>]>,
        /// How many procs each host has.
        per_host: u32,
    },
    /// For each proc of a proc mesh, the system proc of its host: where the agent that manages it lives.
    Hosts {
        /// The front door of each host.
        hosts: Arc<[Arc<Location>]>,
        /// How many procs each host has.
        per_host: u32,
    },
    /// Procs named one by one.
    Listed(Arc<[ProcAddr]>),
}

impl Members {
    /// The proc of a rank, in the whole mesh.
    pub fn proc(&self, base_rank: u32) -> Option<ProcAddr> {
        match self {
            Members::Mesh { procs, hosts, per_host } => {
                let host = base_rank.checked_div(*per_host)?;
                let at = hosts.get(host as usize)?.clone();
                Some(ProcAddr { id: ProcId::of_mesh(procs, base_rank), at })
            }
            Members::Hosts { hosts, per_host } => {
                let host = base_rank.checked_div(*per_host)?;
                let host = hosts.get(host as usize)?;
                Some(ProcAddr { id: system_proc(host), at: host.clone() })
            }
            Members::Listed(procs) => procs.get(base_rank as usize).cloned(),
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match self {
            Members::Mesh { hosts, per_host, .. } | Members::Hosts { hosts, per_host } => {
                hosts.len() * *per_host as usize
            }
            Members::Listed(procs) => procs.len(),
        }
    }

    /// How an envelope to some of them names them.
    pub fn procs(&self) -> Procs {
        match self {
            Members::Mesh { procs, .. } => Procs::Mesh(procs.clone()),
            Members::Hosts { .. } => Procs::Doors,
            Members::Listed(_) => Procs::Named(Vec::new()),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One destination of a cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place in the cast.
    pub point: CastPoint,
    /// The proc.
    pub proc: ProcAddr,
}

/// Plans a cast to every rank of a view, in rank order. A member that does not exist is left out; a mesh that was
/// made by us has none such.
pub fn plan<'a>(view: &'a Region, members: &'a Members) -> impl Iterator<Item = Leaf> + 'a {
    let size = u32::try_from(view.num_ranks()).unwrap_or(u32::MAX);
    view.base_ranks().zip(0_u32..).filter_map(move |(base_rank, rank)| {
        let base_rank = u32::try_from(base_rank).ok()?;
        Some(Leaf { point: CastPoint { rank, base_rank, size }, proc: members.proc(base_rank)? })
    })
}

#[cfg(test)]
mod tests;
