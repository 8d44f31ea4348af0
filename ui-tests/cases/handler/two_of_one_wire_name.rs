//! Two handlers, one name for peers.

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

    #[handler(name = "get")]
    pub fn read(&self) -> i64 {
        self.n
    }
}

fn main() {}
