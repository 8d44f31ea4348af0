//! A part that nobody wrote.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(parts(admin))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

impl Counter {
    pub fn set(&mut self, n: i64) {
        self.n = n;
    }
}

fn main() {}
