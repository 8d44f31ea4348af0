//! A part is named by an identifier.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(parts("admin"))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
