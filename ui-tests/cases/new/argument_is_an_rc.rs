//! Its arguments move between threads.

use mesh::prelude::*;

use std::rc::Rc;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: Rc<i64>) -> Self {
        Counter { n: *n }
    }
}

fn main() {}
