//! The actor outlives no handler.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&'static self) -> i64 {
        self.n
    }
}

fn main() {}
