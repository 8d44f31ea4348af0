//! A policy that allows no restart.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(max = 0))]
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
