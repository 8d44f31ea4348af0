//! An actor is a struct or an enum.

use mesh::prelude::*;

pub trait Shape {}

#[actor]
impl dyn Shape {
    #[handler]
    pub fn area(&self) -> f64 {
        0.0
    }
}

fn main() {}
