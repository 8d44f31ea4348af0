//! Actors are seen from outside, stuck or not; work that blocks runs beside them.

use mesh::actor::BlockingError;
use mesh::admin::{self, Tree};
use mesh::inspect::{ActorReport, Phase};
use mesh::prelude::*;

use crate::support::{Gate, gate, settle};

struct Patient;

#[actor(mailbox(capacity = 8))]
impl Patient {
    #[new]
    fn new() -> Self {
        Patient
    }

    /// Waits for nothing that comes.
    #[handler]
    async fn wait(&self) {
        std::future::pending().await
    }

    /// Runs until the gate is opened.
    #[handler(local)]
    async fn hold(&self, gate: Gate) {
        gate.passed().await;
    }

    /// Calls another, anywhere.
    #[handler]
    async fn call(&self, cx: &Context<Self>, other: ActorRef<Patient>) -> Result<(), CallError> {
        other.wait().call(cx).await
    }

    /// Calls all of a mesh.
    #[handler]
    async fn call_all(&self, cx: &Context<Self>, others: ActorMeshRef<Patient>) -> bool {
        others.wait().call(cx).await.is_ok()
    }

    /// Calls a child.
    #[handler]
    async fn call_child(&self, cx: &Context<Self>) -> Result<(), CallError> {
        cx.spawn(Patient).wait().call(cx).await
    }

    /// Work that blocks, and may panic.
    #[handler]
    async fn block(&self, cx: &Context<Self>, text: String) -> Result<usize, BlockingError> {
        cx.spawn_blocking(move || {
            assert!(!text.is_empty(), "no text");
            text.len()
        })
        .await
    }
}

fn found<'t>(tree: &'t Tree, name: &str) -> &'t ActorReport {
    let names = || tree.actors().map(|actor| actor.id.to_string()).collect::<Vec<_>>();
    tree.actors()
        .find(|actor| actor.id.to_string() == name)
        .unwrap_or_else(|| panic!("no {name}: {:?}", names()))
}

fn handler(report: &ActorReport) -> Option<&str> {
    report.busy.as_ref().map(|busy| busy.handler.as_str())
}

/// Until the runtime has nothing to do: calls between processes of this one take a few turns.
async fn quiet() {
    for _ in 0..10 {
        settle().await;
    }
}

#[mesh::test]
async fn stuck_actor_is_seen_with_what_waits_for_it(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 3)).await?;
    let all = procs.spawn(cx, "all", Patient::spec()).await?;
    let _first = all.rank(0).call(all.rank(1)).call(cx);
    let _second = all.rank(1).call(all.rank(2)).call(cx);
    // A call round the ring would be refused; these only wait.
    for _ in 0..3 {
        all.rank(2).wait().send(cx)?;
    }
    quiet().await;
    let tree = admin::tree(cx).await;
    let (first, last) = (found(&tree, "all@workers/0"), found(&tree, "all@workers/2"));
    assert_eq!((handler(first), first.queued, first.phase), (Some("call"), 0, Phase::Running));
    // Rank 1 is busy with the call of the client, so that of rank 0 waits.
    assert_eq!(
        (handler(found(&tree, "all@workers/1")), found(&tree, "all@workers/1").queued),
        (Some("call"), 1)
    );
    assert_eq!((handler(last), last.queued, last.accepted, last.handled), (Some("wait"), 3, 4, 1));
    let chain: Vec<String> = tree.chain(&first.id).iter().map(|wait| wait.callee.to_string()).collect();
    assert_eq!(chain, ["all@workers/1", "all@workers/2"]);
    assert_eq!(first.waits[0].handler, "wait");
    assert_eq!(first.owner.as_ref().map(|owner| owner.uid), Some(found(&tree, "client@client").id.uid));
    let client = found(&tree, "client@client");
    let waits: Vec<_> =
        client.waits.iter().map(|wait| (wait.callee.to_string(), wait.handler.clone())).collect();
    assert!(waits.contains(&("all@workers/0".into(), "call".into())), "{waits:?}");
    assert!(tree.to_string().contains("all@workers/2 in `wait`, 3 queued, 1 handled"), "{tree}");
    Ok(())
}

#[mesh::test]
async fn call_of_a_mesh_names_the_ranks_that_are_missing(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 3)).await?;
    let all = procs.spawn(cx, "all", Patient::spec()).await?;
    let caller = procs.spawn(cx, "caller", Patient::spec()).await?;
    let _call = caller.rank(0).call_all(all.control().to_ref()).call(cx);
    quiet().await;
    let tree = admin::tree(cx).await;
    let waits = |tree: &Tree| {
        let caller = found(tree, "caller@workers/0");
        caller.waits.iter().map(|wait| wait.callee.to_string()).collect::<Vec<_>>()
    };
    let mut seen = waits(&tree);
    seen.sort();
    assert_eq!(seen, ["all@workers/0", "all@workers/1", "all@workers/2"]);
    Ok(())
}

/// A call within a proc is seen once it has waited for a moment; the child by its owner.
#[mesh::test]
async fn call_of_a_child_is_seen(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 1)).await?;
    let all = procs.spawn(cx, "all", Patient::spec()).await?;
    let _call = all.rank(0).call_child().call(cx);
    quiet().await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let tree = admin::tree(cx).await;
    let (parent, child) = (found(&tree, "all@workers/0"), found(&tree, "Patient@workers/0"));
    assert_eq!(child.owner.as_ref(), Some(&parent.id));
    assert_eq!(parent.waits.len(), 1, "{parent:?}");
    assert_eq!((&parent.waits[0].callee, parent.waits[0].handler.as_str()), (&child.id, "wait"));
    assert!(parent.waits[0].since >= std::time::Duration::from_millis(900), "{:?}", parent.waits);
    let owned = tree.owned().to_string();
    let line = |name: &str| owned.lines().position(|line| line.trim_start().starts_with(name)).unwrap();
    assert_eq!(line("Patient@workers/0"), line("all@workers/0") + 1, "{owned}");
    Ok(())
}

#[mesh::test]
async fn idle_actor_is_idle_and_an_answered_call_is_forgotten(cx: &Client) -> mesh::Result<()> {
    let patient = cx.spawn(Patient);
    let (opener, gate) = gate();
    let held = patient.hold(gate).call(cx);
    quiet().await;
    assert_eq!(handler(found(&admin::tree(cx).await, "Patient@client")), Some("hold"));
    drop(opener);
    held.await?;
    let tree = admin::tree(cx).await;
    assert_eq!(handler(found(&tree, "Patient@client")), None);
    let waits: Vec<&str> = tree.waits().map(|(_, wait)| wait.handler.as_str()).collect();
    assert_eq!(waits, ["inspect"], "the client waits for the answer alone: {tree}");
    Ok(())
}

#[mesh::test]
async fn proc_that_has_ended_is_not_there(cx: &Client) -> mesh::Result<()> {
    let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
    procs.control().stop(cx).await?;
    let tree = admin::tree(cx).await;
    let left: Vec<String> = tree.procs().map(|proc| proc.name()).collect();
    assert_eq!(left, ["client"]);
    Ok(())
}

#[mesh::test]
async fn tree_is_data(cx: &Client) -> mesh::Result<()> {
    let hosts = mesh::HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await?;
    let _procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await?;
    let tree = admin::tree(cx).await;
    let names: Vec<String> = tree.procs().map(|proc| proc.name()).collect();
    assert_eq!(names, ["client", "hosts/0", "gpus/0", "gpus/1", "hosts/1", "gpus/2", "gpus/3"]);
    let payload = mesh::wire::codec::Payload::of(&tree)?;
    assert_eq!(payload.get::<Tree>()?, tree);
    let part = admin::tree_of(cx, &hosts).await;
    assert_eq!(part.procs().count(), 6);
    Ok(())
}

#[mesh::test]
async fn blocking_work_gives_its_result_or_its_panic(cx: &Client) -> mesh::Result<()> {
    let patient = cx.spawn(Patient);
    assert_eq!(patient.block("four".to_owned()).call(cx).await?, Ok(4));
    let Err(BlockingError::Panicked { message }) = patient.block(String::new()).call(cx).await? else {
        panic!("it panics")
    };
    assert!(message.contains("no text"), "{message}");
    Ok(())
}
