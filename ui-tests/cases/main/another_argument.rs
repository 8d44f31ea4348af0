//! It is given the client.

#[mesh::main]
async fn main(name: String) -> mesh::Result<()> {
    drop(name);
    Ok(())
}
