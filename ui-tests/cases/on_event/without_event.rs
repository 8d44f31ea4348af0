//! It is told what happened.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_event]
    async fn told(&mut self) {
        self.n += 1;
    }
}

fn main() {}
