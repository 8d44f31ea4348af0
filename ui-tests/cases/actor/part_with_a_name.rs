//! A name is that of the whole actor.

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

#[actor(part = admin, name = "x")]
impl Counter {
    #[handler]
    pub fn set(&mut self, n: i64) {
        self.n = n;
    }
}

fn main() {}
