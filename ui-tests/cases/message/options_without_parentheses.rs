//! The options stand in parentheses.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message]
pub struct Health;

fn main() {}
