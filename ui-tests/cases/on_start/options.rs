//! It has no options.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start(first)]
    fn start(&mut self) {
        self.n = 1;
    }
}

fn main() {}
