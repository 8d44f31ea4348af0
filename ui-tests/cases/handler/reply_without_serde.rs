//! A reply that serde does not know.

use mesh::prelude::*;

pub struct Point {
    pub x: i32,
}

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn point(&self) -> Point {
        Point { x: 1 }
    }
}

fn main() {}
