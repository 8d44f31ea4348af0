//! An async constructor moves between threads.

use mesh::prelude::*;

use std::rc::Rc;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    pub async fn new(n: i64) -> Self {
        let n = Rc::new(n);
        std::future::ready(()).await;
        Counter { n: *n }
    }
}

fn main() {}
