//! A struct without annotation.

use mesh::prelude::*;

pub struct Counter {
    pub n: i64,
}

pub fn misuse(counter: &ActorRef<Counter>) {
    let _ = counter;
}

fn main() {}
