//! An argument that cannot leave its thread.

use mesh::prelude::*;

use std::rc::Rc;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, n: Rc<i64>) {
        self.n = *n;
    }
}

fn main() {}
