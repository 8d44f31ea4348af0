//! There is one of a kind.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    fn start(&mut self) {
        self.n = 1;
    }

    #[on_start]
    fn begin(&mut self) {
        self.n = 2;
    }
}

fn main() {}
