//! An argument that serde does not know.

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
    pub fn put(&mut self, point: Point) {
        self.n += i64::from(point.x);
    }
}

fn main() {}
