//! Ranks whose processes die and are brought back (`RankPolicy::RespawnRank`, `SUP-4`).

use std::time::Duration;

use mesh::meshes::ProcOptions;
use mesh::prelude::*;
use mesh::supervision::{Subject, SupervisionEventKind};
use mesh::{Cause, ExitStatus, HostMesh, ProcessAllocator, RankPolicy, RestartPolicy, Status};
use rustix::process::Signal;

use crate::actors::Victim;
use crate::world::{KILLED, World, is_alive, lost, send_signal, soon};

crate::tests![
    killed_rank_is_there_again,
    killed_ranks_on_another_host_are_there_again,
    killed_too_often_a_rank_has_failed_for_good,
    stopped_while_it_is_away_a_rank_stays_away,
];

fn respawn(max: u32, backoff_ms: u64) -> ProcOptions {
    let (within, backoff) = (Duration::from_secs(600), Duration::from_millis(backoff_ms));
    ProcOptions::default().policy(RankPolicy::RespawnRank(RestartPolicy { max, within, backoff }))
}

/// A proc is to come back, in this life of it.
async fn returns(cx: &Client, rank: u32, life: u32) -> Cause {
    let event = soon(cx.supervision_event(|event| {
        let kind = &event.kind;
        matches!(&event.subject, Subject::Proc(_))
            && event.ranks == [rank]
            && matches!(kind, SupervisionEventKind::Restarted { incarnation, .. } if *incarnation == life)
    }));
    match event.await.kind {
        SupervisionEventKind::Restarted { cause, .. } => cause,
        other => panic!("{other:?}"),
    }
}

async fn killed_rank_is_there_again() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let host = this_host(cx).await.unwrap();
    let procs = host.spawn_procs_with(cx, extent!(workers = 3), respawn(3, 20)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let (view, one) = (victims.control().to_ref(), victims.rank(1));
    let before = soon(victims.pid().call(cx)).await.unwrap();
    let mut pid = before.values()[1];
    for life in 2..=4 {
        let (port, mut running) = cx.open_port::<usize>().unwrap();
        let hangs = one.hang(port).call(cx);
        soon(running.receive()).await.unwrap();
        send_signal(pid, Signal::KILL);
        // What it was at is lost, and said to be.
        let error = soon(hangs).await.unwrap_err();
        assert_eq!(lost(&error.kind).0, &KILLED);
        let cause = returns(cx, 1, life).await;
        assert!(matches!(&cause, Cause::ProcExit { exit, .. } if *exit == KILLED), "{cause}");
        // The same reference, another process; the others are untouched.
        let next = soon(one.pid().call(cx)).await.unwrap();
        assert!(next != pid && is_alive(next) && !is_alive(pid), "{pid} {next}");
        pid = next;
        let now = soon(victims.pid().call(cx)).await.unwrap();
        assert_eq!(now.values(), [before.values()[0], pid, before.values()[2]]);
        let states = soon(procs.states(cx)).await.unwrap();
        let state = states.values()[1].as_ref().unwrap();
        assert_eq!((&state.status, state.state.as_ref().unwrap().pid), (&Status::Running, Some(pid)));
    }
    assert_eq!(victims.control().to_ref(), view);
    let client = cx.clone();
    soon(victims.control().stop(cx)).await.unwrap();
    soon(procs.control().stop(cx)).await.unwrap();
    world.end().await;
    assert!(client.failures().is_empty(), "{:?}", client.failures());
}

async fn killed_ranks_on_another_host_are_there_again() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), respawn(3, 20)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let before = soon(victims.pid().call(cx)).await.unwrap().values().to_vec();
    for rank in [2, 3] {
        send_signal(before[rank], Signal::KILL);
    }
    for rank in [2, 3] {
        returns(cx, rank, 2).await;
    }
    let after = soon(victims.pid().call(cx)).await.unwrap().values().to_vec();
    assert_eq!(before[..2], after[..2]);
    assert!(before[2..].iter().all(|pid| !after.contains(pid)), "{before:?} {after:?}");
    let client = cx.clone();
    soon(hosts.control().stop(cx)).await.unwrap();
    world.end().await;
    assert!(client.failures().is_empty(), "{:?}", client.failures());
}

async fn killed_too_often_a_rank_has_failed_for_good() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let host = this_host(cx).await.unwrap();
    let procs = host.spawn_procs_with(cx, extent!(workers = 2), respawn(1, 20)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let words = vec!["no more".to_owned()];
    soon(victims.rank(0).exit(3, words.clone()).call(cx)).await.unwrap_err();
    returns(cx, 0, 2).await;
    soon(victims.rank(0).exit(4, words).call(cx)).await.unwrap_err();
    let failure = soon(cx.failure(|_| true)).await;
    let Cause::GaveUp { restarts: 1, last, earlier, .. } = &failure.cause else { panic!("{failure}") };
    assert!(matches!(&**last, Cause::ProcExit { exit: ExitStatus::Code(4), .. }), "{failure}");
    assert!(matches!(&earlier[..], [Cause::ProcExit { exit: ExitStatus::Code(3), .. }]), "{failure}");
    assert!(failure.to_string().contains("no more"), "{failure}");
    let error = soon(victims.rank(0).pid().call(cx)).await.unwrap_err();
    assert_eq!(lost(&error.kind).0, &ExitStatus::Code(4));
    soon(victims.rank(1).pid().call(cx)).await.unwrap();
    world.end().await;
}

async fn stopped_while_it_is_away_a_rank_stays_away() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let host = this_host(cx).await.unwrap();
    let procs = host.spawn_procs_with(cx, extent!(workers = 2), respawn(1, 600_000)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    send_signal(pid, Signal::KILL);
    returns(cx, 0, 2).await;
    let waits = victims.rank(0).pid().call(cx);
    soon(procs.control().stop(cx)).await.unwrap();
    soon(waits).await.unwrap_err();
    let client = cx.clone();
    world.end().await;
    assert!(client.failures().is_empty(), "{:?}", client.failures());
}
