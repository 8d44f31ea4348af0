//! A client that knows what the host knows, and an actor more.

use grid::prelude::*;
use grid::{ChannelAddr, HostMesh};

pub struct Counter {
    n: i64,
}

#[actor(crate = grid, name = "outside.counter")]
impl Counter {
    #[new]
    fn new() -> Self {
        Counter { n: 0 }
    }

    #[handler]
    pub fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
}

pub struct Stranger;

#[actor(crate = grid, name = "outside.stranger")]
impl Stranger {
    #[new]
    fn new() -> Self {
        Stranger
    }

    #[handler]
    pub fn name(&self) -> String {
        "nobody there knows it".into()
    }
}

#[grid::main(crate = grid)]
async fn main(cx: &Client) -> grid::Result<()> {
    let address: ChannelAddr = std::env::args().nth(1).expect("the address of the host").parse()?;
    let hosts = HostMesh::attach(cx, &[address]).await?;
    let procs = hosts.spawn_procs(cx, extent!(workers = 2)).await?;
    let counters = procs.spawn(cx, "counters", Counter::spec()).await?;
    counters.add(2).cast(cx)?;
    println!("{}", counters.add(3).call(cx).await?);
    let error = procs.spawn(cx, "strangers", Stranger::spec()).await.expect_err("its procs are of the other binary");
    println!("{error}");
    Ok(())
}
