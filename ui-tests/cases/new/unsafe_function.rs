//! The runtime calls it with whatever came.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub unsafe fn new(n: i64) -> Self {
        Counter { n }
    }
}

fn main() {}
