//! A table of resources is a field of the actor.

use mesh::prelude::*;

pub struct Slot;

pub struct Counter {
    n: i64,
}

#[actor(resource(Slot = table))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
