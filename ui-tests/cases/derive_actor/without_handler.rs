//! A listed message without its handler.

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Health;

#[derive(mesh::Actor)]
#[actor(handles(Health))]
pub struct Probe;

fn main() {}
