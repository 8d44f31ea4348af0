//! Restarts without a pause between them.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(backoff = "0ms"))]
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
