//! The context is shared.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, cx: &mut Context<Self>) -> i64 {
        let _ = cx;
        self.n
    }
}

fn main() {}
