//! A type that its callers cannot name.

use mesh::prelude::*;

#![deny(private_interfaces)]
#[derive(serde::Serialize, serde::Deserialize)]
struct Secret(i64);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn put(&mut self, secret: Secret) {
        self.n = secret.0;
    }
}

fn main() {}
