//! A message is a type.

#[derive(mesh::Message)]
pub fn health() {}

fn main() {}
