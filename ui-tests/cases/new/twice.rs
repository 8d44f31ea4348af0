//! An actor has one constructor.

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

    #[new]
    pub fn zero() -> Self {
        Counter { n: 0 }
    }
}

fn main() {}
