//! A constructor stands in an annotated block.

use mesh::prelude::*;

pub struct Counter {
    pub n: i64,
}

impl Counter {
    #[new]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }
}

fn main() {}
