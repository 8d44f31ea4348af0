//! Ranks whose processes die and are brought back (`RankPolicy::RespawnRank`, `SUP-4`).

use std::time::Duration;

use mesh::meshes::{ActorOptions, ProcOptions};
use mesh::prelude::*;
use mesh::supervision::{Subject, SupervisionEventKind};
use mesh::{Cause, ExitStatus, HostMesh, ProcessAllocator, RankPolicy, RestartPolicy, Status};
use rustix::process::Signal;

use crate::actors::{Holder, Ledger, Neighbour, Victim};
use crate::proc_fs::{describe, eventually, parent_of, with_token};
use crate::world::{KILLED, World, is_alive, lost, send_signal, soon};

crate::tests![
    killed_rank_is_there_again,
    killed_ranks_on_another_host_are_there_again,
    killed_too_often_a_rank_has_failed_for_good,
    stopped_while_it_is_away_a_rank_stays_away,
    ranks_of_a_killed_host_are_there_again_on_the_next,
    ranks_of_a_killed_host_are_there_again_on_a_spare,
    ranks_of_the_last_host_have_failed_with_it,
    mesh_that_is_let_go_while_its_host_is_lost_is_no_more,
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

async fn pids(cx: &Client, victims: &ActorMesh<Victim>) -> Vec<u32> {
    soon(victims.pid().call(cx)).await.unwrap().into_values()
}

async fn ranks_of_a_killed_host_are_there_again_on_the_next() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 3))).await.unwrap();
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), respawn(9, 20)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let neighbours = procs.spawn(cx, "neighbours", Neighbour::spec()).await.unwrap();
    // What has ended does not come back, and what fails whole does with its host.
    let stopped = procs.spawn(cx, "stopped", Victim::spec()).await.unwrap();
    stopped.control().stop(cx).await.unwrap();
    let whole = ActorOptions::default().policy(RankPolicy::FailMesh);
    let all = procs.spawn_with(cx, "all", Holder::spec(None), whole).await.unwrap();
    let view = victims.control().to_ref();
    let before = pids(cx, &victims).await;
    let (lost_host, next_host) = (parent_of(before[2]), parent_of(before[4]));
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let hangs = victims.rank(2).hang(port).call(cx);
    soon(running.receive()).await.unwrap();
    send_signal(lost_host, Signal::KILL);
    let error = soon(hangs).await.unwrap_err();
    assert_eq!(lost(&error.kind).0, &KILLED, "what it was at is lost");
    for rank in [2, 3] {
        returns(cx, rank, 2).await;
    }
    let after = pids(cx, &victims).await;
    assert_eq!((&after[..2], &after[4..]), (&before[..2], &before[4..]), "the others are as they were");
    for rank in [2, 3] {
        assert!(
            !before.contains(&after[rank]) && parent_of(after[rank]) == next_host,
            "{before:?} {after:?}"
        );
    }
    assert_eq!(victims.control().to_ref(), view);
    // From below any of the hosts, in both directions.
    for (from, to) in [(0, 3), (3, 0), (2, 3), (4, 2)] {
        let asked = soon(neighbours.rank(from).pids(victims.rank(to)).call(cx)).await.unwrap().unwrap();
        assert_eq!(asked, (after[from], after[to]));
    }
    all.let_go().call(cx).await.unwrap();
    soon(stopped.rank(2).pid().call(cx)).await.unwrap_err();
    let states = soon(procs.states(cx)).await.unwrap();
    for (state, pid) in states.values().iter().zip(&after) {
        let state = state.as_ref().unwrap();
        assert_eq!((&state.status, state.state.as_ref().unwrap().pid), (&Status::Running, Some(*pid)));
    }
    // It is a rank as any other: it comes back where it is now, and what is spawned has it.
    send_signal(after[2], Signal::KILL);
    returns(cx, 2, 3).await;
    let again = pids(cx, &victims).await;
    assert!(again[2] != after[2] && parent_of(again[2]) == next_host, "{after:?} {again:?}");
    let more = procs.spawn(cx, "more", Victim::spec()).await.unwrap();
    assert_eq!(pids(cx, &more).await, again);
    // And when that host is lost as well, what was there goes on to the one that is left.
    send_signal(next_host, Signal::KILL);
    for (rank, life) in [(2, 4), (3, 3), (4, 2), (5, 2)] {
        returns(cx, rank, life).await;
    }
    let last = pids(cx, &victims).await;
    assert!(last.iter().all(|pid| parent_of(*pid) == parent_of(before[0])), "{last:?}");
    assert_eq!(pids(cx, &more).await, last);
    soon(victims.control().stop(cx)).await.unwrap();
    soon(procs.control().stop(cx)).await.unwrap();
    assert!(!last.iter().any(|pid| is_alive(*pid)), "they are stopped where they are");
    let client = cx.clone();
    world.end().await;
    let told = client.failures();
    assert_eq!(told.len(), 2, "the hosts, once each: {told:?}");
    assert!(told.iter().all(|failure| failure.mesh.as_ref().unwrap().to_string() == "hosts"), "{told:?}");
}

async fn ranks_of_a_killed_host_are_there_again_on_a_spare() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let spares =
        HostMesh::allocate(cx, &ProcessAllocator::new(extent!(spares = 1)).name("spares")).await.unwrap();
    let options = respawn(9, 300).spares(&spares);
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 1), options).await.unwrap();
    let on_spare = spares.spawn_procs(cx, extent!(probes = 1)).await.unwrap();
    let probe = on_spare.spawn(cx, "probe", Victim::spec()).await.unwrap();
    let spare = soon(probe.rank(0).parent().call(cx)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let before = pids(cx, &victims).await;
    assert!(before.iter().all(|pid| parent_of(*pid) != spare));
    let ledgers = procs.spawn(cx, "ledgers", Ledger::spec()).await.unwrap();
    assert_eq!(ledgers.append(7).call(cx).await.unwrap().values(), [7, 7]);
    send_signal(parent_of(before[0]), Signal::KILL);
    returns(cx, 0, 2).await;
    // What is sent while it is away is handled by the next life, in order.
    let ledger = ledgers.rank(0);
    for digit in 1..=3 {
        ledger.append(digit).send(cx).unwrap();
    }
    ledgers.append(4).cast(cx).unwrap();
    let call = ledger.append(5).call(cx);
    ledger.append(6).send(cx).unwrap();
    assert_eq!(soon(call).await.unwrap(), 12345);
    assert_eq!(soon(ledgers.append(0).call(cx)).await.unwrap().values(), [1234560, 740]);
    let after = pids(cx, &victims).await;
    assert_eq!((parent_of(after[0]), after[1]), (spare, before[1]));
    // No other spare is left.
    send_signal(spare, Signal::KILL);
    returns(cx, 0, 3).await;
    let last = pids(cx, &victims).await;
    assert_eq!((parent_of(last[0]), last[1]), (parent_of(before[1]), before[1]));
    soon(procs.control().stop(cx)).await.unwrap();
    world.end().await;
}

async fn ranks_of_the_last_host_have_failed_with_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), respawn(9, 1)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let before = pids(cx, &victims).await;
    send_signal(parent_of(before[0]), Signal::KILL);
    for rank in 0..2 {
        let of_rank = |failure: &Failure| {
            failure.ranks == [rank]
                && matches!(&failure.subject, Subject::Proc(proc) if proc.label.as_str() == "gpus")
        };
        let failure = soon(cx.failure(of_rank)).await;
        assert!(matches!(&failure.cause, Cause::ProcExit { exit, .. } if *exit == KILLED), "{failure}");
    }
    let each = soon(victims.pid().call_each(cx)).await;
    assert!(each.values().iter().all(Result::is_err));
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 3, "the host, and each rank: {:?}", client.failures());
}

async fn mesh_that_is_let_go_while_its_host_is_lost_is_no_more() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), respawn(9, 1)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let others = hosts.spawn_procs(cx, extent!(others = 1)).await.unwrap();
    let other = others.spawn(cx, "others", Victim::spec()).await.unwrap();
    let before = pids(cx, &victims).await;
    send_signal(parent_of(before[0]), Signal::KILL);
    soon(cx.failure(|_| true)).await;
    drop((victims, procs));
    // Of the mesh nothing is left or comes again; the host that stood in, or was to, goes on with what is its own.
    soon(other.rank(1).pid().call(cx)).await.unwrap();
    let left = || with_token(&world.token);
    assert!(eventually(|| left().len() == 2).await, "{:?}", describe(&left()));
    soon(other.rank(1).pid().call(cx)).await.unwrap();
    assert_eq!(left().len(), 2, "{:?}", describe(&left()));
    world.end().await;
}
