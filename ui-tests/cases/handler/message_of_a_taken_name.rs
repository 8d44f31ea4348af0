//! A message named as a type of the program.

use mesh::prelude::*;

pub struct CounterGet;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
