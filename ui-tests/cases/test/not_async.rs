//! It waits for the mesh.

use mesh::prelude::*;

#[mesh::test]
fn works(cx: &Client) {
    drop(cx.clone());
}

fn main() {}
