//! A message travels.

#[derive(mesh::Message)]
#[message(reply = u64)]
pub struct Health {
    pub verbose: bool,
}

fn main() {}
