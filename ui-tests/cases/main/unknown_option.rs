//! An option there is not.

use mesh::prelude::*;

#[mesh::main(threads = 2)]
async fn main(cx: &Client) -> mesh::Result<()> {
    drop(cx.clone());
    Ok(())
}
