//! An argument outlives its caller.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, values: &[u8]) {
        self.n += values.len() as i64;
    }
}

fn main() {}
