//! The value itself travels.

#[derive(mesh::Actor, mesh::RemoteSpawn)]
pub struct Probe {
    pub host: String,
}

fn main() {}
