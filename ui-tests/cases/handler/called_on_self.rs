//! Within the actor it is a method.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    #[handler]
    pub async fn twice(&self, cx: &Context<Self>) -> i64 {
        self.get().call(cx).await.unwrap() * 2
    }
}

fn main() {}
