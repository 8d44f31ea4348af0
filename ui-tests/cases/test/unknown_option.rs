//! A misspelt option.

use mesh::prelude::*;

#[mesh::test(process)]
async fn works(cx: &Client) {
    drop(cx.clone());
}

fn main() {}
