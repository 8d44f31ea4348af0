//! The runtime calls it with whatever came.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub unsafe fn poke(&mut self, at: usize) {
        self.n = at as i64;
    }
}

fn main() {}
