//! A duration has a unit.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(within = "60"))]
impl Counter {
    #[new]
    fn new(n: i64) -> Self {
        Counter { n }
    }

    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
