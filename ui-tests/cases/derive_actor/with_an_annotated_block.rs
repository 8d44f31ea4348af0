//! A type is made an actor once.

use mesh::prelude::*;

#[derive(mesh::Actor)]
pub struct Probe;

#[actor]
impl Probe {
    #[handler]
    pub fn get(&self) -> u64 {
        1
    }
}

fn main() {}
