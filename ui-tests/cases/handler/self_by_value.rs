//! A handler borrows its actor.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn finish(self) -> i64 {
        self.n
    }
}

fn main() {}
