//! The annotation belongs on the `impl` block.

use mesh::prelude::*;

#[actor]
pub enum Light {
    Red,
    Green,
}

fn main() {}
