//! A streaming handler posts items.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn watch(&self, #[stream] out: PortRef<u64>) -> u64 {
        drop(out);
        1
    }
}

fn main() {}
