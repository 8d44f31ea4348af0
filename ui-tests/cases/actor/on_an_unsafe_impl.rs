//! Methods of one's own are not an unsafe trait.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
unsafe impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
