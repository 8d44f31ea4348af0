//! The context is that of the actor itself.

use mesh::prelude::*;

pub struct Other;

#[actor]
impl Other {}

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, cx: &Context<Other>) -> i64 {
        let _ = cx;
        self.n
    }
}

fn main() {}
