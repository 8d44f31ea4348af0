//! Its arguments travel.

use mesh::prelude::*;

pub struct Point {
    pub x: i32,
}

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(point: Point) -> Self {
        Counter { n: i64::from(point.x) }
    }
}

fn main() {}
