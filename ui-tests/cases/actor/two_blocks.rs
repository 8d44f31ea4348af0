//! An actor has one block; others are its parts.

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

#[actor]
impl Counter {
    #[handler]
    pub fn set(&mut self, n: i64) {
        self.n = n;
    }
}

fn main() {}
