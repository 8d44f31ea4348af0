//! A message named as the type of the requests.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn api(&self) -> i64 {
        self.n
    }
}

fn main() {}
