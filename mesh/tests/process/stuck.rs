//! An actor that holds a thread is seen, and named by the watchdog.

use std::time::Duration;

use mesh::admin;
use mesh::config::{self, Config};
use mesh::prelude::*;

use crate::world::{SOON, World, soon};

crate::tests![
    actor_that_holds_a_thread_is_seen_with_handler_and_time,
    watchdog_names_a_handler_that_blocks_once,
    proc_whose_only_thread_is_held_does_not_answer,
];

async fn blocked(config: Config) -> (World, ProcMesh, ActorMesh<crate::actors::Victim>) {
    let world = World::with(config.with(config::STOP_DRAIN_TIMEOUT, Duration::from_millis(100))).await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(1).await;
    let (port, mut running) = cx.open_port::<usize>().unwrap();
    victims.rank(0).block(false, port).send(cx).unwrap();
    soon(running.receive()).await.unwrap();
    (world, procs, victims)
}

async fn actor_that_holds_a_thread_is_seen_with_handler_and_time() {
    let (world, procs, victims) = blocked(Config::default().with(config::CHILD_WORKER_THREADS, 3)).await;
    let cx = world.client();
    for _ in 0..3 {
        victims.rank(0).pid().send(cx).unwrap();
    }
    let seen = tokio::time::timeout(SOON, async {
        loop {
            let tree = admin::tree(cx).await;
            let victim = tree.actors().find(|actor| actor.id.to_string() == "victims@workers/0");
            let victim = victim.unwrap_or_else(|| panic!("{tree}")).clone();
            let busy = victim.busy.clone().unwrap_or_else(|| panic!("{tree}"));
            assert_eq!(busy.handler, "block");
            // The time is that of a watchdog, which looks ten times a second; the messages come after the handler began.
            if busy.on_thread && victim.queued == 3 && busy.since >= Some(Duration::from_millis(300)) {
                return victim;
            }
        }
    });
    assert_eq!(seen.await.expect("it is seen").handled, 1);
    drop(procs);
    world.end().await;
}

async fn watchdog_names_a_handler_that_blocks_once() {
    let config = Config::default()
        .with(config::CHILD_WORKER_THREADS, 3)
        .with(config::TRACE_LEVEL, "warn".into())
        .with(config::BLOCKED_AFTER, Duration::from_millis(300));
    let (world, procs, _victims) = blocked(config).await;
    let told = || -> Vec<String> {
        let lines = world.log.lines();
        lines.iter().map(ToString::to_string).filter(|line| line.contains("spawn_blocking")).collect()
    };
    let once = async {
        while told().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, once).await.expect("it is named");
    // Long enough to be told again, if it were.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let told = told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("[workers/0]  WARN mesh::watchdog: "), "{told:?}");
    assert!(told[0].contains("actor=victims@workers/0 handler=block held_ms="), "{told:?}");
    drop(procs);
    world.end().await;
}

/// What the documentation of `admin` says: without a thread nobody can answer, and that is said.
async fn proc_whose_only_thread_is_held_does_not_answer() {
    let (world, procs, _victims) = blocked(Config::default().with(config::CHILD_WORKER_THREADS, 1)).await;
    let tree = soon(admin::tree(world.client())).await;
    let worker = tree.procs().find(|proc| proc.name() == "workers/0").unwrap();
    assert!(worker.report.is_err(), "{tree}");
    assert!(tree.to_string().contains("does not answer: "), "{tree}");
    drop(procs);
    world.end().await;
}
