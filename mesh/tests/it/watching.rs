//! Whoever has a view of a mesh can watch it.

use mesh::meshes::MeshWatch;
use mesh::prelude::*;
use mesh::value::StatusClass;

struct Fragile;

#[actor]
impl Fragile {
    #[new]
    fn new() -> Self {
        Fragile
    }

    #[handler]
    fn fall(&self) {
        panic!("it fell");
    }

    /// Watches a mesh of others, which it does not own, until the rank has ended.
    #[handler]
    async fn watch(
        &self,
        cx: &Context<Self>,
        others: ActorMeshRef<Fragile>,
        rank: usize,
    ) -> Vec<StatusClass> {
        let mut watch = others.control().watch(cx).unwrap();
        let mut seen = Vec::new();
        while seen.last().is_none_or(|class| *class < StatusClass::Stopped) {
            seen.push(watch.changed().await.get(rank).unwrap().class());
        }
        seen
    }
}

fn classes(watch: &MeshWatch) -> Vec<StatusClass> {
    watch.statuses().values().iter().map(|status| status.class()).collect()
}

use StatusClass::{Failed, Running, Stopped};

#[mesh::test]
async fn late_watcher_gets_the_present_state_first(cx: &Client) -> mesh::Result<()> {
    cx.on_failure(|_| Directive::Handled);
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 3)).await?;
    let all = procs.spawn(cx, "all", Fragile::spec()).await?;
    let mut watch = all.control().watch(cx)?;
    watch.changed().await;
    assert_eq!(classes(&watch), [Running; 3]);
    all.rank(1).fall().send(cx)?;
    watch.changed().await;
    assert_eq!(classes(&watch), [Running, Failed, Running]);
    let mut late = all.control().watch(cx)?;
    late.changed().await;
    assert_eq!(late.statuses(), watch.statuses());
    // Of a part, the ranks are those of the part.
    let mut part = all.slice(1..3).control().watch(cx)?;
    part.changed().await;
    assert_eq!(classes(&part), [Failed, Running]);
    all.control().stop(cx).await.unwrap_err();
    while classes(&watch) != [Stopped, Failed, Stopped] {
        watch.changed().await;
    }
    Ok(())
}

#[mesh::test]
async fn watcher_elsewhere_owns_nothing_and_sees_all(cx: &Client) -> mesh::Result<()> {
    cx.on_failure(|_| Directive::Handled);
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
    let all = procs.spawn(cx, "all", Fragile::spec()).await?;
    let watchers = procs.spawn(cx, "watchers", Fragile::spec()).await?;
    let seen = watchers.rank(1).watch(all.control().to_ref(), 0).call(cx);
    for _ in 0..10 {
        crate::support::settle().await;
    }
    all.rank(0).fall().send(cx)?;
    assert_eq!(seen.await?, [Running, Failed]);
    Ok(())
}

/// An agent that is gone tells nothing; the host does.
#[mesh::test]
async fn end_of_a_proc_is_the_end_of_its_ranks(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
    let all = procs.spawn(cx, "all", Fragile::spec()).await?;
    let mut watch = all.control().watch(cx)?;
    let mut of_procs = procs.control().watch(cx)?.expect("a host manages them");
    watch.changed().await;
    of_procs.changed().await;
    assert_eq!((classes(&watch), classes(&of_procs)), (vec![Running; 2], vec![Running; 2]));
    procs.control().stop(cx).await?;
    while classes(&of_procs) != [Stopped; 2] {
        of_procs.changed().await;
    }
    while classes(&watch) != [Stopped; 2] {
        watch.changed().await;
    }
    Ok(())
}
