//! An actor owns what it has.

use mesh::prelude::*;

pub struct Words<'a> {
    text: &'a str,
}

#[actor]
impl<'a> Words<'a> {
    #[handler]
    pub fn len(&self) -> usize {
        self.text.len()
    }
}

fn main() {}
