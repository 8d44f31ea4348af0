//! A reply type that is not in scope.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn point(&self) -> Point {
        todo!()
    }
}

fn main() {}
