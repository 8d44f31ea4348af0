//! Options are separated by commas.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(name = "a" crate = mesh)]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
