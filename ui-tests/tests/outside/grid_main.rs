//! Four OS processes, with mesh under another name.

use std::collections::BTreeSet;

use grid::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, grid::Message)]
#[message(reply = String, crate = grid)]
pub struct Words(pub Vec<String>);

pub struct Counter {
    n: i64,
}

#[grid::actor(crate = grid, handles(Words), parts(process))]
impl Counter {
    #[new]
    fn new(start: i64) -> Self {
        Counter { n: start }
    }

    /// Adds `by`.
    #[handler]
    pub async fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
}

#[actor(crate = grid, part = process)]
impl Counter {
    #[handler]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }
}

impl grid::Handler<Words> for Counter {
    async fn handle(&mut self, _: &Context<Self>, Words(words): Words) -> String {
        words.join(" ")
    }
}

grid::behavior!(Speaker: Words);

#[grid::main(crate = grid)]
async fn main(cx: &Client) -> grid::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(procs = 2)).await?;
    let counters = procs.spawn(cx, "counters", Counter::spec(1)).await?;
    let each = counters.add(2).call(cx).await?;
    let sum = counters.add(0).reduce(Sum).call(cx).await?;
    let speaker = Speaker::of(&counters.rank(0));
    let words = speaker.message(Words(vec!["four".into(), "words".into()])).call(cx).await?;
    let pids: BTreeSet<u32> = counters.pid().call(cx).await?.into_values().into_iter().collect();
    println!("{each} sum {sum}, {words}, {} processes", pids.len());
    Ok(())
}
