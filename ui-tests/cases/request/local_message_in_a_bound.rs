//! A bound of one's own on messages that cross processes.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    /// A part of its memory.
    #[handler(local)]
    pub fn shared(&self) -> std::sync::Arc<i64> {
        std::sync::Arc::new(self.n)
    }
}

pub fn record<M: mesh::RemoteMessage>(_message: &M) {}

pub fn misuse() {
    record(&CounterShared {});
}

fn main() {}
