//! Procs end when they are told to, within bounds, and their last lines arrive (`PROC-3`, `PROC-4`).

use std::time::Duration;

use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::{ExitStatus, HostMesh, ProcessAllocator};

use crate::actors::{Farewell, Victim};
use crate::proc_fs::{Token, eventually, gone, with_token};
use crate::program::Program;
use crate::world::{KILLED, World, is_alive, soon, stop};

crate::tests![
    stopped_procs_exit_with_code_zero_after_on_stop,
    dropped_mesh_ends_its_procs,
    proc_that_ignores_its_drain_is_terminated,
    proc_that_ignores_sigterm_is_killed,
    proc_with_one_handler_that_never_ends_ends_in_time,
    end_of_main_ends_the_procs_and_shows_their_last_lines,
    proc_that_is_suspended_is_killed,
    proc_that_exits_unasked_has_failed,
    hosts_stay_until_all_of_them_have_drained,
    program_that_ends_keeps_its_hosts_until_all_have_drained,
];

/// How the procs of a mesh ended.
async fn exits(cx: &Client, procs: &ProcMesh) -> Vec<ExitStatus> {
    let states = soon(procs.states(cx)).await.unwrap();
    let exit = |state: mesh::agent::ProcState| state.exit.unwrap().status;
    states.into_values().into_iter().map(|state| exit(state.unwrap().state.unwrap())).collect()
}

async fn stopped_procs_exit_with_code_zero_after_on_stop() {
    let world = World::start().await;
    let cx = world.client();
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let _farewells = procs.spawn(cx, "farewells", Farewell::spec()).await.unwrap();
    soon(procs.control().stop(cx)).await.unwrap();
    assert_eq!(exits(cx, &procs).await, [ExitStatus::Code(0), ExitStatus::Code(0)]);
    let mut said: Vec<String> = world.log.lines().iter().map(ToString::to_string).collect();
    said.sort();
    assert_eq!(said, ["[workers/0] goodbye", "[workers/1] goodbye"]);
    // It is reaped, not only ended: no wait here.
    assert!(with_token(&world.token).is_empty());
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

async fn dropped_mesh_ends_its_procs() {
    let world = World::start().await;
    let (procs, victims) = world.victims(2).await;
    drop((procs, victims));
    gone(&world.token).await;
    assert!(world.client().failures().is_empty(), "{:?}", world.client().failures());
    world.end().await;
}

const DRAIN: Duration = Duration::from_millis(400);
const TERM: Duration = Duration::from_millis(400);

/// Stops a proc one of whose threads a handler holds for ever; how it ended, and how long that took.
async fn stop_blocked(threads: usize, deaf: bool) -> (ExitStatus, Duration) {
    let config = Config::default()
        .with(config::STOP_DRAIN_TIMEOUT, DRAIN)
        .with(config::STOP_TERM_TIMEOUT, TERM)
        .with(config::CHILD_WORKER_THREADS, threads);
    let world = World::with(config).await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(1).await;
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    let call = victims.rank(0).block(deaf, port).call(cx);
    soon(running.receive()).await.unwrap();
    let start = tokio::time::Instant::now();
    soon(procs.control().stop(cx)).await.unwrap();
    let took = start.elapsed();
    // No wait: it has ended.
    assert_eq!(with_token(&world.token), []);
    soon(call).await.unwrap_err();
    let exit = exits(cx, &procs).await.remove(0);
    assert!(cx.failures().is_empty(), "it was asked to end: {:?}", cx.failures());
    world.end().await;
    (exit, took)
}

/// What the bounds allow in all, and as long again for a slow machine.
const BOUND: Duration = DRAIN.saturating_add(TERM).saturating_mul(2);

/// Its only thread is held, so it does not even hear that it is to drain.
async fn proc_that_ignores_its_drain_is_terminated() {
    let (exit, took) = stop_blocked(1, false).await;
    assert_eq!(exit, ExitStatus::Signal { signal: 15, core_dumped: false });
    assert!((DRAIN..BOUND).contains(&took), "{took:?}");
}

async fn proc_that_ignores_sigterm_is_killed() {
    let (exit, took) = stop_blocked(1, true).await;
    assert_eq!(exit, KILLED);
    assert!((DRAIN + TERM..BOUND).contains(&took), "{took:?}");
}

/// One that can still hear ends by itself when its time is over, if it is not terminated before.
async fn proc_with_one_handler_that_never_ends_ends_in_time() {
    let (_, took) = stop_blocked(4, true).await;
    assert!((DRAIN..BOUND).contains(&took), "{took:?}");
}

async fn end_of_main_ends_the_procs_and_shows_their_last_lines() {
    let token = Token::fresh();
    let program = Program::start(&["last-lines"], &token);
    let ended = soon(program.end()).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    // No wait: they have ended before the program does.
    assert_eq!(with_token(&token), []);
    let mut said = ended.stdout.clone();
    said.sort();
    let mut want: Vec<String> =
        (0..4).flat_map(|rank| (0..100).map(move |n| format!("[workers/{rank}] line {n}"))).collect();
    want.sort();
    assert_eq!(said, want, "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
}

/// SIGTERM waits until it is continued, SIGKILL does not.
async fn proc_that_is_suspended_is_killed() {
    let config =
        Config::default().with(config::STOP_DRAIN_TIMEOUT, DRAIN).with(config::STOP_TERM_TIMEOUT, TERM);
    let world = World::with(config).await;
    let cx = world.client();
    let (procs, victims) = world.victims(1).await;
    stop(soon(victims.rank(0).pid().call(cx)).await.unwrap()).await;
    let start = tokio::time::Instant::now();
    soon(procs.control().stop(cx)).await.unwrap();
    let took = start.elapsed();
    assert_eq!(with_token(&world.token), []);
    assert_eq!(exits(cx, &procs).await, [KILLED]);
    assert!((DRAIN + TERM..BOUND).contains(&took), "{took:?}");
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

/// With exit code 0 too.
async fn proc_that_exits_unasked_has_failed() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(1).await;
    let error = soon(victims.rank(0).exit(0, Vec::new()).call(cx)).await.unwrap_err();
    assert_eq!(crate::world::lost(&error.kind).0, &ExitStatus::Code(0));
    let failure = soon(cx.failure(|_| true)).await;
    assert!(failure.to_string().contains("exit code 0, without being asked"), "{failure}");
    let error = soon(procs.control().stop(cx)).await.unwrap_err();
    assert!(error.to_string().contains("without being asked"), "{error}");
    world.end().await;
}

/// Two hosts with a proc each, of which the second does not drain: the processes of the hosts, and of the first proc.
async fn two_hosts(cx: &Client) -> (HostMesh, ProcMesh, [u32; 2], u32) {
    let hosts = soon(HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)))).await.unwrap();
    let procs = soon(hosts.spawn_procs(cx, extent!(gpus = 1))).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let parents = soon(victims.parent().call(cx)).await.unwrap().into_values();
    let first = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    victims.rank(1).hang(port).send(cx).unwrap();
    soon(running.receive()).await.unwrap();
    std::mem::forget(victims);
    (hosts, procs, [parents[0], parents[1]], first)
}

/// The host whose only proc has ended waits for the other, which has until its drain is over.
async fn stay_together(hosts: [u32; 2], first: u32) {
    assert!(eventually(|| !is_alive(first)).await);
    // That the host does not go is what is tested; without this it goes at once.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(hosts.iter().all(|pid| is_alive(*pid)), "{hosts:?}");
    assert!(eventually(|| !hosts.iter().any(|pid| is_alive(*pid))).await, "{hosts:?} stay");
}

async fn hosts_stay_until_all_of_them_have_drained() {
    let world = World::with(Config::default().with(config::STOP_DRAIN_TIMEOUT, Duration::from_secs(1))).await;
    let cx = world.client();
    let (hosts, procs, pids, first) = two_hosts(cx).await;
    // Dropped: nobody waits.
    std::mem::forget(procs);
    drop(hosts);
    stay_together(pids, first).await;
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

/// As it does at the end of `main`, at Ctrl-C and at SIGTERM.
async fn program_that_ends_keeps_its_hosts_until_all_have_drained() {
    let world = World::with(Config::default().with(config::STOP_DRAIN_TIMEOUT, Duration::from_secs(1))).await;
    let cx = world.client().clone();
    let (hosts, procs, pids, first) = two_hosts(&cx).await;
    std::mem::forget((hosts, procs));
    tokio::join!(soon(world.end()), stay_together(pids, first));
}
