//! A behavior does not tell what it was taken of.

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

pub fn misuse(probed: ActorRef<Probed>) -> ActorRef<Probe> {
    probed
}

fn main() {}
