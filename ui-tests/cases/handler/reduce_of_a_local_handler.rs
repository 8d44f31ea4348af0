//! A local handler is never called on a mesh.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(local, reduce = Sum)]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
