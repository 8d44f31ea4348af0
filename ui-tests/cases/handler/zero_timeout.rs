//! A call without time fails.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(timeout = "0s")]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
