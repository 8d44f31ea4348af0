//! Only an async function waits.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn slow(&mut self) -> i64 {
        std::future::ready(()).await;
        self.n
    }
}

fn main() {}
