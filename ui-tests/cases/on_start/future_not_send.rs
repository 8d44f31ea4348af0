//! What lives across an await moves between threads.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[on_start]
    async fn start(&mut self) {
        let keep = std::rc::Rc::new(self.n);
        std::future::ready(()).await;
        drop(keep);
    }
}

fn main() {}
