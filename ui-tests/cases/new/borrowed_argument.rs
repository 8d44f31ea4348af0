//! Its arguments travel.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(name: &str) -> Self {
        Counter { n: name.len() as i64 }
    }
}

fn main() {}
