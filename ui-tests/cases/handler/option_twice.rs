//! An option that is given twice.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(local, local)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
