//! An actor owns what it has.

#[derive(mesh::Actor)]
pub struct Probe<'a>(pub &'a str);

fn main() {}
