//! A mesh belongs to its caller.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(n: i64) -> Self {
        Counter { n }
    }

    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

pub async fn misuse(procs: ProcMesh) {
    let _ = procs.spawn(&5, "counters", Counter::spec(1)).await;
}

fn main() {}
