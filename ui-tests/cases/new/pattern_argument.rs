//! An argument has a name.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new((a, b): (i64, i64)) -> Self {
        Counter { n: a + b }
    }
}

fn main() {}
