//! A program starts at `main`.

use mesh::prelude::*;

#[mesh::main]
async fn start(cx: &Client) -> mesh::Result<()> {
    drop(cx.clone());
    Ok(())
}

fn main() {}
