//! Casts to more hosts than the fan-out, each with a door: the hosts send them on to each other.

use std::time::Duration;

use mesh::HostMesh;
use mesh::addr::ChannelAddr;
use mesh::call::CallErrorKind;
use mesh::config::{self, Config};
use mesh::gateway::Listening;
use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};
use mesh::transport::{Faults, MemoryNetwork};

use crate::casts::{Scribe, Speaker, check_order, forwarded};
use crate::loss::with_config;
use crate::support::Counter;

fn config(fanout: usize, seed: u64) -> Config {
    Config::default()
        .with(config::SEED, Some(seed))
        .with(config::LINK_GIVE_UP, Duration::from_millis(200))
        .with(config::CAST_FANOUT, fanout)
}

/// Hosts that run already, behind doors on one network.
struct World {
    hosts: HostMesh,
    roots: Vec<(Root, Listening)>,
}

fn door(host: usize) -> String {
    format!("door-{host}")
}

impl World {
    async fn new(cx: &Client, network: &MemoryNetwork, config: impl Fn(u64) -> Config, count: u64) -> World {
        let mut roots = Vec::new();
        for n in 0..count {
            let options = RootOptions {
                config: config(100 + n),
                launch: Launch::InProcess,
                network: Some(network.clone()),
                ..RootOptions::default()
            };
            let root = Root::start(options).await.unwrap();
            let listening =
                root.client().serve(&ChannelAddr::Memory(door(roots.len()).into())).await.unwrap();
            roots.push((root, listening));
        }
        let doors: Vec<ChannelAddr> = roots.iter().map(|(_, listening)| listening.addr().clone()).collect();
        World { hosts: HostMesh::attach(cx, &doors).await.unwrap(), roots }
    }

    async fn counters(&self, cx: &Client, gpus: usize) -> (ProcMesh, ActorMesh<Counter>) {
        let procs = self.hosts.spawn_procs(cx, extent!(gpus = gpus)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(10)).await.unwrap();
        acknowledged().await;
        (procs, counters)
    }

    async fn end(self) {
        for (root, _) in self.roots {
            root.shutdown().await;
        }
    }
}

/// Waits until all that was sent is acknowledged.
async fn acknowledged() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn with_hosts(fanout: usize, count: u64, test: impl AsyncFnOnce(&Client, &MemoryNetwork, &World)) {
    with_config(config(fanout, 1), async |cx, network| {
        let world = World::new(cx, network, |seed| config(fanout, seed), count).await;
        test(cx, network, &world).await;
        world.end().await;
    });
}

#[test]
fn a_cast_to_many_hosts_leaves_over_few_links() {
    for fanout in [1, 2, 4, 16] {
        with_hosts(fanout, 13, async |cx, _, world| {
            let (_procs, counters) = world.counters(cx, 2).await;
            let links = fanout.min(13) as u64;
            let sent = forwarded(cx);
            counters.add(1).cast(cx).unwrap();
            assert_eq!(forwarded(cx) - sent, links);
            let ranks = counters.rank_of().call(cx).await.unwrap();
            assert_eq!(ranks.values(), (0..26).collect::<Vec<u64>>());
            assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 26 * 11);
            assert_eq!(forwarded(cx) - sent, 3 * links);
            let some = counters.slice(("hosts", 3..9));
            assert_eq!(some.rank_of().call(cx).await.unwrap().values(), (6..18).collect::<Vec<u64>>());
        });
    }
}

#[test]
fn what_is_for_one_goes_straight_when_the_casts_before_have_come() {
    with_hosts(2, 9, async |cx, _, world| {
        let (_procs, counters) = world.counters(cx, 1).await;
        for n in 1..20 {
            counters.add(1).cast(cx).unwrap();
            // The last is behind another host.
            assert_eq!(counters.rank(8).get().call(cx).await.unwrap(), 10 + n);
        }
        let sent = forwarded(cx);
        for _ in 0..10 {
            assert_eq!(counters.rank(8).get().call(cx).await.unwrap(), 29);
        }
        assert_eq!(forwarded(cx) - sent, 10, "without further questions");
    });
}

#[test]
fn a_relay_that_is_lost_fails_what_went_over_it_and_nothing_after() {
    with_hosts(2, 6, async |cx, network, world| {
        let (_procs, counters) = world.counters(cx, 1).await;
        // To the first, and over it to the second and third; to the fourth, and over it to the others.
        let sent = forwarded(cx);
        let calls = counters.rank_of().call_each(cx);
        assert_eq!(forwarded(cx) - sent, 2);
        network.partition(&door(0));
        let each = tokio::time::timeout(Duration::from_secs(30), calls).await.unwrap();
        for rank in 0..6 {
            let Err(error) = &each[rank] else { continue };
            assert!(rank < 3, "{error}");
            assert!(matches!(error.error.kind, CallErrorKind::Unreachable { .. }), "{error}");
            assert!(error.to_string().contains(&format!("counters@gpus/{rank}")), "{error}");
        }
        assert!(each[0].is_err() && each[1].is_err() && each[2].is_err(), "{each:?}");
        // Those behind it are where they were.
        assert_eq!(counters.slice(1..6).get().call(cx).await.unwrap().to_string(), "[10 ×5]");
        for rank in 1..3 {
            assert_eq!(counters.rank(rank).add(1).call(cx).await.unwrap(), 11);
        }
    });
}

#[test]
fn a_host_that_the_others_do_not_reach_misses_one_cast() {
    with_config(config(2, 1), async |cx, network| {
        let mut world = World::new(cx, network, |seed| config(2, seed), 6).await;
        acknowledged().await;
        // The link that the client has is the only one there will be.
        assert_eq!(network.connections(&door(5)), 1);
        let (last, listening) = world.roots.pop().unwrap();
        drop(listening);
        let error = world.hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap_err().to_string();
        assert!(
            error.contains("2 of 12 ranks: rank 10: failed: unreachable") && error.contains(&door(5)),
            "{error}"
        );
        let (_procs, counters) = world.counters(cx, 2).await;
        for n in 1..5 {
            acknowledged().await;
            let sent = forwarded(cx);
            assert_eq!(counters.add(1).call(cx).await.unwrap().values()[10..], [10 + n; 2]);
            // The other five are behind two.
            assert_eq!(forwarded(cx) - sent, 3);
        }
        world.end().await;
        last.shutdown().await;
    });
}

/// As where each cast goes straight, with casts over other hosts, over links that are cut and delayed.
#[test]
fn casts_over_other_hosts_stay_in_order() {
    for seed in 0..crate::support::seeds(20) {
        with_config(config(2, seed), async |cx, network| {
            let world = World::new(cx, network, |of| config(2, 1000 * seed + of), 7).await;
            let procs = world.hosts.spawn_procs(cx, extent!(gpus = 1)).await.unwrap();
            let near = this_host(cx).await.unwrap().spawn_procs(cx, extent!(near = 2)).await.unwrap();
            let first = procs.spawn(cx, "first", Scribe::spec()).await.unwrap();
            let second = procs.spawn(cx, "second", Scribe::spec()).await.unwrap();
            let far_speakers = procs.spawn(cx, "far", Speaker::spec(1)).await.unwrap();
            let near_speakers = near.spawn(cx, "near", Speaker::spec(2)).await.unwrap();
            let speakers = [(100, &far_speakers), (200, &near_speakers)];
            // The first time all hosts dial each other, which nothing disturbs.
            check_order(cx, network, seed, &first, speakers).await;
            network.set_faults(Faults {
                seed,
                cut_after_bytes: 60_000,
                delay_max: Duration::from_millis(2),
                failing_dials: 0,
            });
            for host in 0..7 {
                network.cut(&door(host));
            }
            check_order(cx, network, seed, &second, speakers).await;
            world.end().await;
        });
    }
}
