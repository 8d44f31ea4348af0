//! A listed message without its handler.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, mesh::Message)]
#[message(reply = u64)]
pub struct Health;

pub struct Counter {
    n: i64,
}

#[actor(handles(Health))]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }
}

fn main() {}
