//! An argument owns all of itself.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, names: Vec<&str>) {
        self.n += names.len() as i64;
    }
}

fn main() {}
