//! An argument has one type.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, name: impl Into<String>) {
        let _: String = name.into();
    }
}

fn main() {}
