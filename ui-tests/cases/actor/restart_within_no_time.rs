//! A time in which there is no room for a failure.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(within = "0s"))]
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
