//! An option that is given twice.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(name = "a", name = "b")]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
