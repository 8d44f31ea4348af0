//! Serde knows tuples of up to 16 elements.

use mesh::prelude::*;

pub struct Counter {
    n: u8,
}

#[actor]
impl Counter {
    #[handler]
    pub fn all(&self) -> (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) {
        let n = self.n;
        (n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n, n)
    }
}

fn main() {}
