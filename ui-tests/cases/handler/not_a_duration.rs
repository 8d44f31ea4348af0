//! A duration has a number and a unit.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(timeout = "5 parsecs")]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
