//! Two handlers of one name.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn add(&mut self, by: i64) {
        self.n += by;
    }

    #[handler]
    pub fn add(&mut self, by: i64, twice: bool) {
        self.n += by * if twice { 2 } else { 1 };
    }
}

fn main() {}
