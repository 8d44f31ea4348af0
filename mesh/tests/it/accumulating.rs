//! Ports whose items are merged on their way, and that give what they amount to once in an interval.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_core::Stream;
use mesh::call::CallErrorKind;
use mesh::port::AccumulatingPort;
use mesh::prelude::*;
use mesh::transport::Faults;
use mesh::{HostMesh, ProcessAllocator};

use crate::loss::on_network;
use crate::support::settle;

/// Posts numbers.
struct Miner {
    rank: u64,
    kept: Vec<PortRef<u64>>,
}

#[actor]
impl Miner {
    #[new]
    fn new(env: &SpawnEnv) -> Self {
        Miner { rank: env.rank() as u64, kept: Vec::new() }
    }

    /// Posts its rank so many times, with a pause after each.
    #[handler]
    async fn dig(&self, cx: &Context<Self>, times: u32, pause: Duration, to: PortRef<u64>) {
        for _ in 0..times {
            to.post(cx, self.rank).unwrap();
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Posts its rank and keeps the port.
    #[handler]
    fn hold(&mut self, cx: &Context<Self>, to: PortRef<u64>) {
        to.post(cx, self.rank).unwrap();
        self.kept.push(to);
    }

    /// Posts its rank to what it keeps.
    #[handler]
    fn again(&self, cx: &Context<Self>) {
        self.kept.iter().for_each(|to| to.post(cx, self.rank).unwrap());
    }

    /// Drops what it keeps.
    #[handler]
    fn let_go(&mut self) {
        self.kept.clear();
    }

    /// Posts its rank, and falls.
    #[handler]
    fn fall(&mut self, cx: &Context<Self>, rank: u64, to: PortRef<u64>) {
        to.post(cx, self.rank).unwrap();
        assert!(rank != self.rank, "it fell");
    }

    /// Posts text.
    #[handler]
    fn say(&self, cx: &Context<Self>, to: PortRef<String>) {
        for _ in 0..3 {
            to.post(cx, self.rank.to_string()).unwrap();
        }
    }
}

/// Hosts with so many procs each, and a miner on each proc.
async fn mine(cx: &Client, hosts: usize, gpus: usize) -> (HostMesh, ProcMesh, ActorMesh<Miner>) {
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = hosts))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = gpus)).await.unwrap();
    let miners = procs.spawn(cx, "miners", Miner::spec()).await.unwrap();
    settle().await;
    (hosts, procs, miners)
}

/// All values that come, until the port is over.
async fn values(port: &mut AccumulatingPort<u64>) -> Vec<u64> {
    let mut got = Vec::new();
    loop {
        match port.receive().await {
            Ok(value) => got.push(value),
            Err(over) => {
                assert_eq!(over.kind, CallErrorKind::ActorStopped);
                return got;
            }
        }
    }
}

fn delivered(cx: &Client) -> u64 {
    cx.proc().outbox().gateway().counters().delivered.load(Ordering::Relaxed)
}

#[test]
fn what_many_ranks_post_is_merged_at_each_hop() {
    on_network(1, async |cx, _| {
        let (_hosts, _procs, miners) = mine(cx, 3, 4).await;
        let came = delivered(cx);
        let (to, mut total) = cx.open_accumulating_port(Sum, Duration::from_millis(50)).unwrap();
        miners.dig(1000, Duration::ZERO, to).cast(cx).unwrap();
        let got = values(&mut total).await;
        assert_eq!(got.last(), Some(&66_000));
        assert!(got.len() <= 3, "{got:?}");
        assert_eq!(total.value(), Some(66_000));
        let came = delivered(cx) - came;
        // Of each host the first item, what came with those who let go, and that they did.
        assert!(came <= 12, "{came} envelopes for 12,000 items");
    });
}

#[mesh::test]
async fn the_first_and_the_last_value_are_not_held_back(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 3)).await.unwrap();
    let miners = procs.spawn(cx, "miners", Miner::spec()).await.unwrap();
    let (to, mut total) = cx.open_accumulating_port(Sum, Duration::from_secs(60)).unwrap();
    let start = tokio::time::Instant::now();
    miners.rank(1).hold(to).send(cx).unwrap();
    assert_eq!(total.receive().await.unwrap(), 1);
    assert!(start.elapsed() < Duration::from_millis(5), "{:?}", start.elapsed());
    // The next waits for the interval, unless it is the last.
    miners.rank(1).again().call(cx).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), total.receive()).await.is_err());
    let start = tokio::time::Instant::now();
    miners.rank(1).let_go().send(cx).unwrap();
    assert_eq!(total.receive().await.unwrap(), 2);
    assert!(start.elapsed() < Duration::from_millis(5), "{:?}", start.elapsed());
    total.receive().await.unwrap_err();
}

#[mesh::test]
async fn there_is_one_value_an_interval(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 4)).await.unwrap();
    let miners = procs.spawn(cx, "miners", Miner::spec()).await.unwrap();
    let (to, mut total) = cx.open_accumulating_port(Sum, Duration::from_millis(20)).unwrap();
    let start = tokio::time::Instant::now();
    miners.dig(100, Duration::from_millis(1), to).cast(cx).unwrap();
    let mut at = Vec::new();
    let mut last = 0;
    while let Ok(value) = total.receive().await {
        assert!(value > last);
        last = value;
        at.push(start.elapsed());
    }
    assert_eq!(last, 600);
    assert!((4..=8).contains(&at.len()), "{at:?}");
    // The last comes when nobody is left, whatever the interval.
    let between = at.windows(2).rev().skip(1).map(|two| two[1] - two[0]);
    assert!(between.into_iter().all(|between| between >= Duration::from_millis(20)), "{at:?}");
    // Nothing is left open anywhere.
    let (to, mut total) = cx.open_accumulating_port(Max, Duration::from_millis(20)).unwrap();
    miners.dig(3, Duration::ZERO, to).cast(cx).unwrap();
    assert_eq!(values(&mut total).await.last(), Some(&3));
}

#[mesh::test]
async fn a_rank_that_fails_is_named_and_the_others_count(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 4)).await.unwrap();
    let miners = procs.spawn(cx, "miners", Miner::spec()).await.unwrap();
    let (to, mut total) = cx.open_accumulating_port(Sum, Duration::from_millis(10)).unwrap();
    miners.fall(2, to).cast(cx).unwrap();
    let (mut sum, mut failed) = (0, Vec::new());
    while let Some(item) = std::future::poll_fn(|cx| Pin::new(&mut total).poll_next(cx)).await {
        match item {
            Ok(value) => sum = value,
            Err(closed) => failed.push(closed),
        }
    }
    assert_eq!((sum, failed.len()), (6, 1));
    assert_eq!(failed[0].callee.as_ref().unwrap().rank, Some(2), "{}", failed[0]);
}

/// A reducer that no gateway knows.
struct Text(&'static str);

impl Reducer<String> for Text {
    fn reduce(&self, left: String, right: String) -> String {
        assert!(right != "3", "a number that it does not like");
        left + self.0 + &right
    }
}

#[mesh::test]
async fn a_reducer_with_state_merges_where_the_port_is(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 5)).await.unwrap();
    let miners = procs.spawn(cx, "miners", Miner::spec()).await.unwrap();
    let (to, mut text) = cx.open_accumulating_port(Text(", "), Duration::from_millis(10)).unwrap();
    miners.slice(0..3).say(to).cast(cx).unwrap();
    let mut last = String::new();
    while let Ok(value) = text.receive().await {
        last = value;
    }
    let mut said: Vec<&str> = last.split(", ").collect();
    said.sort_unstable();
    assert_eq!(said, ["0", "0", "0", "1", "1", "1", "2", "2", "2"]);
    // One that panics ends the port, with the reason.
    let (to, mut text) = cx.open_accumulating_port(Text(", "), Duration::from_millis(10)).unwrap();
    miners.say(to).cast(cx).unwrap();
    let over = loop {
        match text.receive().await {
            Ok(_) => {}
            Err(over) => break over,
        }
    };
    assert!(over.to_string().contains("reducer of an accumulating port panicked"), "{over}");
}

#[mesh::test]
async fn a_post_in_the_same_process_counts_at_once_and_one_to_a_closed_port_is_refused(cx: &Client) {
    let (to, mut total) = cx.open_accumulating_port(Max, Duration::from_secs(1)).unwrap();
    assert_eq!(total.value(), None);
    // More than an ordinary port holds.
    (0..5000_u64).for_each(|n| to.post(cx, n).unwrap());
    assert_eq!((total.value(), total.receive().await.unwrap()), (Some(4999), 4999));
    drop(total);
    let error = to.post(cx, 1).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Undeliverable { .. }), "{error}");
}

/// Over links that are cut and delayed each item counts once (`REDUCE-2`).
#[test]
fn each_item_counts_once_over_links_that_are_cut() {
    for seed in 0..crate::support::seeds(10) {
        on_network(seed, async |cx, network| {
            let (_hosts, procs, miners) = mine(cx, 2, 3).await;
            network.set_faults(Faults {
                seed,
                cut_after_bytes: 24_000,
                delay_max: Duration::from_millis(2),
                failing_dials: 10,
            });
            network.cut(&crate::loss::door(cx));
            for host in [0, 3] {
                network.cut(&format!("host-{}", procs.proc(host).unwrap().at.gateway));
            }
            let (to, mut total) = cx.open_accumulating_port(Sum, Duration::from_millis(2)).unwrap();
            miners.dig(300, Duration::from_micros(700), to).cast(cx).unwrap();
            assert_eq!(values(&mut total).await.last(), Some(&(15 * 300)), "seed {seed}");
            assert_eq!(cx.returned(), 0);
            network.set_faults(Faults::default());
        });
    }
}
