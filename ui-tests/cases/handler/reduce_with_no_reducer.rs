//! A type that reduces nothing.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(reduce = String)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
