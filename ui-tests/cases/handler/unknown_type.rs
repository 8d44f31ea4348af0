//! A type that is not in scope.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, point: Point) {
        self.n = point.x;
    }
}

fn main() {}
