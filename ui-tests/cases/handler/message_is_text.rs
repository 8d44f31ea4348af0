//! A message is named by an identifier.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(message = "Get")]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
