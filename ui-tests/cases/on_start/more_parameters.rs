//! It takes the context alone.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    async fn start(&mut self, cx: &Context<Self>, n: i64) {
        let _ = cx;
        self.n = n;
    }
}

fn main() {}
