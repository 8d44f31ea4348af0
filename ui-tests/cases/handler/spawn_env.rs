//! A handler has a context instead.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self, env: &SpawnEnv) -> i64 {
        let _ = env;
        self.n
    }
}

fn main() {}
