//! The timeout of a stream has a unit too.

use mesh::prelude::*;

pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    /// The value.
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    /// Adds `by`.
    #[handler]
    pub fn add(&mut self, by: i64, why: String) -> i64 {
        self.n += by + why.len() as i64;
        self.n
    }

    /// Halves it.
    #[handler]
    pub fn halve(&mut self) -> Result<i64, String> {
        Err("odd".into())
    }

    /// Its names.
    #[handler]
    pub fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Its changes.
    #[handler]
    pub fn watch(&mut self, #[stream] out: PortRef<i64>) {
        drop(out);
    }

    /// A part of its memory.
    #[handler(local)]
    pub fn shared(&self) -> std::sync::Arc<i64> {
        std::sync::Arc::new(self.n)
    }
}

pub async fn misuse(cx: &Client, counter: ActorRef<Counter>) {
    let _ = counter.watch().timeout(5).stream(cx);
}

fn main() {}
