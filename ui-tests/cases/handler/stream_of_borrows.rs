//! Items own all of themselves.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn watch(&self, #[stream] out: PortRef<&str>) {
        drop(out);
    }
}

fn main() {}
