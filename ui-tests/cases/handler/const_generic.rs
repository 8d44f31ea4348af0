//! One message cannot stand for many lengths.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put<const N: usize>(&mut self, values: Vec<u8>) {
        self.n += (values.len() + N) as i64;
    }
}

fn main() {}
