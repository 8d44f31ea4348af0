//! An argument has a name.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn add(&mut self, (a, b): (i64, i64)) {
        self.n += a + b;
    }
}

fn main() {}
