//! A constructor gives the actor.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Option<Self> {
        Some(Counter { n })
    }
}

fn main() {}
