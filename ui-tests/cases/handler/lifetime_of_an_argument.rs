//! An argument owns all of itself.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, name: std::borrow::Cow<'_, str>) {
        self.n += name.len() as i64;
    }
}

fn main() {}
