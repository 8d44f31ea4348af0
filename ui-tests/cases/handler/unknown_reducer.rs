//! A reducer that is not in scope.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(reduce = Summ)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
