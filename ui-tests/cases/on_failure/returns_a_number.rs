//! It says what becomes of it.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_failure]
    async fn failed(&mut self, failure: Failure) -> i64 {
        drop(failure);
        self.n
    }
}

fn main() {}
