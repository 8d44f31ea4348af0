//! A reply outlives its actor.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn name(&self) -> &str {
        "counter"
    }
}

fn main() {}
