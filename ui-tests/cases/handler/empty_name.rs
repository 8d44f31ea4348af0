//! A name without letters.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(name = "")]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
