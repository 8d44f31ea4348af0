//! The runtime calls it.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    fn start<T>(&mut self) {
        self.n = 1;
    }
}

fn main() {}
