//! Every argument has its name and type.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn add(&mut self, by: i64, rest: ...) -> i64 {
        self.n += by;
        self.n
    }
}

fn main() {}
