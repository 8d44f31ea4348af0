//! It runs on the state of its actor.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_stop]
    async fn stop() {}
}

fn main() {}
