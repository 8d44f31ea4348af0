//! A reply that cannot leave its thread.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Shared(std::rc::Rc<i64>);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn shared(&self) -> Shared {
        Shared(std::rc::Rc::new(self.n))
    }
}

fn main() {}
