//! An option that a mailbox does not have.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(mailbox(size = 3))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
