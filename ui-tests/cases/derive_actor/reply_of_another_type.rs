//! A handler returns what its message says.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Health;

#[derive(mesh::Actor)]
#[actor(handles(Health))]
pub struct Probe;

impl mesh::Handler<Health> for Probe {
    async fn handle(&mut self, _: &Context<Self>, _: Health) -> String {
        String::new()
    }
}

fn main() {}
