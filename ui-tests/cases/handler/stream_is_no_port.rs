//! A stream is a port.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn watch(&self, #[stream] out: u64) {
        let _ = out;
    }
}

fn main() {}
