//! A part that its actor does not know of.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

#[actor(part = admin)]
impl Counter {
    #[handler]
    pub fn set(&mut self, n: i64) {
        self.n = n;
    }
}

fn main() {}
