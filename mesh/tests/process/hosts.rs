//! Hosts in processes of their own: allocated, and attached to.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::addr::ChannelAddr;
use mesh::config::{self, Config};
use mesh::meshes::{ActorOptions, AttachError, ProcOptions};
use mesh::prelude::*;
use mesh::{CallErrorKind, Cause, HostMesh, ProcessAllocator, RankPolicy, RestartPolicy, Status};
use rustix::process::Signal;

use crate::actors::{Holder, Lodger, Mergers, Neighbour, Victim, Voter};
use crate::proc_fs::{Token, describe, gone, parent_of, with_token};
use crate::program::{Program, Scratch};
use crate::world::{KILLED, World, is_alive, lost, send_signal, soon, stop};

crate::tests![
    killed_host_takes_its_procs_with_it,
    killed_host_in_a_cast_fails_its_subtree_alone,
    reducer_named_by_a_handler_merges_in_each_process_on_the_way,
    allocated_hosts_end_in_order,
    attached_program_is_a_host,
    killed_attached_program_is_unreachable,
    actor_that_owns_procs_of_a_killed_host_is_told_of_each,
    actors_that_fail_whole_are_stopped_when_a_host_is_killed,
    procs_that_fail_whole_are_stopped_when_a_host_is_killed,
    actors_that_fail_whole_are_stopped_when_an_attached_host_is_killed,
    proc_that_was_given_up_and_is_back_is_told_of_with_its_host,
    ranks_of_a_killed_attached_host_are_there_again_on_the_other,
    casts_go_over_attached_hosts_and_end_when_that_is_killed,
    nothing_to_attach_to_is_named,
];

async fn killed_host_takes_its_procs_with_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    assert_eq!(procs.extent(), extent!(hosts = 2, gpus = 2));
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let neighbours = procs.spawn(cx, "neighbours", Neighbour::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    // Across hosts, and within one.
    for (from, to) in [(0, 3), (3, 0), (0, 1), (2, 3)] {
        let asked = soon(neighbours.rank(from).pids(victims.rank(to)).call(cx)).await.unwrap().unwrap();
        assert_eq!(asked, (pids[from], pids[to]));
    }

    let host_pid = parent_of(pids[3]);
    assert_eq!(host_pid, parent_of(pids[2]));
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let mine = victims.rank(3).hang(port.clone()).call(cx);
    let between = neighbours.rank(0).wait_on(victims.rank(2), port.clone()).call(cx);
    let within = neighbours.rank(1).wait_on(victims.rank(0), port).call(cx);
    for _ in 0..3 {
        soon(running.receive()).await.unwrap();
    }
    send_signal(host_pid, Signal::KILL);
    let dead = async {
        while pids[2..].iter().any(|pid| is_alive(*pid)) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), dead).await.expect("its procs die within a second");

    let error = soon(mine).await.unwrap_err();
    assert!(error.to_string().contains("victims@gpus/3"), "{error}");
    // It ended with its host, whose end is known.
    assert_eq!(lost(&error.kind).0, &KILLED);
    assert!(error.to_string().contains("process hosts/1 is gone"), "{error}");
    let text = soon(between).await.unwrap();
    assert!(text.contains("victims@gpus/2") && text.contains("signal 9 (SIGKILL)"), "{text}");
    let failure = soon(cx.failure(|failure| matches!(failure.cause, Cause::ProcExit { .. }))).await;
    assert!(matches!(&failure.cause, Cause::ProcExit { exit, .. } if *exit == KILLED), "{failure}");
    assert_eq!(failure.mesh.as_ref().map(ToString::to_string).as_deref(), Some("hosts"));
    assert_eq!(failure.ranks, [1]);
    // A call within the other host still waits, until its callee ends.
    send_signal(pids[0], Signal::KILL);
    let text = soon(within).await.unwrap();
    assert!(text.contains("signal 9 (SIGKILL)"), "{text}");
    // A later call ends too, and what lives answers.
    let each = soon(victims.pid().call_each(cx)).await;
    let failed: Vec<bool> = each.values().iter().map(Result::is_err).collect();
    assert_eq!(failed, [true, false, true, true]);
    assert_eq!(lost(&each.values()[3].as_ref().unwrap_err().error.kind).0, &KILLED);
    world.end().await;
}

async fn killed_host_in_a_cast_fails_its_subtree_alone() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 3)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 3))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    // Rank 4 never answers: when it says so, the cast is in the middle, and its host holds what the others have said.
    let all = victims.hang_at(4, port.clone()).call(cx);
    let merged = victims.hang_at(4, port).reduce(Sum).call(cx);
    assert_eq!(soon(running.receive()).await.unwrap(), 4);
    send_signal(parent_of(pids[4]), Signal::KILL);
    let error = soon(all).await.unwrap_err();
    assert_eq!(error.ranks, 9);
    for failed in &error.failed {
        assert!((3..6).contains(&failed.rank), "{failed}");
        assert!(failed.to_string().contains(&format!("victims@gpus/{}", failed.rank)), "{failed}");
        let kind = &failed.error.kind;
        assert!(matches!(kind, CallErrorKind::Unreachable { .. } | CallErrorKind::ProcLost { .. }), "{kind}");
    }
    assert!(error.failed.iter().any(|failed| failed.rank == 4), "{error}");
    for rank in [0, 1, 2, 6, 7, 8] {
        assert_eq!(error.partial[rank], Some(rank));
    }
    let error = soon(merged).await.unwrap_err();
    assert!(error.partial.unwrap() >= 24, "the ranks of the hosts that live");
    assert!(error.failed.iter().any(|failed| failed.rank == 4));
    // What lives goes on.
    let each = soon(victims.pid().call_each(cx)).await;
    let failed: Vec<bool> = each.values().iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, false, true, true, true, false, false, false]);
    world.end().await;
}

async fn reducer_named_by_a_handler_merges_in_each_process_on_the_way() {
    let world = World::start().await;
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    let voters = procs.spawn(cx, "voters", Voter::spec()).await.unwrap();
    // Each host merges what its two procs say, and the caller what the hosts say.
    let want = BTreeSet::from([parent_of(pids[0]), parent_of(pids[3]), std::process::id()]);
    // A reply waits a millisecond for others: on a busy machine one comes too late now and then.
    let mut merged_in = BTreeSet::new();
    for _ in 0..100 {
        merged_in.append(&mut soon(voters.vote().reduce(Mergers).call(cx)).await.unwrap());
        assert!(merged_in.is_subset(&want), "{merged_in:?}, not {want:?}");
        if merged_in == want {
            break;
        }
    }
    assert_eq!(merged_in, want);
    world.end().await;
}

async fn allocated_hosts_end_in_order() {
    let world = World::start().await;
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    victims.say("so long".to_owned()).call(cx).await.unwrap();
    soon(hosts.control().stop(cx)).await.unwrap();
    gone(&world.token).await;
    let said: Vec<String> = world.log.lines().iter().map(ToString::to_string).collect();
    for gpu in 0..4 {
        let line = format!("[gpus/{gpu}] so long");
        assert!(said.contains(&line), "no {line} in {said:?}");
    }
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

/// A program that is a host behind a door, and a world that is attached to it.
struct Attached {
    program: Program,
    address: String,
    token: Token,
    _scratch: Scratch,
    world: World,
    hosts: HostMesh,
}

async fn attach() -> Attached {
    let (token, scratch) = (Token::fresh(), Scratch::fresh());
    let address = format!("unix:{}", scratch.path().join("door").display());
    let mut program = Program::start(&["host", &address], &token);
    soon(program.line("serving")).await;
    let world = World::start().await;
    world.handle_failures();
    let addr: ChannelAddr = address.parse().unwrap();
    let hosts = soon(HostMesh::attach(world.client(), &[addr])).await.unwrap();
    Attached { program, address, token, _scratch: scratch, world, hosts }
}

async fn attached_program_is_a_host() {
    let Attached { program, token, world, hosts, .. } = attach().await;
    let cx = world.client();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    assert_eq!(procs.extent(), extent!(hosts = 1, gpus = 2));
    let (_local, local) = world.victims(1).await;
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    assert!(pids.iter().all(|pid| parent_of(*pid) == program.pid()), "{:?}", describe(&with_token(&token)));
    // From there back to a proc of ours.
    let neighbours = procs.spawn(cx, "neighbours", Neighbour::spec()).await.unwrap();
    let own = local.rank(0).pid().call(cx).await.unwrap();
    let asked = soon(neighbours.rank(1).pids(local.rank(0)).call(cx)).await.unwrap().unwrap();
    assert_eq!(asked, (pids[1], own));
    // A failure there is told here.
    let error = soon(victims.rank(0).panic("far away".to_owned()).call(cx)).await.unwrap_err();
    assert!(error.to_string().contains("far away"), "{error}");
    let failure = soon(cx.failure(|_| true)).await;
    assert!(failure.to_string().contains("far away"), "{failure}");
    soon(procs.control().stop(cx)).await.unwrap();
    assert_eq!(with_token(&token).len(), 1, "{:?}", describe(&with_token(&token)));
    world.end().await;
}

async fn killed_attached_program_is_unreachable() {
    let Attached { mut program, token, world, hosts, .. } = attach().await;
    let cx = world.client();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let call = victims.rank(1).hang(port).call(cx);
    assert_eq!(soon(running.receive()).await.unwrap(), 1);
    let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    send_signal(pid, Signal::KILL);
    soon(cx.failure(|failure| failure.ranks == [0])).await;
    program.kill().await;
    let error = soon(call).await.unwrap_err();
    assert!(matches!(&error.kind, CallErrorKind::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("victims@gpus/1"), "{error}");
    let later = soon(victims.rank(0).pid().call(cx)).await.unwrap_err();
    assert!(matches!(&later.kind, CallErrorKind::Unreachable { .. }), "{later:?}");
    // The owner hears of each proc, but not again of one whose end its host has told.
    for rank in 0..2 {
        let failure = soon(cx.failure(|failure| failure.ranks == [rank])).await;
        assert_eq!(failure.mesh.as_ref(), Some(procs.id()));
        assert_eq!(failure.subject.to_string(), format!("proc gpus/{rank}"));
        let by_host = matches!(&failure.cause, Cause::ProcExit { exit, .. } if *exit == KILLED);
        let by_loss = matches!(&failure.cause, Cause::LinkLost { exit: None, .. });
        assert!(if rank == 0 { by_host } else { by_loss }, "{failure}");
    }
    gone(&token).await;
    let spawned = soon(hosts.spawn_procs(cx, extent!(gpus = 1))).await.unwrap_err().to_string();
    assert!(spawned.contains("unreachable"), "{spawned}");
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 2, "{:?}", client.failures());
}

async fn actor_that_owns_procs_of_a_killed_host_is_told_of_each() {
    let Attached { mut program, token, world, hosts, .. } = attach().await;
    let cx = world.client();
    let (told, mut failures) = cx.open_port::<Failure>().unwrap();
    let lodger = cx.spawn(Lodger::new(told));
    soon(lodger.move_in(hosts.control().to_ref(), 3).try_call(cx)).await.unwrap();
    program.kill().await;
    let mut ranks = Vec::new();
    for _ in 0..3 {
        let failure = soon(failures.receive()).await.unwrap();
        assert!(matches!(&failure.cause, Cause::LinkLost { exit: None, .. }), "{failure}");
        ranks.extend(failure.ranks);
    }
    ranks.sort_unstable();
    assert_eq!(ranks, [0, 1, 2]);
    assert_eq!(soon(lodger.owned().call(cx)).await.unwrap(), 1, "it lives on");
    gone(&token).await;
    assert!(cx.failures().is_empty(), "the owner hears of it, and nobody else: {:?}", cx.failures());
    soon(world.root.shutdown()).await;
    // Its actors have ended with the world: what it was told is all there.
    let more = soon(failures.receive()).await;
    assert!(more.is_err(), "{more:?}");
}

/// Kills the process that has started `pid`.
fn kill_parent_of(pid: u32) {
    send_signal(parent_of(pid), Signal::KILL);
}

#[track_caller]
fn stopped(kind: &CallErrorKind) {
    assert!(matches!(kind, CallErrorKind::ActorStopped), "{kind:?}");
}

async fn actors_that_fail_whole_are_stopped_when_a_host_is_killed() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let whole = || ActorOptions::default().policy(RankPolicy::FailMesh);
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let all = procs.spawn_with(cx, "all", Holder::spec(None), whole()).await.unwrap();
    // Of the ranks of one host on the other nothing is to be seen.
    let first = procs.slice(("hosts", 0..1));
    let apart = first.spawn_with(cx, "apart", Holder::spec(None), whole()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    let mut watch = all.control().watch(cx).unwrap();
    kill_parent_of(pids[3]);
    let ended = async { while !watch.changed().await.all(Status::is_terminal) {} };
    soon(ended).await;
    for rank in [0, 1] {
        stopped(&soon(all.rank(rank).let_go().call(cx)).await.unwrap_err().kind);
        soon(apart.rank(rank).let_go().call(cx)).await.unwrap();
    }
    assert_eq!(soon(victims.slice(0..2).pid().call(cx)).await.unwrap().values(), &pids[..2], "others go on");
    let client = cx.clone();
    drop((all, apart, victims, procs, hosts));
    world.end().await;
    let told: Vec<_> = client.failures();
    assert_eq!(told.len(), 1, "the host, once: {told:?}");
}

async fn procs_that_fail_whole_are_stopped_when_a_host_is_killed() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let whole = ProcOptions::default().policy(RankPolicy::FailMesh);
    let procs = soon(hosts.spawn_procs_with(cx, extent!(gpus = 2), whole)).await.unwrap();
    let others = soon(hosts.spawn_procs(cx, extent!(others = 1))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let apart = others.spawn(cx, "apart", Victim::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    kill_parent_of(pids[0]);
    let dead = async {
        while pids.iter().any(|pid| is_alive(*pid)) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    soon(dead).await;
    assert!(is_alive(soon(apart.rank(1).pid().call(cx)).await.unwrap()), "others go on");
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 1, "the host, once: {:?}", client.failures());
}

async fn actors_that_fail_whole_are_stopped_when_an_attached_host_is_killed() {
    let (mut one, two) = (attach().await, attach().await);
    let cx = one.world.client();
    let addresses: Vec<ChannelAddr> = [&one.address, &two.address].map(|at| at.parse().unwrap()).into();
    let hosts = soon(HostMesh::attach(cx, &addresses)).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 1))).await.unwrap();
    let whole = ActorOptions::default().policy(RankPolicy::FailMesh);
    let all = procs.spawn_with(cx, "all", Victim::spec(), whole).await.unwrap();
    let others = procs.spawn(cx, "others", Victim::spec()).await.unwrap();
    one.program.kill().await;
    let mut watch = all.control().watch(cx).unwrap();
    let ended = async { while !watch.changed().await.all(Status::is_terminal) {} };
    soon(ended).await;
    stopped(&soon(all.rank(1).pid().call(cx)).await.unwrap_err().kind);
    soon(others.rank(1).pid().call(cx)).await.unwrap();
    drop((all, others, procs, hosts));
    one.world.end().await;
    two.world.end().await;
}

async fn proc_that_was_given_up_and_is_back_is_told_of_with_its_host() {
    let Attached { mut program, token, world, hosts, .. } = attach().await;
    let cx = world.client();
    // Given up after its first return, and brought back all the same.
    cx.on_failure(|failure| match failure.cause {
        Cause::GaveUp { .. } => Directive::Restart,
        _ => Directive::Handled,
    });
    let (within, backoff) = (Duration::from_secs(600), Duration::from_millis(1));
    let once = RankPolicy::RespawnRank(RestartPolicy { max: 1, within, backoff });
    let options = ProcOptions::default().policy(once);
    let procs = soon(hosts.spawn_procs_with(cx, extent!(gpus = 2), options)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let mut pid = soon(victims.rank(1).pid().call(cx)).await.unwrap();
    for _ in 0..2 {
        send_signal(pid, Signal::KILL);
        let next = async {
            loop {
                if let Ok(next) = victims.rank(1).pid().call(cx).await
                    && next != pid
                {
                    return next;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        pid = soon(next).await;
    }
    assert!(cx.failures().iter().any(|failure| matches!(failure.cause, Cause::GaveUp { .. })));
    program.kill().await;
    for rank in 0..2 {
        let by_loss = |failure: &Failure| {
            failure.ranks == [rank] && matches!(&failure.cause, Cause::LinkLost { exit: None, .. })
        };
        soon(cx.failure(by_loss)).await;
    }
    gone(&token).await;
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 3, "{:?}", client.failures());
}

async fn ranks_of_a_killed_attached_host_are_there_again_on_the_other() {
    let (mut one, two) = (attach().await, attach().await);
    let cx = one.world.client();
    let addresses: Vec<ChannelAddr> = [&one.address, &two.address].map(|at| at.parse().unwrap()).into();
    let hosts = soon(HostMesh::attach(cx, &addresses)).await.unwrap();
    let (within, backoff) = (Duration::from_secs(600), Duration::from_millis(1));
    let policy = RankPolicy::RespawnRank(RestartPolicy { max: 3, within, backoff });
    let options = ProcOptions::default().policy(policy);
    let procs = soon(hosts.spawn_procs_with(cx, extent!(gpus = 1), options)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let neighbours = procs.spawn(cx, "neighbours", Neighbour::spec()).await.unwrap();
    let before = soon(victims.pid().call(cx)).await.unwrap().into_values();
    one.program.kill().await;
    // It is held until the rank is there again; at first it may fail with the host.
    let back = async {
        loop {
            if let Ok(pid) = victims.rank(0).pid().call(cx).await {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let pid = soon(back).await;
    assert_eq!(parent_of(pid), two.program.pid());
    for (from, to, want) in [(1, 0, (before[1], pid)), (0, 1, (pid, before[1]))] {
        let asked = soon(neighbours.rank(from).pids(victims.rank(to)).call(cx)).await.unwrap().unwrap();
        assert_eq!(asked, want);
    }
    soon(procs.control().stop(cx)).await.unwrap();
    assert!(!is_alive(pid));
    let client = cx.clone();
    one.world.end().await;
    two.world.end().await;
    assert!(client.failures().is_empty(), "{:?}", client.failures());
}

async fn casts_go_over_attached_hosts_and_end_when_that_is_killed() {
    let config = Config::default().with(config::CHILD_WORKER_THREADS, 2).with(config::CAST_FANOUT, 1);
    let world = World::with(config).await;
    world.handle_failures();
    let cx = world.client();
    let (token, scratch) = (Token::fresh(), Scratch::fresh());
    let (mut programs, mut addresses) = (Vec::new(), Vec::<ChannelAddr>::new());
    for host in 0..4 {
        let address = format!("unix:{}", scratch.path().join(format!("door-{host}")).display());
        let mut program = Program::start(&["host", &address], &token);
        soon(program.line("serving")).await;
        programs.push(program);
        addresses.push(address.parse().unwrap());
    }
    let hosts = soon(HostMesh::attach(cx, &addresses)).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 2))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let pids = soon(victims.pid().call(cx)).await.unwrap().into_values();
    for rank in 0..8 {
        assert_eq!(parent_of(pids[rank]), programs[rank / 2].pid());
        assert_eq!(soon(victims.rank(rank).pid().call(cx)).await.unwrap(), pids[rank]);
    }
    // All that was sent is acknowledged a moment after, or the next cast goes to it without the first.
    let forwarded = || cx.proc().outbox().gateway().counters().forwarded.load(Ordering::Relaxed);
    let over_one = async {
        loop {
            let before = forwarded();
            victims.pid().call(cx).await.unwrap();
            if forwarded() - before == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(over_one).await;
    stop(pids[6]).await;
    let before = forwarded();
    let mut replies = victims.pid().stream(cx);
    assert_eq!(forwarded() - before, 1, "to the first host alone");
    let mut ended = std::collections::BTreeMap::new();
    while ended.len() < 7 {
        let (rank, reply) = soon(replies.next()).await.unwrap();
        ended.insert(rank, reply);
    }
    programs[0].kill().await;
    let (rank, reply) = soon(replies.next()).await.unwrap();
    assert_eq!(rank, 6);
    let error = reply.unwrap_err().to_string();
    assert!(error.contains("the gateway that the cast went over was lost"), "{error}");
    assert!(ended.into_values().all(|reply| reply.is_ok()));
    send_signal(pids[6], Signal::CONT);
    // Those behind it are where they were.
    let rest = victims.slice(("hosts", 1..4));
    assert_eq!(soon(rest.pid().call(cx)).await.unwrap().values(), &pids[2..]);
    assert_eq!(soon(victims.rank(6).pid().call(cx)).await.unwrap(), pids[6]);
    world.end().await;
    for program in &mut programs[1..] {
        program.kill().await;
    }
    gone(&token).await;
}

async fn nothing_to_attach_to_is_named() {
    let world = World::start().await;
    let scratch = Scratch::fresh();
    let address = format!("unix:{}", scratch.path().join("door").display());
    let error = soon(HostMesh::attach(world.client(), &[address.parse().unwrap()])).await.unwrap_err();
    assert!(matches!(&error, AttachError::Host { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("host {address}: nothing listens at {address}"));
    let error = soon(HostMesh::attach(world.client(), &[])).await.unwrap_err();
    assert!(matches!(&error, AttachError::Empty), "{error:?}");
    world.end().await;
}
