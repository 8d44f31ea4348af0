//! A name without letters.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(name = "")]
pub struct Health;

fn main() {}
