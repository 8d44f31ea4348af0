//! A part is a block.

#[derive(mesh::Actor)]
#[actor(part = admin)]
pub struct Probe;

fn main() {}
