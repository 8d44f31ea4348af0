//! A reply has one type.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn all(&self) -> impl Iterator<Item = i64> {
        0..self.n
    }
}

fn main() {}
