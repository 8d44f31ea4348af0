//! Generated code obeys strict lints, and carries visibility, documentation and deprecation.

#![deny(warnings, missing_docs, unreachable_pub, unused, clippy::pedantic, clippy::nursery)]
#![forbid(unsafe_code)]

use mesh::prelude::*;

/// A counter.
pub struct Counter {
    n: i64,
}

#[actor(mailbox(capacity = 16, full = "reject"))]
impl Counter {
    /// Makes one.
    #[new]
    pub fn make(n: i64) -> Self {
        Self { n }
    }

    /// Old.
    #[deprecated = "use `value`"]
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    /// The value.
    #[handler(timeout = "5s", name = "value_of")]
    pub fn value(&self) -> i64 {
        self.n
    }

    #[handler]
    pub(crate) async fn add(&mut self, by: i64) {
        self.n += by;
        std::future::ready(()).await;
    }

    #[handler]
    fn secret(&self) -> i64 {
        self.n
    }
}

fn main() {
    mesh::root::run_test(async |cx: &Client| {
        let counter = cx.spawn(Counter { n: 1 });
        counter.add(1).send_wait(cx).await.expect("it takes messages");
        assert_eq!(counter.value().call(cx).await.expect("it runs"), 2);
        assert_eq!(counter.secret().call(cx).await.expect("it runs"), 2);
        let _ = Counter::spec(1);
    });
}
