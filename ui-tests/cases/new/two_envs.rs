//! There is one environment.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub fn new(a: &SpawnEnv, b: &SpawnEnv) -> Self {
        let _ = (a, b);
        Counter { n: 0 }
    }
}

fn main() {}
