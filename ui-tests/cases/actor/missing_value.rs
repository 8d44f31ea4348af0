//! An option without its value.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(name)]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
