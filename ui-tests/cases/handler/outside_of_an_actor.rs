//! A handler stands in an annotated block.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
