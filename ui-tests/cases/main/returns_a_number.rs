//! It gives nothing, or an error.

use mesh::prelude::*;

#[mesh::main]
async fn main(cx: &Client) -> u32 {
    drop(cx.clone());
    1
}
