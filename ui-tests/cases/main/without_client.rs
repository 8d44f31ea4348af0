//! It is given the client.

#[mesh::main]
async fn main() -> mesh::Result<()> {
    Ok(())
}
