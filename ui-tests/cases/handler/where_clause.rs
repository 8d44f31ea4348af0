//! Bounds belong to the block.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn show(&self) -> String
    where
        Self: Sized,
    {
        self.n.to_string()
    }
}

fn main() {}
