//! Only an actor is spawned.

#[derive(serde::Serialize, serde::Deserialize, mesh::RemoteSpawn)]
pub struct Probe {
    pub host: String,
}

fn main() {}
