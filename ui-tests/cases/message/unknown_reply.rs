//! A reply type that is not in scope.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = Point)]
pub struct Health;

fn main() {}
