//! It is given the client alone.

use mesh::prelude::*;

#[mesh::main]
async fn main(cx: &Client, name: String) -> mesh::Result<()> {
    drop((cx.clone(), name));
    Ok(())
}
