//! An argument has a written type.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, n: _) {
        self.n = n;
    }
}

fn main() {}
