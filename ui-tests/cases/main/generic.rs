//! Nobody says what the parameter is.

use mesh::prelude::*;

#[mesh::main]
async fn main<T>(cx: &Client) -> mesh::Result<()> {
    drop(cx.clone());
    Ok(())
}
