//! Only a handler streams.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    pub fn watch(&self, #[stream] out: PortRef<u64>) {
        drop((out, self.n));
    }
}

fn main() {}
