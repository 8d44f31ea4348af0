//! Rust has no default arguments.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn add(&mut self, by: i64 = 1) {
        self.n += by;
    }
}

fn main() {}
