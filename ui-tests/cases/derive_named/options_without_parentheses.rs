//! A name behind an equals sign.

#[derive(mesh::Named)]
#[named = "acme.Word"]
pub struct Word(pub String);

fn main() {}
