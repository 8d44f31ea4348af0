//! Peers that say nothing any more while their connections stay open (`CALL-1`).

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::supervision::Cause;
use mesh::transport::MemoryNetwork;
use tokio::time::Instant;

use crate::loss::{door, with_config};
use crate::support::{Counter, four, settle};

/// Runs on paused time with a network that can be stalled, in which peers may be silent for five seconds.
fn with_pulse(test: impl AsyncFnOnce(&Client, &MemoryNetwork)) {
    let config = Config::default()
        .with(config::SEED, Some(1))
        .with(config::LINK_SILENCE, Duration::from_secs(5))
        .with(config::CALL_TIMEOUT, Duration::from_secs(86_400));
    with_config(config, async |cx, network| {
        // Pulses go on for ever: without a bound, so would a test that waits for what does not come.
        let bound = Duration::from_secs(7200);
        tokio::time::timeout(bound, test(cx, network)).await.expect("the test hangs");
    });
}

#[test]
fn a_silent_peer_is_unreachable_within_its_bound() {
    with_pulse(async |cx, network| {
        let (_procs, counters) = four(cx).await;
        let hanging = counters.rank(2).hang().call(cx);
        settle().await;
        let start = Instant::now();
        assert_eq!(network.stall(&door(cx)), 4);
        let error = hanging.await.unwrap_err();
        let took = start.elapsed();
        assert!(Duration::from_secs(3) <= took && took <= Duration::from_secs(6), "{took:?}");
        let CallErrorKind::Unreachable { reason } = &error.kind else { panic!("{error}") };
        assert_eq!(reason, "the link was lost: nothing was heard for 5000 ms (MESH_LINK_SILENCE)");
        assert_eq!(error.callee.rank, Some(2));
        let later = counters.rank(2).get().call(cx).await.unwrap_err();
        assert_eq!(later.kind, error.kind, "a later call hears the same");
        for rank in 0..4 {
            let failure = cx.failure(|failure| failure.ranks == [rank]).await;
            assert!(matches!(failure.cause, Cause::LinkLost { .. }), "{failure}");
            assert!(failure.to_string().contains("nothing was heard for 5000 ms"), "{failure}");
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(cx.failures().len(), 4, "{:?}", cx.failures());
    });
}

#[test]
fn a_peer_that_is_silent_for_three_seconds_goes_on() {
    with_pulse(async |cx, network| {
        let (_procs, counters) = four(cx).await;
        network.stall(&door(cx));
        let call = counters.add(1).call(cx);
        tokio::time::sleep(Duration::from_secs(3)).await;
        network.heal(&door(cx));
        assert_eq!(call.await.unwrap().values(), [11; 4]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    });
}

#[test]
fn peers_that_have_nothing_to_say_are_heard() {
    with_pulse(async |cx, _| {
        let (_procs, counters) = four(cx).await;
        let hanging = counters.rank(0).hang().call(cx);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(cx.failures().is_empty(), "{:?}", cx.failures());
        drop(hanging);
        assert_eq!(counters.rank(1).get().call(cx).await.unwrap(), 10);
    });
}

#[test]
fn a_child_endures_the_silence_of_its_parent() {
    with_pulse(async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
        // Only what the child would read.
        network.stall_from(&door(cx));
        tokio::time::sleep(Duration::from_secs(60)).await;
        network.heal(&door(cx));
        assert_eq!(counters.rank(0).get().call(cx).await.unwrap(), 0);
        assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    });
}
