//! Its arguments move between threads.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Shared(std::rc::Rc<i64>);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: Shared) -> Self {
        Counter { n: *n.0 }
    }
}

fn main() {}
