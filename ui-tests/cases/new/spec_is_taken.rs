//! The constructor brings a function `spec`.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }

    pub fn spec(&self) -> i64 {
        self.n
    }
}

fn main() {}
