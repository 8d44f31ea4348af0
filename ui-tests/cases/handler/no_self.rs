//! A handler runs on the state of its actor.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn ping(n: u32) -> u32 {
        n
    }
}

fn main() {}
