//! There is one context.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, cx: &Context<Self>, other: &Context<Self>) -> i64 {
        let _ = (cx, other);
        self.n
    }
}

fn main() {}
