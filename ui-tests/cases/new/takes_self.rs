//! A constructor has no actor yet.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(&mut self, n: i64) -> Self {
        Counter { n }
    }
}

fn main() {}
