//! What lives across an await moves between threads.

use mesh::prelude::*;

use std::rc::Rc;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub async fn slow(&mut self) -> i64 {
        let keep = Rc::new(self.n);
        std::future::ready(()).await;
        *keep
    }
}

fn main() {}
