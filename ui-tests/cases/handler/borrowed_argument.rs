//! An argument outlives its caller.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn greet(&mut self, name: &str) {
        self.n += name.len() as i64;
    }
}

fn main() {}
