//! A stream has no replies.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(reduce = Sum)]
    pub fn watch(&self, #[stream] out: PortRef<u64>) {
        drop(out);
    }
}

fn main() {}
