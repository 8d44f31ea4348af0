//! It waits for the mesh.

use mesh::prelude::*;

#[mesh::main]
fn main(cx: &Client) -> mesh::Result<()> {
    drop(cx.clone());
    Ok(())
}
