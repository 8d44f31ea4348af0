//! A method has one role.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    #[on_start]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
