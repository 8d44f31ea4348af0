//! A reply that cannot leave its thread.

use mesh::prelude::*;

use std::rc::Rc;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn shared(&self) -> Option<Rc<i64>> {
        Some(Rc::new(self.n))
    }
}

fn main() {}
