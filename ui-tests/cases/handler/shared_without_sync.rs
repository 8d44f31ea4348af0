//! An async handler that only reads shares its actor.

use mesh::prelude::*;

pub struct Counter {
    n: std::cell::Cell<i64>,
}

#[actor]
impl Counter {
    #[handler]
    pub async fn get(&self) -> i64 {
        self.n.get()
    }
}

fn main() {}
