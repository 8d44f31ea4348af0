//! Only an actor is spawned, a generic one too.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, mesh::RemoteSpawn)]
#[serde(bound = "T: RemoteArg")]
pub struct Probe<T: RemoteArg> {
    pub limit: T,
}

fn main() {}
