//! A behavior has at least one message.

mesh::behavior!(pub Probed);

fn main() {}
