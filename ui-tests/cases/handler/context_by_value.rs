//! The context is borrowed.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, cx: Context<Self>) -> i64 {
        drop(cx);
        self.n
    }
}

fn main() {}
