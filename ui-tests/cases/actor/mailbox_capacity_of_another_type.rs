//! A capacity is a `usize`.

use mesh::prelude::*;

const CAPACITY: &str = "many";

pub struct Counter {
    n: i64,
}

#[actor(mailbox(capacity = CAPACITY))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
