//! A hook stands in an annotated block.

use mesh::prelude::*;

pub struct Counter {
    pub n: i64,
}

impl Counter {
    #[on_start]
    pub fn start(&mut self) {
        self.n = 1;
    }
}

fn main() {}
