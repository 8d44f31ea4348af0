//! An actor moves between threads.

use mesh::prelude::*;

pub struct Counter {
    n: std::rc::Rc<i64>,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        *self.n
    }
}

fn main() {}
