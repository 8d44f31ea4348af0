//! A function is no actor.

use mesh::prelude::*;

#[actor]
pub fn counter() {}

fn main() {}
