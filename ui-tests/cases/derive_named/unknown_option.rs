//! An option that is misspelt.

#[derive(mesh::Named)]
#[named(nmae = "acme.Word")]
pub struct Word(pub String);

fn main() {}
