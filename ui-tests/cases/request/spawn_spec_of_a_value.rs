//! What is made anew is made from a spec.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }

    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

pub fn misuse(cx: &Client) {
    cx.spawn_spec(Counter { n: 1 });
}

fn main() {}
