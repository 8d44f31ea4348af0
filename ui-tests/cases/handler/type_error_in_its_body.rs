//! A body of another type.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> String {
        self.n
    }
}

fn main() {}
