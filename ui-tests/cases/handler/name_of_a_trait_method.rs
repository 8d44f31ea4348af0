//! A name that a trait of every handle has.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn clone(&self) -> i64 {
        self.n
    }
}

fn main() {}
