//! Links that stay cut and procs that die.

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};
use mesh::supervision::{Cause, Subject};
use mesh::transport::MemoryNetwork;
use mesh::{HostMesh, ProcessAllocator};

use crate::support::{Counter, settle};

/// Runs on paused time with a network that can be cut.
pub fn on_network(seed: u64, test: impl AsyncFnOnce(&Client, &MemoryNetwork)) {
    let give_up = Duration::from_millis(200);
    with_config(Config::default().with(config::SEED, Some(seed)).with(config::LINK_GIVE_UP, give_up), test);
}

/// As [`on_network`], with settings of its own.
pub fn with_config(config: Config, test: impl AsyncFnOnce(&Client, &MemoryNetwork)) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let network = MemoryNetwork::new();
        let options = RootOptions {
            config,
            launch: Launch::InProcess,
            network: Some(network.clone()),
            ..RootOptions::default()
        };
        let root = Root::start(options).await.unwrap();
        root.client().on_failure(|_| mesh::Directive::Handled);
        let client = root.client().clone();
        test(&client, &network).await;
        root.shutdown().await;
    });
}

/// The name that the children of the client's host dial.
pub fn door(cx: &Client) -> String {
    format!("host-{}", cx.proc().addr().at.gateway)
}

#[test]
fn a_cut_link_ends_every_call_and_names_the_proc() {
    on_network(1, async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
        let hanging: Vec<_> = (0..3).map(|_| counters.rank(0).hang().call(cx)).collect();
        settle().await;
        assert_eq!(network.partition(&door(cx)), 1);
        let start = tokio::time::Instant::now();
        for call in hanging {
            let error = call.await.unwrap_err();
            let CallErrorKind::ProcLost { proc, .. } = &error.kind else { panic!("{error}") };
            assert_eq!(proc.to_string(), "workers/0");
            assert_eq!(error.callee.to_string(), "`hang` of counters@workers/0 (rank 0)");
        }
        assert!(start.elapsed() < Duration::from_secs(5), "not by its deadline: {:?}", start.elapsed());
        let late = counters.rank(0).get().call(cx).await.unwrap_err();
        assert!(matches!(late.kind, CallErrorKind::ProcLost { .. }), "{late}");
    });
}

#[test]
fn the_owner_of_a_lost_proc_is_told_once() {
    on_network(2, async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 3)).await.unwrap();
        let _counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
        network.partition(&door(cx));
        for rank in 0..3 {
            let failure = cx.failure(|failure| failure.ranks == [rank]).await;
            assert!(matches!(failure.subject, Subject::Proc(_)), "{failure}");
            assert!(matches!(failure.cause, Cause::ProcExit { .. }), "{failure}");
            assert_eq!(failure.mesh.unwrap().to_string(), "workers");
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(cx.failures().len(), 3, "{:?}", cx.failures());
    });
}

#[test]
fn messages_to_a_lost_proc_come_back() {
    on_network(3, async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
        network.partition(&door(cx));
        // Held by the link, or for the proc whose exit is awaited.
        for _ in 0..10 {
            counters.rank(0).add(1).send(cx).unwrap();
        }
        cx.failure(|_| true).await;
        settle().await;
        let (held, mut refused) = (cx.returned(), 0);
        refused += u64::from(counters.rank(0).add(1).send(cx).is_err());
        assert_eq!((held, refused), (10, 1));
    });
}

#[test]
fn a_mesh_call_over_a_cut_names_the_lost_ranks_and_keeps_the_rest() {
    on_network(4, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(1)).await.unwrap();
        // The second host loses its two procs; the host itself stays.
        let second = procs.proc(2).unwrap().at.gateway;
        assert_eq!(network.partition(&format!("host-{second}")), 2);
        let error = counters.get().call(cx).await.unwrap_err();
        assert_eq!(error.partial.values(), [Some(1), Some(1), None, None]);
        assert_eq!(error.failed.iter().map(|failed| failed.rank).collect::<Vec<_>>(), [2, 3]);
        for failed in &error.failed {
            assert!(matches!(failed.error.kind, CallErrorKind::ProcLost { .. }), "{failed}");
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        let failed: Vec<String> = cx.failures().iter().map(|failure| failure.subject.to_string()).collect();
        assert_eq!(failed, ["proc gpus/2", "proc gpus/3"]);
        assert_eq!(counters.slice(("hosts", 0)).get().reduce(Sum).call(cx).await.unwrap(), 2);
    });
}

#[test]
fn a_lost_host_ends_the_calls_to_its_procs() {
    on_network(5, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 1)).await.unwrap();
        let counters = procs.spawn(cx, "counters", Counter::spec(1)).await.unwrap();
        let hanging = counters.hang().call(cx);
        settle().await;
        assert_eq!(network.partition(&door(cx)), 2, "both hosts");
        let start = tokio::time::Instant::now();
        let error = hanging.await.unwrap_err();
        assert_eq!(error.failed.len(), 2);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_secs(30)).await;
        let mut failed: Vec<String> =
            cx.failures().iter().map(|failure| failure.subject.to_string()).collect();
        failed.sort();
        assert_eq!(failed, ["proc hosts/0", "proc hosts/1"]);
    });
}

#[test]
fn a_spawn_on_a_lost_proc_fails_at_its_rank() {
    on_network(6, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 1)).await.unwrap();
        let second = procs.proc(1).unwrap().at.gateway;
        network.partition(&format!("host-{second}"));
        let start = tokio::time::Instant::now();
        let error = procs.spawn(cx, "counters", Counter::spec(1)).await.unwrap_err();
        let said = error.to_string();
        assert!(
            said.starts_with(
                "mesh counters did not come up: 1 of 2 ranks: rank 1: failed: process gpus/1 is gone"
            ),
            "{said}"
        );
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    });
}

/// In the middle of a barrier: what has come up has, and every rank of the host is reported (`VERB-3`).
#[test]
fn a_host_that_is_lost_in_a_barrier_fails_all_its_ranks() {
    on_network(7, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 3)).await.unwrap();
        let second = procs.proc(3).unwrap().at.gateway;
        // Nothing reaches the procs of the second host, whose link to the client is there.
        network.stall(&format!("host-{second}"));
        let mut spawn = std::pin::pin!(procs.spawn(cx, "counters", Counter::spec(1)));
        let begun = std::future::poll_fn(|task| {
            let _ = spawn.as_mut().poll(task);
            std::task::Poll::Ready(())
        });
        begun.await;
        settle().await;
        let start = tokio::time::Instant::now();
        network.partition(&door(cx));
        let mesh::SpawnError::Failed { statuses, .. } = spawn.await.map(drop).unwrap_err() else {
            panic!("it failed");
        };
        assert!(start.elapsed() < Duration::from_secs(10), "not by its idle time: {:?}", start.elapsed());
        for rank in 3..6 {
            let text = statuses.get(rank).unwrap().to_string();
            assert!(text.contains("hosts/1") && text.contains("is gone"), "rank {rank}: {text}");
        }
        for rank in 0..3 {
            assert_eq!(statuses.get(rank), Some(&mesh::Status::Running), "it had come up");
        }
    });
}
