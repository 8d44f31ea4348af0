//! The options stand in parentheses.

#[derive(mesh::Actor)]
#[actor]
pub struct Probe;

fn main() {}
