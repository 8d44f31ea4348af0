//! Simulation: a whole mesh in one thread from one seed. Equal seeds give equal event logs.

use std::time::Duration;

use mesh::clock::Entropy;
use mesh::prelude::*;
use mesh::{HostMesh, ProcessAllocator};

use crate::loss::{door, on_network};
use crate::support::Counter;

const SEEDS: u64 = 100;

/// Takes part in the scenario: works for a while, asks its neighbour, and sometimes falls.
struct Worker {
    entropy: Entropy,
    next: Option<ActorRef<Worker>>,
    worked: u64,
}

#[actor(mailbox(capacity = 8))]
impl Worker {
    #[new]
    fn new(env: &SpawnEnv, seed: u64) -> Self {
        Worker { entropy: Entropy::from_seed(seed + env.rank() as u64), next: None, worked: 0 }
    }

    /// Whom it asks.
    #[handler]
    fn meet(&mut self, next: ActorRef<Worker>) {
        self.next = Some(next);
    }

    /// Works for some milliseconds.
    #[handler]
    async fn work(&mut self, cx: &Context<Self>) -> u64 {
        tokio::time::sleep(Duration::from_millis(self.entropy.below(40))).await;
        self.worked += 1;
        if let Some(next) = &self.next
            && self.entropy.below(3) == 0
        {
            let asked = next.worked().timeout(Duration::from_millis(20)).call(cx).await;
            self.worked += asked.unwrap_or(0) % 2;
        }
        assert!(self.entropy.below(100) != 0, "worn out");
        self.worked
    }

    /// How often it has worked.
    #[handler]
    fn worked(&self) -> u64 {
        self.worked
    }
}

/// Two hosts of two procs; casts, chosen calls, calls that run out of time, a cut at some moment, and one that stays.
fn scenario(seed: u64) -> Vec<String> {
    let mut lines = Vec::new();
    on_network(seed, async |cx, network| {
        cx.events().record();
        let entropy = Entropy::from_seed(seed);
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(procs = 2)).await.unwrap();
        let near = this_host(cx).await.unwrap().spawn_procs(cx, extent!(near = 2)).await.unwrap();
        let workers = procs.spawn(cx, "workers", Worker::spec(seed)).await.unwrap();
        let counters = near.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
        for rank in 0..4 {
            workers.rank(rank).meet(workers.rank((rank + 1) % 4)).send(cx).unwrap();
        }
        let (cut_at, what) = (5 + entropy.below(25), entropy.below(3));
        let mut notes = Vec::new();
        let mut pending = Vec::new();
        for turn in 0..30 {
            if turn == cut_at / 2 {
                // One that is over before anyone gives up.
                notes.push(format!("turn {turn}: cut {}", network.cut(&door(cx))));
            }
            if turn == cut_at {
                let cut = match what {
                    0 => network.partition(&door(cx)),
                    1 => network.partition(&format!("host-{}", procs.proc(0).unwrap().at.gateway)),
                    _ => network.partition(&format!("host-{}", procs.proc(3).unwrap().at.gateway)),
                };
                notes.push(format!("turn {turn}: cut {cut}"));
            }
            match entropy.below(5) {
                0 => notes.push(format!("turn {turn}: {:?}", workers.work().cast(cx).is_ok())),
                1 => pending.push(workers.work().timeout(Duration::from_millis(60)).choose(cx)),
                2 => {
                    let each = workers.worked().timeout(Duration::from_millis(30)).call_each(cx).await;
                    let each = each.map(|result| result.map_err(|error| error.to_string()));
                    notes.push(format!("turn {turn}: {:?}", each.values()));
                }
                3 => {
                    let rank = usize::try_from(entropy.below(2)).unwrap();
                    let added = counters.rank(rank).add(1).timeout(Duration::from_millis(50)).call(cx).await;
                    notes.push(format!("turn {turn}: {:?}", added.map_err(|error| error.to_string())));
                }
                _ => tokio::time::sleep(Duration::from_millis(entropy.below(50))).await,
            }
        }
        for call in pending {
            notes.push(format!("{:?}", call.await.map_err(|error| error.to_string())));
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        notes.extend(cx.failures().iter().map(ToString::to_string));
        notes.push(format!("{} returned", cx.returned()));
        lines = cx.events().lines();
        lines.extend(notes);
    });
    lines
}

#[track_caller]
fn assert_equal(seed: u64, first: &[String], second: &[String]) {
    for (at, (one, other)) in first.iter().zip(second).enumerate() {
        assert_eq!(one, other, "seed {seed}, line {at}; before it: {:#?}", &first[at.saturating_sub(5)..at]);
    }
    assert_eq!(first.len(), second.len(), "seed {seed}");
}

#[test]
fn equal_seeds_give_equal_logs_and_different_seeds_different_ones() {
    let mut all = std::collections::BTreeSet::new();
    let (mut lost, mut failed) = (0, 0);
    for seed in 0..SEEDS {
        let first = scenario(seed);
        assert_equal(seed, &first, &scenario(seed));
        let has = |what: &str| first.iter().any(|line| line.contains(what));
        for what in ["spawn workers", "deliver workers", "choose workers", "link to", "turn"] {
            assert!(has(what), "seed {seed}: nothing of {what} in {first:#?}");
        }
        lost += usize::from(has("lost"));
        failed += usize::from(has("worn out"));
        all.insert(first);
    }
    assert_eq!(all.len() as u64, SEEDS, "each seed has a log of its own");
    assert!(lost > 90 && failed > 10, "{lost} runs lost links, {failed} had a failing actor");
}
