//! What becomes of a mesh when one of its ranks fails: `RankPolicy` (`SUP-4`).

use std::time::Duration;

use mesh::agent::{PROC_AGENT, ProcAgent};
use mesh::call::CallErrorKind;
use mesh::meshes::{ActorOptions, ProcOptions};
use mesh::prelude::*;
use mesh::supervision::{Cause, Subject, SupervisionEventKind};
use mesh::{ProcMeshRef, RankPolicy, RestartPolicy, Status, ValueMesh};
use tokio::time::Instant;

use crate::loss::{door, on_network};
use crate::support::{Counter, settle};

/// A counter that says which life of it answers.
pub struct Cat {
    n: u64,
}

#[actor]
impl Cat {
    #[new]
    fn new(start: u64) -> Self {
        Cat { n: start }
    }

    /// Adds; gives its life and the sum.
    #[handler]
    pub fn add(&mut self, cx: &Context<Self>, by: u64) -> (u32, u64) {
        self.n += by;
        (cx.id().incarnation, self.n)
    }

    /// Adds ten times as much as the place in a row that it is called in.
    #[handler]
    pub fn append(&mut self, digit: u64) -> u64 {
        self.n = 10 * self.n + digit;
        self.n
    }

    /// Never answers.
    #[handler]
    pub async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }

    /// Panics on one rank.
    #[handler]
    pub fn fall_on(&self, cx: &Context<Self>, rank: u64) {
        assert!(cx.rank() as u64 != rank, "rank {rank} fell");
    }
}

const TWICE: RestartPolicy =
    RestartPolicy { max: 2, within: Duration::from_secs(60), backoff: Duration::from_millis(100) };

async fn procs_with(cx: &Client, ranks: usize, policy: RankPolicy) -> ProcMesh {
    let host = this_host(cx).await.unwrap();
    host.spawn_procs_with(cx, extent!(workers = ranks), ProcOptions::default().policy(policy)).await.unwrap()
}

/// The proc of a rank ends, and nobody has asked its host to.
pub fn kill(cx: &Client, procs: &ProcMeshRef, rank: usize) {
    let agent: ActorRef<ProcAgent> =
        ActorRef::at(procs.proc(rank).unwrap().actor(PROC_AGENT, "proc_agent".into()));
    agent.shut_down().send(cx).unwrap();
}

/// A proc is to come back: in which life.
pub async fn returns(cx: &Client, rank: u32, life: u32) -> Cause {
    let event = cx
        .supervision_event(|event| {
            let kind = &event.kind;
            matches!(&event.subject, Subject::Proc(_))
                && event.ranks == [rank]
                && matches!(kind, SupervisionEventKind::Restarted { incarnation, .. } if *incarnation == life)
        })
        .await;
    match event.kind {
        SupervisionEventKind::Restarted { cause, .. } => cause,
        other => panic!("{other:?}"),
    }
}

#[mesh::test]
async fn a_rank_whose_proc_dies_is_there_again_under_the_same_references(cx: &Client) {
    let procs = procs_with(cx, 3, RankPolicy::RespawnRank(TWICE)).await;
    let cats = procs.spawn(cx, "cats", Cat::spec(100)).await.unwrap();
    let (view, reference) = (cats.control().to_ref(), cats.rank(1));
    assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(1, 101); 3]);

    kill(cx, &procs, 1);
    let cause = returns(cx, 1, 2).await;
    assert!(matches!(cause, Cause::ProcExit { .. }), "{cause}");
    assert_eq!(reference.add(2).call(cx).await.unwrap(), (2, 102), "from its spec, in the next life");
    // The mesh is the same value, the others are as they were.
    assert_eq!(cats.control().to_ref(), view);
    assert_eq!(view.add(1).call(cx).await.unwrap().values(), [(1, 102), (2, 103), (1, 102)]);
    assert_eq!(cats.add(0).reduce((Max, Sum)).call(cx).await.unwrap(), (2, 307));
    assert!(cats.control().status(cx).await.all(|status| *status == Status::Running));
    let states = procs.states(cx).await.unwrap();
    assert!(states.values().iter().all(|state| state.as_ref().unwrap().status == Status::Running));

    // The owner of the actor has heard of it too, and of no failure.
    let told = cx.supervision_events();
    let of_actor = told.iter().find(|event| matches!(&event.subject, Subject::Actor(_))).unwrap();
    assert_eq!(
        (of_actor.mesh.as_ref().unwrap().to_string(), &of_actor.ranks[..]),
        ("cats".to_owned(), &[1][..])
    );
    assert!(matches!(of_actor.kind, SupervisionEventKind::Restarted { incarnation: 2, .. }), "{of_actor}");
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());

    // What it is asked to spawn it spawns, and it ends in order.
    let more = procs.spawn(cx, "more", Cat::spec(0)).await.unwrap();
    assert_eq!(more.add(1).call(cx).await.unwrap().values(), [(1, 1); 3]);
    cats.control().stop(cx).await.unwrap();
    procs.control().stop(cx).await.unwrap();
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
}

#[mesh::test]
async fn what_is_sent_while_a_rank_is_away_waits_for_it_in_order(cx: &Client) {
    let procs = procs_with(cx, 2, RankPolicy::RespawnRank(TWICE)).await;
    let cats = procs.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
    kill(cx, &procs, 0);
    returns(cx, 0, 2).await;
    let start = Instant::now();
    let cat = cats.rank(0);
    for digit in 1..=4 {
        cat.append(digit).send(cx).unwrap();
    }
    cats.append(5).cast(cx).unwrap();
    let call = cat.append(6).call(cx);
    assert_eq!(call.await.unwrap(), 123_456);
    assert!(start.elapsed() >= Duration::from_millis(90), "it was away: {:?}", start.elapsed());
    assert_eq!(cats.rank(1).append(6).call(cx).await.unwrap(), 56);
    // A deadline is kept also there.
    kill(cx, &procs, 0);
    returns(cx, 0, 3).await;
    let late = cat.append(7).timeout(Duration::from_millis(20)).call(cx).await.unwrap_err();
    assert!(matches!(late.kind, CallErrorKind::Deadline { .. }), "{late}");
    assert_eq!(cat.append(8).call(cx).await.unwrap(), 8, "what nobody waits for any more is not handled");
}

#[test]
fn a_call_on_its_way_ends_with_the_process_and_the_next_finds_the_next_life() {
    on_network(31, async |cx, network| {
        let procs = procs_with(cx, 2, RankPolicy::RespawnRank(TWICE)).await;
        let cats = procs.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
        let hanging = [cats.rank(0).hang().call(cx), cats.rank(1).hang().call(cx)];
        settle().await;
        assert_eq!(network.partition(&door(cx)), 2);
        for call in hanging {
            let lost = call.await.unwrap_err();
            assert!(matches!(lost.kind, CallErrorKind::ProcLost { .. }), "{lost}");
        }
        network.heal(&door(cx));
        assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(2, 1); 2]);
        assert!(cx.failures().is_empty(), "{:?}", cx.failures());
    });
}

#[mesh::test]
async fn a_rank_that_dies_too_often_has_failed_and_its_owner_can_have_it_again(cx: &Client) {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    cx.on_failure(move |failure| {
        tell.send(failure.clone()).unwrap();
        Directive::Restart
    });
    let procs = procs_with(cx, 2, RankPolicy::RespawnRank(TWICE)).await;
    let cats = procs.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
    for life in 2..=3 {
        kill(cx, &procs, 1);
        returns(cx, 1, life).await;
        assert_eq!(cats.rank(1).add(1).call(cx).await.unwrap(), (life, 1));
    }
    kill(cx, &procs, 1);
    let failure = told.recv().await.unwrap();
    let Cause::GaveUp { restarts: 2, last, earlier, .. } = &failure.cause else { panic!("{failure}") };
    assert!(matches!(**last, Cause::ProcExit { .. }), "{failure}");
    assert_eq!((earlier.len(), &failure.ranks[..]), (2, &[1][..]));
    // The owner said so.
    returns(cx, 1, 4).await;
    assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(1, 1), (4, 1)]);
    // And the policy counts anew.
    kill(cx, &procs, 1);
    returns(cx, 1, 5).await;
    assert_eq!(cats.rank(1).add(1).call(cx).await.unwrap(), (5, 1));
    assert!(told.try_recv().is_err());
}

#[mesh::test]
async fn what_waits_for_a_rank_that_is_given_up_hears_how_it_ended(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let once = RestartPolicy { max: 1, backoff: Duration::from_secs(5), ..TWICE };
    let procs = procs_with(cx, 1, RankPolicy::RespawnRank(once)).await;
    let cats = procs.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
    kill(cx, &procs, 0);
    returns(cx, 0, 2).await;
    let waits = cats.rank(0).add(1).call(cx);
    procs.control().stop(cx).await.unwrap();
    let error = waits.await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::ActorStopped), "{error}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(cats.rank(0).add(1).call(cx).await.is_err());
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
}

#[mesh::test]
async fn what_has_ended_or_was_let_go_does_not_come_back(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = procs_with(cx, 2, RankPolicy::RespawnRank(TWICE)).await;
    let stopped = procs.spawn(cx, "stopped", Cat::spec(0)).await.unwrap();
    let failed = procs.spawn(cx, "failed", Cat::spec(0)).await.unwrap();
    let let_go = procs.spawn(cx, "let_go", Cat::spec(0)).await.unwrap();
    let stays = procs.gspawn(cx, 0, "stays", Cat::spec(7)).await.unwrap();
    let (gone, last) = (stopped.rank(0), let_go.rank(0));
    stopped.control().stop(cx).await.unwrap();
    failed.fall_on(0).call(cx).await.unwrap_err();
    cx.failure(|_| true).await;
    kill(cx, &procs, 0);
    returns(cx, 0, 2).await;
    drop(let_go);
    assert_eq!(stays.add(1).call(cx).await.unwrap(), (2, 8));
    for (what, actor) in [("stopped", gone), ("failed", failed.rank(0)), ("let go", last)] {
        settle().await;
        let error = actor.add(1).call(cx).await.unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::ActorStopped), "{what}: {error}");
    }
    assert_eq!(failed.rank(1).add(1).call(cx).await.unwrap(), (1, 1));
}

/// Has restarts of its own.
pub struct Phoenix;

#[actor(restart(max = 5, backoff = "10ms"))]
impl Phoenix {
    #[new]
    fn new() -> Self {
        Phoenix
    }

    /// Panics.
    #[handler]
    pub fn fall(&self) {
        panic!("it fell");
    }

    /// Which life of it this is.
    #[handler]
    pub fn life(&self, cx: &Context<Self>) -> u32 {
        cx.id().incarnation
    }
}

#[mesh::test]
async fn an_incarnation_only_grows_whatever_dies(cx: &Client) {
    let procs = procs_with(cx, 1, RankPolicy::RespawnRank(TWICE)).await;
    let birds = procs.spawn(cx, "birds", Phoenix::spec()).await.unwrap();
    for _ in 0..2 {
        birds.rank(0).fall().call(cx).await.unwrap_err();
    }
    assert_eq!(birds.rank(0).life().call(cx).await.unwrap(), 3);
    kill(cx, &procs, 0);
    returns(cx, 0, 2).await;
    assert_eq!(birds.rank(0).life().call(cx).await.unwrap(), 4);
    birds.rank(0).fall().call(cx).await.unwrap_err();
    assert_eq!(birds.rank(0).life().call(cx).await.unwrap(), 5);
}

#[mesh::test]
async fn a_mesh_of_procs_that_fails_whole_is_stopped_and_fails_once(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let hosts = mesh::HostMesh::allocate(cx, &mesh::ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let options = ProcOptions::default().policy(RankPolicy::FailMesh);
    let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), options).await.unwrap();
    let others = this_host(cx).await.unwrap().spawn_procs(cx, extent!(others = 1)).await.unwrap();
    let cats = others.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
    let mut watch = procs.watch(cx).unwrap().unwrap();
    kill(cx, &procs, 3);
    let failure = cx.failure(|_| true).await;
    assert_eq!(failure.ranks, [3]);
    loop {
        let statuses = watch.changed().await;
        if statuses.all(Status::is_terminal) {
            let stopped = |rank: usize| *statuses.get(rank).unwrap() == Status::Stopped;
            assert_eq!([0, 1, 2, 3].map(stopped), [true, true, true, false]);
            break;
        }
    }
    assert_eq!(cx.failures().len(), 1, "{:?}", cx.failures());
    assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(1, 1)], "other meshes go on");
}

#[mesh::test]
async fn a_mesh_of_actors_that_fails_whole_is_stopped_and_fails_once(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = procs_with(cx, 3, RankPolicy::FailRank).await;
    let options = ActorOptions::default().policy(RankPolicy::FailMesh);
    let cats = procs.spawn_with(cx, "cats", Cat::spec(0), options).await.unwrap();
    let others = procs.spawn(cx, "others", Counter::spec(0)).await.unwrap();
    let mut watch = cats.control().watch(cx).unwrap();
    let error = cats.fall_on(1).call(cx).await.unwrap_err();
    assert_eq!(error.failed.len(), 1, "{error}");
    while !watch.changed().await.all(Status::is_terminal) {}
    let each: ValueMesh<_> = cats.add(1).call_each(cx).await;
    let kinds: Vec<_> =
        each.values().iter().map(|each| each.as_ref().unwrap_err().error.kind.clone()).collect();
    assert!(matches!(kinds[0], CallErrorKind::ActorStopped), "{kinds:?}");
    assert!(matches!(kinds[1], CallErrorKind::ActorFailed { .. }), "{kinds:?}");
    assert!(matches!(kinds[2], CallErrorKind::ActorStopped), "{kinds:?}");
    assert_eq!(others.add(1).call(cx).await.unwrap().values(), [1; 3], "other meshes go on");
    assert_eq!(cx.failures().len(), 1, "{:?}", cx.failures());
}

#[mesh::test]
async fn a_mesh_of_actors_can_have_the_policy_that_its_type_has_not(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = procs_with(cx, 2, RankPolicy::FailRank).await;
    let options = ActorOptions::default().policy(RankPolicy::RespawnRank(TWICE));
    let cats = procs.spawn_with(cx, "cats", Cat::spec(0), options).await.unwrap();
    for life in 2..=3 {
        cats.fall_on(0).call(cx).await.unwrap_err();
        assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(life, 1), (1, (life - 1).into())]);
    }
    cats.fall_on(0).call(cx).await.unwrap_err();
    let failure = cx.failure(|_| true).await;
    assert!(matches!(failure.cause, Cause::GaveUp { restarts: 2, .. }), "{failure}");
    assert_eq!(cats.rank(1).add(0).call(cx).await.unwrap(), (1, 2));
}

#[mesh::test]
async fn a_mesh_of_actors_that_fails_whole_is_stopped_when_a_proc_dies(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = procs_with(cx, 3, RankPolicy::FailRank).await;
    let whole = || ActorOptions::default().policy(RankPolicy::FailMesh);
    let cats = procs.spawn_with(cx, "cats", Cat::spec(0), whole()).await.unwrap();
    let stopped = procs.spawn_with(cx, "stopped", Cat::spec(0), whole()).await.unwrap();
    stopped.control().stop(cx).await.unwrap();
    let others = procs.spawn(cx, "others", Cat::spec(0)).await.unwrap();
    let mut watch = cats.control().watch(cx).unwrap();
    kill(cx, &procs, 1);
    let failure = cx.failure(|_| true).await;
    assert_eq!((failure.ranks.as_slice(), failure.mesh.as_ref()), (&[1][..], Some(procs.id())));
    while !watch.changed().await.all(Status::is_terminal) {}
    for rank in [0, 2] {
        let error = cats.rank(rank).add(1).call(cx).await.unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::ActorStopped), "{error}");
    }
    assert_eq!(others.rank(2).add(1).call(cx).await.unwrap(), (1, 1), "other meshes go on");
    assert_eq!(cx.failures().len(), 1, "{:?}", cx.failures());
}

#[mesh::test]
async fn a_mesh_of_actors_that_fails_whole_is_stopped_when_a_rank_does_not_come_back(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let once = RestartPolicy { max: 1, ..TWICE };
    let procs = procs_with(cx, 2, RankPolicy::RespawnRank(once)).await;
    let options = ActorOptions::default().policy(RankPolicy::FailMesh);
    let cats = procs.spawn_with(cx, "cats", Cat::spec(0), options).await.unwrap();
    kill(cx, &procs, 0);
    returns(cx, 0, 2).await;
    assert_eq!(cats.add(1).call(cx).await.unwrap().values(), [(2, 1), (1, 1)]);
    kill(cx, &procs, 0);
    let failure = cx.failure(|_| true).await;
    assert!(matches!(failure.cause, Cause::GaveUp { restarts: 1, .. }), "{failure}");
    let mut watch = cats.control().watch(cx).unwrap();
    while !watch.changed().await.all(Status::is_terminal) {}
    let error = cats.rank(1).add(1).call(cx).await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::ActorStopped), "{error}");
}

#[mesh::test]
async fn a_watch_goes_on_over_the_death_of_a_process(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = procs_with(cx, 2, RankPolicy::RespawnRank(TWICE)).await;
    let cats = procs.spawn(cx, "cats", Cat::spec(0)).await.unwrap();
    let gone = procs.spawn(cx, "gone", Cat::spec(0)).await.unwrap();
    let mut watch = cats.control().watch(cx).unwrap();
    let all_run = |statuses: &mesh::StatusMesh| statuses.all(|status| *status == Status::Running);
    while !all_run(&watch.changed().await) {}
    let mut ended = gone.control().watch(cx).unwrap();
    gone.control().stop(cx).await.unwrap();
    while !ended.changed().await.all(|status| *status == Status::Stopped) {}
    for life in [2, 3] {
        kill(cx, &procs, 0);
        while all_run(&watch.changed().await) {}
        while !all_run(&watch.changed().await) {}
        assert_eq!(cats.rank(0).add(0).call(cx).await.unwrap().0, life);
        let more = tokio::time::timeout(Duration::from_secs(10), ended.changed()).await;
        assert!(more.is_err(), "what had ended stays so: {more:?}");
    }
    // Of what happens in the third life it hears as in the first.
    cats.fall_on(0).call(cx).await.unwrap_err();
    while !watch.changed().await.get(0).unwrap().is_terminal() {}
    assert_eq!(*watch.statuses().get(1).unwrap(), Status::Running);
}
