//! Nobody could keep its promises: the runtime calls it.

use mesh::prelude::*;

#[mesh::main]
async unsafe fn main(cx: &Client) -> mesh::Result<()> {
    drop(cx.clone());
    Ok(())
}
