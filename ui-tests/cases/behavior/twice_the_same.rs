//! A message is in it once.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Health;

mesh::behavior!(pub Probed: Health, Health);

fn main() {}
