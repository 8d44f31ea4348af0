//! Items are encoded, whoever reads them.

use mesh::prelude::*;

pub struct Point {
    pub x: i32,
}

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(local)]
    pub fn watch(&mut self, #[stream] out: PortRef<Point>) {
        drop(out);
    }
}

fn main() {}
