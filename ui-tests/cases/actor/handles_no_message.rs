//! A listed type that is no message.

use mesh::prelude::*;

pub struct Health;

pub struct Counter {
    n: i64,
}

#[actor(handles(Health))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
