//! A misspelt option.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(timout = "5s")]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
