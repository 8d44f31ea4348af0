//! An argument that can only be written.

use mesh::prelude::*;

#[derive(serde::Serialize)]
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
