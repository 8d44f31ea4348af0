//! A type that is no kind of resource.

use mesh::prelude::*;

pub struct Slot;

pub struct Counter {
    n: i64,
    slots: mesh::ResourceTable<Slot>,
}

#[actor(resource(Slot = self.slots))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
