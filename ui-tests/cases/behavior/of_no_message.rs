//! A behavior is a set of messages.

pub struct Health;

mesh::behavior!(pub Probed: Health);

fn main() {}
