//! Meshes: all verbs on all ranks, views, and what holds them.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mesh::call::CallErrorKind;
use mesh::prelude::*;
use mesh::value::Status;
use mesh::{ActorMeshRef, HostMesh, ProcessAllocator};

use crate::support::{Counter, four, settle};

#[mesh::test]
async fn a_spawn_makes_one_actor_on_each_proc(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    let places = counters.place().call(cx).await.unwrap();
    assert_eq!(places.values(), ["workers/0", "workers/1", "workers/2", "workers/3"]);
    assert_eq!(counters.rank_of().call(cx).await.unwrap().values(), [0, 1, 2, 3]);
}

#[mesh::test]
async fn a_cast_reaches_every_rank_before_a_later_call(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    counters.add(3).cast(cx).unwrap();
    assert_eq!(counters.get().call(cx).await.unwrap().to_string(), "[13 ×4]");
}

#[mesh::test]
async fn one_rank_is_called_as_one_actor(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    assert_eq!(counters.rank(2).add(1).call(cx).await.unwrap(), 11);
    assert_eq!(counters.get().call(cx).await.unwrap().values(), [10, 10, 11, 10]);
    assert!(counters.control().try_rank(4).is_none());
}

#[mesh::test]
async fn a_call_that_fails_at_a_rank_names_it_and_keeps_the_rest(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (_procs, counters) = four(cx).await;
    let error = counters.fall_on(2).call(cx).await.unwrap_err();
    assert_eq!(error.partial.values(), [Some(2), Some(2), None, Some(2)]);
    assert_eq!(error.failed.iter().map(|failed| failed.rank).collect::<Vec<_>>(), [2]);
    let said = error.to_string();
    assert!(
        said.starts_with("1 of 4 ranks failed: rank 2: call to `fall_on` of counters@workers/2"),
        "{said}"
    );
    let failure = cx.failure(|_| true).await;
    assert_eq!(failure.ranks, [2]);
    assert_eq!(failure.mesh.unwrap().to_string(), "counters");
    assert_eq!(cx.failures().len(), 1);
}

#[mesh::test]
async fn call_each_gives_every_ranks_own_result(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (_procs, counters) = four(cx).await;
    let each = counters.fall_on(1).call_each(cx).await;
    let failed: Vec<_> = each.values().iter().map(|result| result.is_err()).collect();
    assert_eq!(failed, [false, true, false, false]);
    assert!(matches!(each[1].as_ref().unwrap_err().error.kind, CallErrorKind::ActorFailed { .. }));
}

#[mesh::test]
async fn choose_uses_every_rank(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    for _ in 0..200 {
        counters.add(1).choose(cx).await.unwrap();
    }
    let each = counters.get().call(cx).await.unwrap();
    assert_eq!(each.values().iter().sum::<i64>(), 240);
    assert!(each.values().iter().all(|n| *n > 10), "{each}");
}

#[mesh::test]
async fn choose_prefers_the_rank_with_fewer_calls_in_flight(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    let calls: Vec<_> = (0..400).map(|_| counters.rank_of().choose(cx)).collect();
    let mut ranks = BTreeMap::new();
    for call in calls {
        *ranks.entry(call.await.unwrap()).or_insert(0_i32) += 1;
    }
    // One random choice would be apart by about 35 here; of two, by about 3.
    assert!(ranks.values().max().unwrap() - ranks.values().min().unwrap() < 12, "{ranks:?}");
}

#[mesh::test]
async fn replies_stream_as_they_come_and_end(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    let mut replies = counters.rank_of().stream(cx);
    let mut seen = BTreeMap::new();
    while let Some((rank, reply)) = replies.next().await {
        seen.insert(rank, reply.unwrap());
    }
    assert_eq!(seen, BTreeMap::from([(0, 0), (1, 1), (2, 2), (3, 3)]));
}

#[mesh::test]
async fn a_stream_of_replies_ends_with_the_ranks_that_gave_none(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    let limit = std::time::Duration::from_millis(50);
    let mut replies = counters.hang().timeout(limit).stream(cx);
    let mut ranks = Vec::new();
    while let Some((rank, reply)) = replies.next().await {
        assert_eq!(reply.unwrap_err().error.kind, CallErrorKind::Deadline { after: limit });
        ranks.push(rank);
    }
    assert_eq!(ranks, [0, 1, 2, 3]);
}

#[mesh::test]
async fn built_in_reducers_merge_the_replies(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    counters.rank(3).add(5).call(cx).await.unwrap();
    assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 45);
    assert_eq!(counters.get().reduce(Max).call(cx).await.unwrap(), 15);
    assert_eq!(counters.get().reduce(Min).call(cx).await.unwrap(), 10);
    assert_eq!(
        counters.place().reduce(Concat).call(cx).await.unwrap(),
        "workers/0workers/1workers/2workers/3"
    );
}

#[mesh::test]
async fn a_reduce_that_fails_at_a_rank_gives_the_partial_value(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (_procs, counters) = four(cx).await;
    let error = counters.fall_on(1).reduce(Sum).call(cx).await.unwrap_err();
    assert_eq!((error.partial, error.failed.len(), error.ranks), (Some(3), 1, 4));
}

#[mesh::test]
async fn a_slice_by_rank_or_by_dimension_is_a_mesh_of_its_own_ranks(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(hosts = 2, gpus = 3)).await.unwrap();
    let counters = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap();
    let second = counters.slice(("gpus", 1..3));
    assert_eq!(second.rank_of().call(cx).await.unwrap().values(), [1, 2, 4, 5]);
    assert_eq!(second.rank(2).rank_of().call(cx).await.unwrap(), 4);
    let third = second.slice(("hosts", 1)).slice(("gpus", 0));
    assert_eq!(third.rank_of().call(cx).await.unwrap().values(), [4]);
    assert_eq!(counters.slice(2..4).rank_of().call(cx).await.unwrap().values(), [2, 3]);
    assert!(counters.control().try_slice(("tpus", 0)).is_err());
    counters.slice(..2).add(7).cast(cx).unwrap();
    assert_eq!(counters.get().call(cx).await.unwrap().to_string(), "[7 ×2, 0 ×4]");
    let error = second.hang().timeout(std::time::Duration::from_millis(1)).call(cx).await.unwrap_err();
    let actors: Vec<_> =
        error.failed.iter().map(|e| format!("{} {}", e.rank, e.error.callee.actor.proc)).collect();
    assert_eq!(
        actors,
        ["0 gpus/1", "1 gpus/2", "2 gpus/4", "3 gpus/5"],
        "ranks of the view, names of the procs"
    );
}

#[mesh::test]
async fn the_status_of_a_mesh_follows_its_life(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let (_procs, counters) = four(cx).await;
    assert!(counters.control().status(cx).await.all(|status| *status == Status::Running));
    let _ = counters.fall_on(3).call(cx).await;
    cx.failure(|_| true).await;
    settle().await;
    let statuses = counters.control().status(cx).await;
    assert_eq!(statuses[0], Status::Running);
    assert!(
        matches!(&statuses[3], Status::Failed { reason } if reason.contains("rank 3 fell")),
        "{statuses}"
    );
    let view = counters.control().to_ref();
    let stopped = counters.control().stop(cx).await;
    assert!(stopped.unwrap_err().to_string().contains("1 of 4 ranks: rank 3: failed"));
    assert_eq!(view.control().status(cx).await[0], Status::Stopped);
}

#[mesh::test]
async fn a_slice_of_a_mesh_has_the_statuses_of_its_own_ranks(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    counters.slice(1..3).control().stop(cx).await.unwrap();
    let statuses = counters.control().status(cx).await;
    assert_eq!(statuses.to_string(), "[running, stopped ×2, running]");
    assert_eq!(counters.slice(2..4).control().status(cx).await.to_string(), "[stopped, running]");
}

#[mesh::test]
async fn a_message_to_an_actor_that_has_stopped_comes_back(cx: &Client) {
    let (_procs, counters) = four(cx).await;
    counters.control().stop(cx).await.unwrap();
    counters.rank(0).add(1).send(cx).unwrap();
    counters.add(1).cast(cx).unwrap();
    settle().await;
    assert_eq!(cx.returned(), 5);
    let error = counters.rank(1).get().call(cx).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::ActorStopped);
    assert_eq!(error.callee.to_string(), "`get` of counters@workers/1 (rank 1)");
}

#[mesh::test]
async fn a_dropped_mesh_stops(cx: &Client) {
    let (procs, counters) = four(cx).await;
    let view = counters.control().to_ref();
    drop(counters);
    settle().await;
    assert!(view.control().status(cx).await.all(|status| *status == Status::Stopped));
    let others = procs.spawn(cx, "others", Counter::spec(1)).await.unwrap();
    assert_eq!(others.get().reduce(Sum).call(cx).await.unwrap(), 4);
}

#[mesh::test]
async fn a_dropped_mesh_of_procs_ends_them(cx: &Client) {
    let (procs, counters) = four(cx).await;
    drop(procs);
    let error = counters.hang().call(cx).await.unwrap_err();
    assert_eq!(error.failed.len(), 4);
    settle().await;
    let late = counters.rank(0).get().call(cx).await.unwrap_err();
    assert!(matches!(late.kind, CallErrorKind::ProcLost { .. }), "{late}");
    assert_eq!(cx.failures(), vec![], "it was asked for");
}

#[mesh::test]
async fn two_meshes_of_one_name_are_two(cx: &Client) {
    let (procs, counters) = four(cx).await;
    let others = procs.spawn(cx, "counters", Counter::spec(1)).await.unwrap();
    assert_ne!(*counters.control().id(), *others.control().id());
    assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 40);
    assert_eq!(others.get().reduce(Sum).call(cx).await.unwrap(), 4);
}

#[mesh::test]
async fn a_mesh_is_spawned_on_a_part_of_the_procs(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let part = procs.slice(2..4).spawn(cx, "part", Counter::spec(1)).await.unwrap();
    assert_eq!(part.place().call(cx).await.unwrap().values(), ["workers/2", "workers/3"]);
    assert_eq!(part.rank_of().call(cx).await.unwrap().values(), [0, 1], "ranks are those of the part");
}

#[mesh::test]
async fn a_part_that_is_not_there_is_an_error_or_a_panic_as_asked(cx: &Client) {
    let (procs, counters) = four(cx).await;
    let want = "ranks 2..5 is out of bounds of [workers=4], which has ranks 0..4";
    assert_eq!(procs.try_slice(2..5).unwrap_err().to_string(), want);
    assert_eq!(counters.control().try_slice(2..5).unwrap_err().to_string(), want);
    assert_eq!(procs.try_slice(2..4).unwrap(), procs.slice(2..4));
    let panic_of = |slice: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(slice)).unwrap_err();
        payload.downcast::<String>().expect("it has a text")
    };
    let texts = [panic_of(&|| drop(procs.slice(2..5))), panic_of(&|| drop(counters.slice(2..5)))];
    assert_eq!(*texts[0], format!("mesh {}: {want}", procs.id()));
    assert_eq!(*texts[1], format!("mesh {}: {want}", counters.control().id()));
}

#[mesh::test]
async fn an_empty_extent_names_the_dimension(cx: &Client) {
    let error = this_host(cx).await.unwrap().spawn_procs(cx, extent!(hosts = 2, gpus = 0)).await.unwrap_err();
    assert!(matches!(error, mesh::SpawnError::Extent(_)));
    assert!(error.to_string().contains("gpus"), "{error}");
}

#[mesh::test]
async fn this_proc_is_where_the_caller_runs(cx: &Client) {
    let here = this_proc(cx).spawn(cx, "here", Counter::spec(3)).await.unwrap();
    assert_eq!(here.place().call(cx).await.unwrap().values(), ["client"]);
    assert_eq!(here.get().reduce(Sum).call(cx).await.unwrap(), 3);
}

#[mesh::test]
async fn gspawn_makes_one_actor_outside_any_mesh(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let single = procs.gspawn(cx, 3, "single", Counter::spec(8)).await.unwrap();
    assert_eq!(single.get().call(cx).await.unwrap(), 8);
    assert_eq!(single.place().call(cx).await.unwrap(), "workers/3");
    let error = procs.gspawn(cx, 4, "single", Counter::spec(8)).await.unwrap_err();
    assert_eq!(error.to_string(), "the mesh has ranks 0..4, not 4");
}

#[mesh::test]
async fn allocated_hosts_run_procs_and_end_in_order(cx: &Client) {
    let hosts =
        HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2)).name("farm")).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
    assert_eq!(procs.extent().to_string(), extent!(hosts = 2, gpus = 2).to_string());
    let counters = procs.spawn(cx, "counters", Counter::spec(2)).await.unwrap();
    assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 8);
    counters.slice(("hosts", 1)).add(1).cast(cx).unwrap();
    assert_eq!(counters.get().call(cx).await.unwrap().to_string(), "[2 ×2, 3 ×2]");
    hosts.control().stop(cx).await.unwrap();
    assert!(counters.get().call(cx).await.is_err());
    assert_eq!(cx.failures(), vec![]);
}

#[mesh::test]
async fn an_allocation_becomes_a_mesh_of_procs(cx: &Client) {
    let procs = ProcMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 3))).await.unwrap();
    assert_eq!(procs.len(), 3);
    let counters = procs.spawn(cx, "counters", Counter::spec(1)).await.unwrap();
    assert_eq!(counters.get().reduce(Sum).call(cx).await.unwrap(), 3);
    procs.control().stop(cx).await.unwrap();
    assert_eq!(cx.failures(), vec![]);
}

/// Owns a mesh.
struct Boss {
    workers: Option<ActorMesh<Counter>>,
}

#[actor]
impl Boss {
    #[new]
    fn new() -> Self {
        Boss { workers: None }
    }

    /// Spawns two counters on procs of its own host, and shows them.
    #[handler]
    async fn hire(
        &mut self,
        cx: &Context<Self>,
        procs: mesh::ProcMeshRef,
    ) -> Result<ActorMeshRef<Counter>, String> {
        let workers =
            procs.spawn(cx, "workers", Counter::spec(5)).await.map_err(|error| error.to_string())?;
        let view = workers.control().to_ref();
        self.workers = Some(workers);
        Ok(view)
    }

    /// What they have.
    #[handler]
    async fn total(&mut self, cx: &Context<Self>) -> i64 {
        self.workers.as_ref().unwrap().get().reduce(Sum).call(cx).await.unwrap()
    }

    /// Spawns procs of its own.
    #[handler]
    async fn build(&mut self, cx: &Context<Self>) -> String {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(inner = 2)).await.unwrap();
        let counters = procs.spawn(cx, "inner", Counter::spec(5)).await.unwrap();
        counters.place().call(cx).await.unwrap().to_string()
    }
}

#[mesh::test]
async fn a_mesh_that_an_actor_owns_ends_with_it(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let boss = procs.slice(0..1).spawn(cx, "boss", Boss::spec()).await.unwrap();
    let part = procs.slice(1..3);
    let view = boss.rank(0).hire(part).try_call(cx).await.unwrap();
    assert_eq!(boss.rank(0).total().call(cx).await.unwrap(), 10);
    assert_eq!(view.add(1).call(cx).await.unwrap().values(), [6, 6], "a view works for others too");
    boss.control().stop(cx).await.unwrap();
    settle().await;
    assert!(view.control().status(cx).await.all(|status| *status == Status::Stopped));
}

#[mesh::test]
async fn the_failure_of_an_owned_mesh_fails_its_owner_with_the_chain(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let boss = procs.slice(0..1).spawn(cx, "boss", Boss::spec()).await.unwrap();
    let view = boss.rank(0).hire(procs.slice(1..3)).try_call(cx).await.unwrap();
    let _ = view.fall_on(1).call(cx).await;
    let failure = cx.failure(|_| true).await;
    assert!(failure.to_string().starts_with("actor boss@procs/0 failed"), "{failure}");
    assert!(failure.root_cause().to_string().contains("rank 1 fell"), "{failure}");
    assert_eq!(cx.failures().len(), 1);
    settle().await;
    assert!(
        view.control().status(cx).await.all(|status| *status != Status::Running),
        "it died with its owner"
    );
}

#[mesh::test]
async fn an_actor_spawns_procs_on_its_host(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let boss = procs.spawn(cx, "boss", Boss::spec()).await.unwrap();
    assert_eq!(boss.rank(0).build().call(cx).await.unwrap(), "[inner/0, inner/1]");
}
