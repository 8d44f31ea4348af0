//! It is called from Rust.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub extern "C" fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
