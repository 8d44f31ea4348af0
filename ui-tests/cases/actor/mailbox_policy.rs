//! A misspelt policy.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(mailbox(full = "droop_oldest"))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
