//! It has no options.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new(name = "x")]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }
}

fn main() {}
