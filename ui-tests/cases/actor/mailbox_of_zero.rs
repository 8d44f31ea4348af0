//! A mailbox that holds nothing.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(mailbox(capacity = 0))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
