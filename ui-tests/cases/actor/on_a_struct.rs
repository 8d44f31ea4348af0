//! The annotation belongs on the `impl` block.

use mesh::prelude::*;

#[actor]
pub struct Counter {
    n: i64,
}

impl Counter {
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
