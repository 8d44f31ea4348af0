//! It runs when a message comes.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub const fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
