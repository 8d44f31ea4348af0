//! A union cannot be encoded.

#[derive(mesh::RemoteSpawn)]
pub union Probe {
    pub a: u8,
    pub b: i8,
}

fn main() {}
