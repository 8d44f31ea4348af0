//! It returns nothing, or a `Result`.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    fn start(&mut self) -> i64 {
        self.n
    }
}

fn main() {}
