//! An actor that handles less.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Health;

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = ())]
pub struct Reset;

mesh::behavior!(pub Probed: Health, Reset);

pub struct Probe;

#[actor(handles(Health))]
impl Probe {}

impl mesh::Handler<Health> for Probe {
    async fn handle(&mut self, _: &Context<Self>, _: Health) -> u64 {
        1
    }
}

pub fn misuse(probe: &ActorRef<Probe>) {
    let _ = Probed::of(probe);
}

fn main() {}
