//! A local reply moves between threads too.

use mesh::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Shared(std::rc::Rc<i64>);

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler(local)]
    pub fn shared(&self) -> Shared {
        Shared(std::rc::Rc::new(self.n))
    }
}

fn main() {}
