//! The main job in one screen: four OS processes, one actor in each, used like one value.
//!
//! `cargo run --release --example quickstart`

use mesh::prelude::*;

/// A counter.
pub struct Counter {
    n: i64,
}

#[actor]
impl Counter {
    #[new]
    fn new(start: i64) -> Self {
        Counter { n: start }
    }

    /// Adds `by` and returns the new value.
    #[handler]
    pub async fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }

    /// The value.
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    /// The process it lives in.
    #[handler]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }
}

#[mesh::main]
async fn main(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?; // four OS processes
    let counters = procs.spawn(cx, "counters", Counter::spec(10)).await?; // ActorMesh<Counter>
    counters.add(3).cast(cx)?; // to all, no reply
    let each = counters.get().call(cx).await?; // ValueMesh<i64>: one value per rank
    let total = counters.get().reduce(Sum).call(cx).await?; // merged into one
    let one = counters.rank(2).add(1).call(cx).await?; // one rank
    let pids = counters.pid().call(cx).await?; // four distinct processes
    println!("{each} {total} {one} {pids}"); // [13 ×4] 52 14 [1201, 1202, 1203, 1204]
    Ok(())
}
