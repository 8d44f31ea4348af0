//! There is one stream.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn watch(&self, #[stream] a: PortRef<u64>, #[stream] b: PortRef<u64>) {
        drop((a, b));
    }
}

fn main() {}
