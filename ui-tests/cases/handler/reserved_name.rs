//! A name that every handle has.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn rank(&self) -> i64 {
        self.n
    }
}

fn main() {}
