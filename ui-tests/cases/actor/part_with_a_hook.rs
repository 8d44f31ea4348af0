//! A hook is that of the whole actor.

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
    #[on_start]
    fn start(&mut self) {
        self.n = 1;
    }
}

fn main() {}
