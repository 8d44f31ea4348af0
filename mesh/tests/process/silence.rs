//! Processes that hang while their connections stay open, and those that only seem to (`CALL-1`).

use std::process::{Child, Command};
use std::time::Duration;

use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::{CallErrorKind, Cause};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::actors::Victim;
use crate::proc_fs::{Token, eventually, gone, with_token};
use crate::program::Program;
use crate::world::{KILLED, World, is_alive, send_signal, soon, stop};

crate::tests![
    stopped_worker_is_unreachable_and_its_owner_is_told,
    worker_that_is_stopped_for_three_seconds_goes_on,
    worker_whose_only_thread_is_held_is_not_silent,
    busy_machine_makes_no_false_death,
    stopped_client_keeps_its_procs,
];

async fn stopped_worker_is_unreachable_and_its_owner_is_told() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(2).await;
    let pid = soon(victims.rank(1).pid().call(cx)).await.unwrap();
    stop(pid).await;
    let start = Instant::now();
    let error = soon(victims.rank(1).pid().call(cx)).await.unwrap_err();
    assert!(start.elapsed() > Duration::from_secs(3), "{:?}", start.elapsed());
    println!("a stopped process is unreachable after {:?}", start.elapsed());
    assert!(matches!(&error.kind, CallErrorKind::Unreachable { .. }), "{error:?}");
    for part in ["victims@workers/1", "rank 1", "nothing was heard for 5000 ms"] {
        assert!(error.to_string().contains(part), "no {part} in: {error}");
    }
    let failure = soon(cx.failure(|_| true)).await;
    assert_eq!(failure.ranks, [1]);
    let Cause::LinkLost { exit: Some(exit), .. } = &failure.cause else { panic!("{failure}") };
    assert_eq!(exit.status, KILLED);
    for part in ["nothing was heard for 5000 ms", "so it was killed: signal 9 (SIGKILL)"] {
        assert!(failure.to_string().contains(part), "no {part} in: {failure}");
    }
    assert!(!is_alive(pid));
    soon(victims.rank(0).pid().call(cx)).await.unwrap();
    let client = cx.clone();
    world.end().await;
    assert_eq!(client.failures().len(), 1, "{:?}", client.failures());
}

async fn worker_that_is_stopped_for_three_seconds_goes_on() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(1).await;
    let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    stop(pid).await;
    let call = victims.rank(0).pid().call(cx);
    // The time is what is tested.
    sleep(Duration::from_secs(3)).await;
    send_signal(pid, Signal::CONT);
    assert_eq!(soon(call).await.unwrap(), pid);
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    world.end().await;
}

/// Its runtime neither reads nor writes: it is heard all the same.
async fn worker_whose_only_thread_is_held_is_not_silent() {
    let config = Config::default()
        .with(config::CHILD_WORKER_THREADS, 1)
        .with(config::LINK_SILENCE, Duration::from_secs(3))
        .with(config::STOP_DRAIN_TIMEOUT, Duration::from_millis(100));
    let world = World::with(config).await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(1).await;
    let pid = soon(victims.rank(0).pid().call(cx)).await.unwrap();
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    victims.rank(0).block(false, port).send(cx).unwrap();
    soon(running.receive()).await.unwrap();
    sleep(Duration::from_secs(7)).await;
    assert!(cx.failures().is_empty() && is_alive(pid), "{:?}", cx.failures());
    drop(procs);
    world.end().await;
}

/// Takes a processor for as long as it lives.
struct Spinner(Child);

impl Drop for Spinner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn busy_machine_makes_no_false_death() {
    let world = World::with(Config::default().with(config::LINK_SILENCE, Duration::from_secs(3))).await;
    world.handle_failures();
    let cx = world.client();
    let (_procs, victims) = world.victims(4).await;
    let processors = std::thread::available_parallelism().unwrap().get();
    let spin = |_| Spinner(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap());
    let spinners: Vec<Spinner> = (0..4 * processors).map(spin).collect();
    let long = if crate::harness::is_long() { 60 } else { 6 };
    sleep(Duration::from_secs(long)).await;
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    drop(spinners);
    soon(victims.pid().call(cx)).await.unwrap();
    world.end().await;
}

/// As at Ctrl-Z: longer than any peer may be silent.
async fn stopped_client_keeps_its_procs() {
    let token = Token::fresh();
    let mut program = Program::start(&["pulse"], &token);
    soon(program.line("alive")).await;
    let children = || with_token(&token).len();
    assert_eq!(children(), 3);
    stop(program.pid()).await;
    sleep(Duration::from_secs(8)).await;
    assert_eq!(children(), 3, "its procs live on");
    send_signal(program.pid(), Signal::CONT);
    // The same procs, called anew.
    soon(program.line("alive after 5 s")).await;
    program.kill().await;
    gone(&token).await;
    assert!(eventually(|| children() == 0).await);
}

/// What the client of that test does.
pub(crate) mod pulse {
    use super::*;

    #[mesh::main]
    pub(crate) async fn main(cx: &Client) -> mesh::Result<()> {
        let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
        let victims = procs.spawn(cx, "victims", Victim::spec()).await?;
        let mut last = Instant::now();
        loop {
            victims.pid().call(cx).await?;
            // Before it is printed: who reads it may stop this process at once.
            let was_stopped = last.elapsed() > Duration::from_secs(5);
            last = Instant::now();
            println!("{}", if was_stopped { "alive after 5 s" } else { "alive" });
            sleep(Duration::from_millis(200)).await;
        }
    }
}
