//! A whole mesh, as the agent of one of its members knows it (`RankPolicy::FailMesh`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent_mesh;
use crate::actor::Scope;
use crate::cast::Members;
use crate::ident::Uid;
use crate::request::{Cast, CastMesh, ManyActors};
use crate::resource::{Resource, Stop};
use crate::shape::Region;

/// The agents of all members of a mesh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// Where they are.
    pub members: Members,
    /// All ranks.
    pub view: Region,
}

impl Whole {
    /// Stops the mesh `id` of kind `R`, whose agents are the actors `agent`.
    pub(crate) fn stop<R: Resource>(&self, scope: Scope<'_>, agent: Uid, id: Uid, why: String) {
        let mesh = Arc::new(CastMesh::new(agent_mesh(agent), self.members.clone()));
        let agents: Cast<R::Agent> = Cast::new(mesh, self.view.clone());
        // Agents that cannot be reached are gone, and what they managed with them.
        let _ = agents.cast(scope, Stop::<R>::new(id, why), None);
    }
}
