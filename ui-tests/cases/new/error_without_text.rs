//! Why it failed is told in words.

use mesh::prelude::*;

pub struct Refused(pub i64);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Result<Self, Refused> {
        Err(Refused(n))
    }
}

fn main() {}
