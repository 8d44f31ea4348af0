//! A module is no actor.

use mesh::prelude::*;

#[actor]
pub mod counter {}

fn main() {}
