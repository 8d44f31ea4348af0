//! The options stand in parentheses.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler = "get"]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
