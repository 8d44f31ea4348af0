//! The path to mesh leads nowhere.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor(crate = nowhere)]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
