//! A misspelt option.

#[derive(mesh::Actor)]
#[actor(handels(Health))]
pub struct Probe;

fn main() {}
