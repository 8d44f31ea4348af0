//! A type that is not in scope.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(point: Point) -> Self {
        Counter { n: point.x }
    }
}

fn main() {}
