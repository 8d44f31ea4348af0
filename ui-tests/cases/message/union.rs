//! A union cannot be encoded.

#[derive(mesh::Message)]
pub union Health {
    pub a: u8,
    pub b: i8,
}

fn main() {}
