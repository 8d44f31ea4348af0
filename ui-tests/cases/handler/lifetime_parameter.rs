//! A handler has no lifetimes.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put<'a>(&mut self, name: String) {
        self.n += name.len() as i64;
    }
}

fn main() {}
