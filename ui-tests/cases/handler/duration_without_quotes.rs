//! A duration is written as text.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(timeout = 5)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
