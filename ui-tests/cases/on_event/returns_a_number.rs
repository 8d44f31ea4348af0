//! It returns nothing.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_event]
    fn told(&mut self, _event: SupervisionEvent) -> i64 {
        self.n
    }
}

fn main() {}
