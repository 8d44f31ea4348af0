//! Peers agree on a message.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn add(&mut self, #[cfg(unix)] by: i64) {
        self.n += by;
    }
}

fn main() {}
