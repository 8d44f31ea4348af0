//! The only one of its name (`VERB-1`): `ProcMeshRef::ensure`.

use mesh::meshes::{GspawnError, ProcOptions};
use mesh::prelude::*;
use mesh::{ProcMeshRef, RankPolicy, RestartPolicy};

use crate::support::{Counter, four, settle};

/// Has an only one made, and keeps it as long as it lives.
struct Founder;

#[actor]
impl Founder {
    #[handler(local)]
    async fn found(&mut self, cx: &Context<Self>, procs: ProcMeshRef) -> ActorRef<Counter> {
        procs.ensure(cx, 1, "only", Counter::spec(5)).await.unwrap()
    }

    /// Panics with all it owns.
    #[handler]
    fn fall(&self) {
        panic!("it fell");
    }
}

#[mesh::test]
async fn whoever_asks_for_the_same_gets_the_same_one(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let first = procs.ensure(cx, 1, "only", Counter::spec(5)).await.unwrap();
    assert_eq!(first.add(1).call(cx).await.unwrap(), 6);
    assert_eq!(first.place().call(cx).await.unwrap(), "workers/1");
    let again = procs.ensure(cx, 1, "only", Counter::spec(5)).await.unwrap();
    assert_eq!((&again, again.get().call(cx).await.unwrap()), (&first, 6));
    // Other names, other procs, and what is no only one are others.
    for other in [
        procs.ensure(cx, 1, "other", Counter::spec(5)).await.unwrap(),
        procs.ensure(cx, 2, "only", Counter::spec(5)).await.unwrap(),
        procs.gspawn(cx, 1, "only", Counter::spec(5)).await.unwrap(),
    ] {
        assert_eq!(other.get().call(cx).await.unwrap(), 5);
        assert_ne!(other, first);
    }
}

#[mesh::test]
async fn two_who_ask_at_once_get_the_same_one(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let ensure = || procs.ensure(cx, 3, "only", Counter::spec(5));
    let (first, second) = tokio::join!(ensure(), ensure());
    assert_eq!(first.unwrap(), second.unwrap());
}

#[mesh::test]
async fn another_of_the_name_is_a_conflict(cx: &Client) {
    let (procs, _counters) = four(cx).await;
    let only = procs.ensure(cx, 0, "only", Counter::spec(5)).await.unwrap();
    let other = procs.ensure(cx, 0, "only", Counter::spec(6)).await.unwrap_err();
    assert!(matches!(other, GspawnError::Conflict { .. }), "{other}");
    assert!(other.to_string().starts_with("there is another `only`: a `"), "{other}");
    assert!(other.to_string().ends_with("Counter`, made with other parameters"), "{other}");
    let other = procs.ensure(cx, 0, "only", Other::spec()).await.unwrap_err();
    assert!(matches!(other, GspawnError::Conflict { .. }), "{other}");
    assert!(other.to_string().ends_with("Counter`"), "{other}");
    assert_eq!(only.get().call(cx).await.unwrap(), 5);
}

/// Another type.
struct Other;

#[actor]
impl Other {
    #[new]
    fn new() -> Self {
        Other
    }

    #[handler]
    fn nothing(&self) {}
}

#[mesh::test]
async fn it_ends_with_who_asked_first_and_the_next_gets_another(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (procs, _counters) = four(cx).await;
    let founder = cx.spawn(Founder);
    let first = founder.found(procs.control().to_ref()).call(cx).await.unwrap();
    let same = procs.ensure(cx, 1, "only", Counter::spec(5)).await.unwrap();
    assert_eq!((&same, same.add(1).call(cx).await.unwrap()), (&first, 6));
    founder.fall().call(cx).await.unwrap_err();
    while first.get().call(cx).await.is_ok() {
        settle().await;
    }
    let next = procs.ensure(cx, 1, "only", Counter::spec(5)).await.unwrap();
    assert_eq!(next.get().call(cx).await.unwrap(), 5);
    assert_ne!(next, first);
}

#[mesh::test]
async fn one_that_has_failed_is_not_given_out(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    for poisons in ["true", "false"] {
        let options = ProcOptions::default().config("MESH_FAILURE_POISONS", poisons);
        let host = this_host(cx).await.unwrap();
        let procs = host.spawn_procs_with(cx, extent!(workers = 1), options).await.unwrap();
        let only = procs.ensure(cx, 0, "only", Counter::spec(5)).await.unwrap();
        only.fall_on(0).call(cx).await.unwrap_err();
        settle().await;
        match procs.ensure(cx, 0, "only", Counter::spec(5)).await {
            Ok(next) => assert_eq!((poisons, next.get().call(cx).await.unwrap()), ("false", 5)),
            Err(error) => {
                assert_eq!(poisons, "true");
                assert!(error.to_string().contains("rank 0 fell"), "{error}");
            }
        }
    }
}

#[mesh::test]
async fn it_is_the_only_one_also_when_its_proc_comes_back(cx: &Client) {
    let policy = RankPolicy::RespawnRank(RestartPolicy::DEFAULT);
    let host = this_host(cx).await.unwrap();
    let options = ProcOptions::default().policy(policy);
    let procs = host.spawn_procs_with(cx, extent!(workers = 1), options).await.unwrap();
    let only = procs.ensure(cx, 0, "only", Counter::spec(5)).await.unwrap();
    assert_eq!(only.add(1).call(cx).await.unwrap(), 6);
    crate::respawn::kill(cx, &procs, 0);
    crate::respawn::returns(cx, 0, 2).await;
    let same = procs.ensure(cx, 0, "only", Counter::spec(5)).await.unwrap();
    assert_eq!((&same, same.get().call(cx).await.unwrap()), (&only, 5));
    assert_eq!(only.add(2).call(cx).await.unwrap(), 7);
    assert_eq!(same.get().call(cx).await.unwrap(), 7);
}
