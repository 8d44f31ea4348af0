//! A misspelt option.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(replay = u64)]
pub struct Health;

fn main() {}
