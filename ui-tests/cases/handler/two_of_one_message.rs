//! Two handlers whose messages would have one name.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn a_b(&self) -> i64 {
        self.n
    }

    #[handler]
    pub fn a__b(&self) -> i64 {
        self.n
    }
}

fn main() {}
