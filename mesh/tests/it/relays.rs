//! Casts to more hosts than the fan-out: the hosts send them on to each other.

use mesh::call::CallErrorKind;
use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::transport::MemoryNetwork;

use crate::casts::{forwarded, tree};
use crate::loss::with_config;
use crate::support::settle;

/// On a network on which casts go over so many links from each gateway.
pub(crate) fn with_fanout(fanout: usize, seed: u64, test: impl AsyncFnOnce(&Client, &MemoryNetwork)) {
    let give_up = std::time::Duration::from_millis(200);
    let config = Config::default().with(config::SEED, Some(seed)).with(config::LINK_GIVE_UP, give_up);
    with_config(config.with(config::CAST_FANOUT, fanout), test);
}

/// Waits until all that was sent is acknowledged.
async fn acknowledged() {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

#[test]
fn a_cast_to_many_hosts_leaves_over_few_links() {
    for fanout in [1, 2, 4, 16] {
        with_fanout(fanout, 1, async |cx, _| {
            let (_hosts, _procs, counters) = tree(cx, 13, 2).await;
            acknowledged().await;
            let sent = forwarded(cx);
            counters.add(1).cast(cx).unwrap();
            assert_eq!(forwarded(cx) - sent, fanout.min(13) as u64);
            let ranks = counters.rank_of().call(cx).await.unwrap();
            assert_eq!(ranks.values(), (0..26).collect::<Vec<u64>>());
            assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 26 * 11);
            assert_eq!(forwarded(cx) - sent, 3 * fanout.min(13) as u64);
            let some = counters.slice(("hosts", 3..9));
            assert_eq!(some.rank_of().call(cx).await.unwrap().values(), (6..18).collect::<Vec<u64>>());
        });
    }
}

#[test]
fn what_is_for_one_goes_straight_when_the_casts_before_have_come() {
    with_fanout(2, 2, async |cx, _| {
        let (_hosts, _procs, counters) = tree(cx, 9, 1).await;
        for n in 1..20 {
            counters.add(1).cast(cx).unwrap();
            // The last of a group is behind another host.
            assert_eq!(counters.rank(8).get().call(cx).await.unwrap(), 10 + n);
        }
        settle().await;
        let sent = forwarded(cx);
        for _ in 0..10 {
            assert_eq!(counters.rank(8).get().call(cx).await.unwrap(), 29);
        }
        assert_eq!(forwarded(cx) - sent, 10, "without further questions");
    });
}

#[test]
fn a_relay_that_is_lost_fails_what_went_over_it_and_nothing_after() {
    with_fanout(2, 3, async |cx, network| {
        let (_hosts, procs, counters) = tree(cx, 6, 1).await;
        acknowledged().await;
        // Over the first host to the second and third, over the fourth to the others.
        counters.add(1).cast(cx).unwrap();
        settle().await;
        let relay = procs.proc(0).unwrap().at.gateway;
        let first = network.partition(&format!("host-{relay}"));
        assert!(first > 0, "it had connections");
        let rest = counters.slice(3..6);
        assert_eq!(rest.get().call(cx).await.unwrap().to_string(), "[11 ×3]");
        let behind = counters.slice(1..3);
        while behind.get().call(cx).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
}

#[test]
fn calls_over_a_relay_that_is_lost_name_their_ranks() {
    with_fanout(2, 4, async |cx, network| {
        let (_hosts, procs, counters) = tree(cx, 6, 1).await;
        acknowledged().await;
        let sent = forwarded(cx);
        let hanging = counters.slice(0..3).hang().call_each(cx);
        assert_eq!(forwarded(cx) - sent, 2, "to the first alone, and over it to the others");
        settle().await;
        let relay = procs.proc(0).unwrap().at.gateway;
        network.partition(&format!("host-{relay}"));
        let each = tokio::time::timeout(std::time::Duration::from_secs(30), hanging).await.unwrap();
        let error = each[0].as_ref().unwrap_err();
        assert!(matches!(error.error.kind, CallErrorKind::ProcLost { .. }), "{error}");
        let relayed: Vec<usize> = (1..3).filter(|rank| each[*rank].is_err()).collect();
        for rank in relayed {
            let error = each[rank].as_ref().unwrap_err();
            assert!(error.to_string().contains(&format!("counters@gpus/{rank}")), "{error}");
        }
    });
}
