//! A constructor is that of the whole actor.

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

#[actor(part = admin)]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }
}

fn main() {}
