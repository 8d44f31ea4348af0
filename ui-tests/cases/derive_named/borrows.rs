//! A named type owns what is in it.

#[derive(mesh::Named)]
pub struct Word<'a>(pub &'a str);

fn main() {}
