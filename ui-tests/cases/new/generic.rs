//! Its arguments travel.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new<T: Into<i64>>(n: T) -> Self {
        Counter { n: n.into() }
    }
}

fn main() {}
