//! A name is written as text.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(name = counter)]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
