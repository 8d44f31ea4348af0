//! `#[cfg]` stands on all that is generated from a handler; alternatives may share a name.

#![deny(warnings)]

use mesh::prelude::*;

pub struct Probe {
    n: u64,
}

#[actor]
impl Probe {
    #[cfg(unix)]
    #[new]
    pub fn new(n: u64) -> Self {
        Probe { n }
    }

    #[cfg(not(unix))]
    #[new]
    pub fn new(n: NoSuchType) -> Self {
        Probe { n }
    }

    #[cfg(unix)]
    #[handler]
    pub fn get(&self) -> u64 {
        self.n
    }

    #[cfg(not(unix))]
    #[handler]
    pub fn get(&self) -> NoSuchType {
        self.n
    }

    #[cfg(any())]
    #[handler]
    pub fn gone(&self, x: NoSuchType) -> NoSuchType {
        x
    }

    #[cfg(any())]
    #[on_start]
    fn start(&mut self) {
        no_such_function();
    }
}

fn main() {
    mesh::root::run_test(async |cx: &Client| {
        let probe = cx.spawn(Probe::new(7));
        assert_eq!(probe.get().call(cx).await.expect("it runs"), 7);
        let _ = Probe::spec(1);
    });
}
