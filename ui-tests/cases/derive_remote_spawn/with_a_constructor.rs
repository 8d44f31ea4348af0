//! An actor has one constructor.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, mesh::RemoteSpawn)]
pub struct Probe {
    pub host: String,
}

#[actor]
impl Probe {
    #[new]
    pub fn new(host: String) -> Self {
        Probe { host }
    }
}

fn main() {}
