//! Whoever has a view of a mesh can watch it.

use mesh::meshes::MeshWatch;
use mesh::prelude::*;
use mesh::value::StatusClass;
use mesh::{HostMesh, ProcessAllocator};

use crate::loss::{door, on_network};

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

/// No member looks better than its proc, and no proc better than its host (`VERB-4`).
#[test]
fn what_lives_on_a_lost_host_is_not_seen_as_running() {
    on_network(8, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
        let all = procs.spawn(cx, "all", Fragile::spec()).await.unwrap();
        let mut watch = all.control().watch(cx).unwrap();
        let mut of_procs = procs.control().watch(cx).unwrap().expect("hosts manage them");
        watch.changed().await;
        of_procs.changed().await;
        assert_eq!((classes(&watch), classes(&of_procs)), (vec![Running; 4], vec![Running; 4]));
        network.partition(&door(cx));
        let bound = std::time::Duration::from_secs(60);
        tokio::time::timeout(bound, async {
            while classes(&of_procs) != [Failed; 4] {
                of_procs.changed().await;
            }
            while classes(&watch) != [Failed; 4] {
                watch.changed().await;
            }
        })
        .await
        .expect("it is seen without a deadline");
        let status = watch.statuses();
        let text = status.get(3).unwrap().to_string();
        assert!(text.contains("hosts/1"), "{text}");
        assert!(all.control().status(cx).await.values().iter().all(|status| status.class() == Failed));
    });
}

/// What many ranks become at about one time comes as few overlays, and is kept as runs.
#[test]
fn news_of_many_ranks_is_merged_on_its_way() {
    on_network(9, async |cx, _| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 3))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 16)).await.unwrap();
        let all = procs.spawn(cx, "all", Fragile::spec()).await.unwrap();
        crate::support::settle().await;
        let counters = cx.proc().outbox().gateway().counters();
        let delivered = || counters.delivered.load(std::sync::atomic::Ordering::Relaxed);
        let came = delivered();
        let mut watch = all.control().watch(cx).unwrap();
        let statuses = watch.changed().await;
        assert_eq!(statuses.runs().count(), 1, "{statuses}");
        let asked = delivered() - came;
        // Of each host: the first of its procs and of its members, and all the others together.
        assert!(asked <= 12, "{asked} envelopes for the statuses of 48 members and 48 procs");
        let came = delivered();
        all.control().stop(cx).await.unwrap();
        let mut shown = 0;
        while !watch.changed().await.all(|status| *status == mesh::Status::Stopped) {
            shown += 1;
        }
        let stopped = delivered() - came;
        // As many for the watch, and for the answers to the stop.
        assert!(stopped <= 24, "{stopped} envelopes, {shown} changes seen");
        assert_eq!(watch.statuses().runs().count(), 1);
        assert_eq!(watch.statuses().to_string(), "[stopped ×48]");
    });
}
