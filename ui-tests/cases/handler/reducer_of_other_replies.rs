//! A reducer for other replies.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(reduce = Merge)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
