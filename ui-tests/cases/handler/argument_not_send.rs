//! An argument that cannot leave its thread.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Shared(std::rc::Rc<i64>);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, n: Shared) {
        self.n = *n.0;
    }
}

fn main() {}
