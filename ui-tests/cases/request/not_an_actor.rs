//! A struct without annotation.

use mesh::prelude::*;

pub struct Counter {
    pub n: i64,
}

pub fn misuse(cx: &Client) {
    let _ = cx.spawn(Counter { n: 1 });
}

fn main() {}
