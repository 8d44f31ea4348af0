//! A program starts with a function.

#[mesh::main]
pub struct Program;

fn main() {}
