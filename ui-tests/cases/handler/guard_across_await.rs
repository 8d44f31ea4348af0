//! A guard that is held across an await.

use mesh::prelude::*;

pub struct Counter {
    n: std::sync::Mutex<i64>,
}

#[actor]
impl Counter {
    #[handler]
    pub async fn bump(&mut self) {
        let mut n = self.n.lock().unwrap();
        std::future::ready(()).await;
        *n += 1;
    }
}

fn main() {}
