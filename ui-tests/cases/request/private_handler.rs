//! A handler is as visible as it is written.

use mesh::prelude::*;

mod inner {
    use mesh::prelude::*;

    pub struct Counter {
        pub n: i64,
    }

    #[actor]
    impl Counter {
        #[handler]
        fn secret(&self) -> i64 {
            self.n
        }
    }
}

pub async fn misuse(cx: &Client, counter: ActorRef<inner::Counter>) {
    let _ = counter.secret().call(cx).await;
}

fn main() {}
