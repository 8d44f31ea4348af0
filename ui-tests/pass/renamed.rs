//! mesh under another name: `crate = path`.

#![deny(warnings)]

mod facade {
    pub use ::mesh as engine;
}

use facade::engine;
use facade::engine::prelude::*;

#[derive(serde::Serialize, serde::Deserialize, engine::Message)]
#[message(reply = u64, crate = facade::engine)]
pub struct Health;

pub struct Counter {
    n: u64,
}

#[engine::actor(crate = facade::engine, handles(Health))]
impl Counter {
    #[new]
    pub fn new(n: u64) -> Self {
        Counter { n }
    }

    #[engine::handler]
    pub fn get(&self) -> u64 {
        self.n
    }
}

impl engine::Handler<Health> for Counter {
    async fn handle(&mut self, _: &Context<Self>, _: Health) -> u64 {
        self.n
    }
}

pub struct Store<T>(T);

#[engine::actor(crate = facade::engine)]
impl<T: RemoteArg + Clone> Store<T> {
    #[new]
    pub fn new(value: T) -> Self {
        Store(value)
    }

    #[handler]
    pub fn get(&mut self) -> T {
        self.0.clone()
    }
}

engine::register!(Store<u64>);

fn main() {
    engine::root::run_test(async |cx: &Client| {
        let counter = cx.spawn(Counter::new(2));
        assert_eq!(counter.get().call(cx).await.expect("it runs"), 2);
        assert_eq!(counter.message(Health).call(cx).await.expect("it runs"), 2);
    });
}
