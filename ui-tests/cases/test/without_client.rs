//! It is given the client.

#[mesh::test]
async fn works() {}

fn main() {}
