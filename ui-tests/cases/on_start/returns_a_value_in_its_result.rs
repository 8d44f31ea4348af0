//! It gives nothing but an error.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    fn start(&mut self) -> Result<i64, String> {
        Ok(self.n)
    }
}

fn main() {}
