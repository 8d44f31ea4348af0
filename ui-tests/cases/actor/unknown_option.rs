//! A misspelt option.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(nmae = "counter")]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
