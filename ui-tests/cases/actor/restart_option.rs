//! An option that a restart policy does not have.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(maximum = 3))]
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
