//! A capacity is a number.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(mailbox(capacity = "many"))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
