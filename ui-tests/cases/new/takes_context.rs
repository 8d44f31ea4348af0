//! There is no context yet.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(cx: &Context<Self>, n: i64) -> Self {
        let _ = cx;
        Counter { n }
    }
}

fn main() {}
