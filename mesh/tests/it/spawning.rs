//! What can go wrong where an actor is made, and what is told of it.

use bytes::Bytes;
use mesh::actor::{ActorRef, Caller};
use mesh::agent::{ActorSpec, PROC_AGENT, ProcAgent};
use mesh::meshes::ProcOptions;
use mesh::message::Named;
use mesh::prelude::*;
use mesh::value::Status;
use mesh::{ProcMeshRef, SpawnError};

use crate::support::{Counter, four, settle};

/// Fails to be made at one rank, in one way or another.
struct Picky;

#[actor]
impl Picky {
    #[new]
    async fn new(env: &SpawnEnv, rank: u64, how: String) -> Result<Self, String> {
        tokio::task::yield_now().await;
        match (env.rank() as u64 == rank, how.as_str()) {
            (true, "err") => Err("no room".into()),
            (true, _) => panic!("no nerve"),
            (false, _) => Ok(Picky),
        }
    }

    #[handler]
    fn ping(&self) {}
}

#[track_caller]
fn failed_at(error: SpawnError, rank: usize, reason: &str) {
    let SpawnError::Failed { statuses, .. } = &error else { panic!("{error}") };
    for (at, status) in statuses.values().iter().enumerate() {
        match status {
            Status::Failed { reason: said } if at == rank => assert!(said.contains(reason), "{said}"),
            Status::Running if at != rank => {}
            other => panic!("rank {at}: {other}"),
        }
    }
    assert!(error.to_string().contains(&format!("1 of 4 ranks: rank {rank}: failed")), "{error}");
}

#[mesh::test]
async fn a_constructor_that_returns_an_error_is_its_ranks_failure(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (procs, _counters) = four(cx).await;
    let error = procs.spawn(cx, "picky", Picky::spec(2, "err".into())).await.unwrap_err();
    failed_at(error, 2, "could not be spawned: no room");
}

#[mesh::test]
async fn a_constructor_that_panics_is_its_ranks_failure(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (procs, _counters) = four(cx).await;
    let error = procs.spawn(cx, "picky", Picky::spec(1, "panic".into())).await.unwrap_err();
    failed_at(error, 1, "`new` panicked: no nerve");
}

#[mesh::test]
async fn a_spawn_that_fails_stops_what_it_has_made(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (procs, _counters) = four(cx).await;
    cx.events().record();
    procs.spawn(cx, "picky", Picky::spec(3, "err".into())).await.unwrap_err();
    settle().await;
    let ended = |line: &&String| line.contains(" end picky@");
    assert_eq!(cx.events().lines().iter().filter(ended).count(), 4, "{:#?}", cx.events().lines());
}

#[mesh::test]
async fn a_proc_with_a_failed_actor_refuses_and_names_the_culprit(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (procs, counters) = four(cx).await;
    let _ = counters.fall_on(2).call(cx).await;
    cx.failure(|_| true).await;
    settle().await;
    let error = procs.spawn(cx, "next", Counter::spec(0)).await.unwrap_err();
    failed_at(error, 2, "proc workers/2 takes no new actors: actor counters@workers/2 failed");
    let single = procs.gspawn(cx, 2, "next", Counter::spec(0)).await.unwrap_err();
    assert!(single.to_string().contains("rank 2 fell"), "{single}");
    assert!(procs.gspawn(cx, 1, "next", Counter::spec(0)).await.is_ok(), "the others take it");
}

#[mesh::test]
async fn a_proc_that_is_not_poisoned_takes_new_actors(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let options = ProcOptions::default().config("MESH_FAILURE_POISONS", "false");
    let host = this_host(cx).await.unwrap();
    let procs = host.spawn_procs_with(cx, extent!(workers = 2), options).await.unwrap();
    let counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
    let _ = counters.fall_on(1).call(cx).await;
    cx.failure(|_| true).await;
    settle().await;
    let next = procs.spawn(cx, "next", Counter::spec(5)).await.unwrap();
    assert_eq!(next.get().call(cx).await.unwrap().values(), [5, 5]);
}

fn agent(procs: &ProcMeshRef, rank: usize) -> ActorRef<ProcAgent> {
    ActorRef::at(procs.proc(rank).unwrap().actor(PROC_AGENT, "proc_agent".into()))
}

fn hand_made<A: Named>(cx: &Client, params: &'static [u8]) -> ActorSpec {
    ActorSpec {
        type_name: A::type_name(),
        type_id: A::TYPE_ID,
        mesh: None,
        params: Bytes::from_static(params),
        owner: cx.scope().owner(),
        incarnation: 1,
        restart: None,
        whole: None,
        only: false,
        ports: Default::default(),
    }
}

#[mesh::test]
async fn parameters_that_do_not_decode_fail_at_the_proc(cx: &Client) {
    let (procs, counters) = four(cx).await;
    for params in [&b""[..], b"\xff", b"\xfd\xff", b"\x02\x02\x02\x02"] {
        let spec = hand_made::<Counter>(cx, params);
        let refused = agent(&procs, 0).gspawn("odd".into(), spec).call(cx).await.unwrap().unwrap_err();
        assert!(refused.starts_with("the parameters of `"), "{refused}");
        assert!(refused.contains("do not decode"), "{refused}");
    }
    assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 40, "nobody was harmed");
    assert!(procs.spawn(cx, "next", Counter::spec(0)).await.is_ok(), "nor poisoned");
}

#[mesh::test]
async fn a_type_that_the_proc_does_not_know_fails_there(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let spec = ActorSpec { type_name: "a.Ghost".into(), type_id: 7, ..hand_made::<Counter>(cx, b"") };
    let refused = agent(&procs, 3).gspawn("odd".into(), spec).call(cx).await.unwrap().unwrap_err();
    assert_eq!(refused, "actor type `a.Ghost` is not registered in the binary of proc workers/3");
}
