//! What is in a list travels too.

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
    pub fn put(&mut self, points: Vec<Option<Point>>) {
        self.n += points.len() as i64;
    }
}

fn main() {}
