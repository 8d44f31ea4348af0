//! The context is borrowed.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_stop]
    async fn stop(&mut self, cx: Context<Self>) {
        drop(cx);
        self.n = 0;
    }
}

fn main() {}
