//! What is made anew has something to be made with.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(restart(max = 3))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
