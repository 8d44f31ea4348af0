//! Deadlines and cycles.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::prelude::*;
use tokio::time::Instant;

use crate::support::{Keeper, gate, settle};

/// Calls others, and itself.
#[derive(Default)]
pub struct Node {
    next: Option<ActorRef<Node>>,
}

#[actor]
impl Node {
    #[new]
    fn new() -> Self {
        Node::default()
    }

    /// Whom it calls.
    #[handler]
    pub fn link(&mut self, next: ActorRef<Node>) {
        self.next = Some(next);
    }

    /// Walks on, and says in words how it went.
    #[handler]
    pub async fn walk(&mut self, cx: &Context<Self>) -> Result<String, String> {
        let Some(next) = &self.next else { return Ok("end".into()) };
        match next.walk().call(cx).await {
            Ok(walked) => walked,
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is left of its time, in milliseconds, here and at each next.
    #[handler]
    pub async fn left_ms(&mut self, cx: &Context<Self>) -> Vec<u64> {
        let left = cx.deadline().unwrap().duration_since(Instant::now()).as_millis();
        let mut all = vec![u64::try_from(left).unwrap()];
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(next) = &self.next {
            all.extend(next.left_ms().timeout(Duration::from_secs(3600)).call(cx).await.unwrap());
        }
        all
    }

    /// Takes a second; its own limit is less.
    #[handler(timeout = "250ms")]
    pub async fn slow(&mut self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// Calls itself.
    #[handler]
    pub async fn reflect(&mut self, cx: &Context<Self>) -> String {
        cx.handle().walk().call(cx).await.unwrap_err().to_string()
    }
}

#[track_caller]
fn assert_deadline(kind: &CallErrorKind, after_ms: u64) {
    assert_eq!(*kind, CallErrorKind::Deadline { after: Duration::from_millis(after_ms) });
}

#[mesh::test]
async fn a_call_ends_at_its_deadline_and_names_it(cx: &Client) {
    let node = cx.spawn(Node::default());
    let start = Instant::now();
    let error = node.slow().timeout(Duration::from_millis(40)).call(cx).await.unwrap_err();
    assert_deadline(&error.kind, 40);
    assert_eq!(start.elapsed().as_millis(), 40);
    assert_eq!(error.to_string(), "call to `slow` of Node@client failed: no reply within 40 ms");
}

#[mesh::test]
async fn a_handlers_own_limit_holds_where_the_call_says_nothing(cx: &Client) {
    let node = cx.spawn(Node::default());
    assert_deadline(&node.slow().call(cx).await.unwrap_err().kind, 250);
    node.slow().timeout(Duration::from_secs(10)).call(cx).await.unwrap();
}

#[mesh::test]
async fn an_optional_limit_of_none_leaves_the_one_before(cx: &Client) {
    let node = cx.spawn(Node::default());
    let say = |own: Option<Duration>| node.slow().timeout(own).call(cx);
    assert_deadline(&say(None).await.unwrap_err().kind, 250);
    assert_deadline(&say(Some(Duration::from_millis(40))).await.unwrap_err().kind, 40);
    let twice = node.slow().timeout(Duration::from_millis(40)).timeout(None).call(cx);
    assert_deadline(&twice.await.unwrap_err().kind, 40);
}

#[mesh::test]
async fn the_configured_limit_holds_otherwise(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (_opener, gate) = gate();
    let start = Instant::now();
    assert_deadline(&keeper.hold(gate).call(cx).await.unwrap_err().kind, 60_000);
    assert_eq!(start.elapsed().as_secs(), 60);
}

async fn chain(cx: &Client, nodes: &[ActorRef<Node>]) {
    for pair in nodes.windows(2) {
        pair[0].link(pair[1].clone()).call(cx).await.unwrap();
    }
}

#[mesh::test]
async fn a_nested_call_inherits_what_is_left(cx: &Client) {
    let nodes: Vec<ActorRef<Node>> = (0..3).map(|_| (&cx.spawn(Node::default())).into()).collect();
    chain(cx, &nodes).await;
    let left = nodes[0].left_ms().timeout(Duration::from_secs(1)).call(cx).await.unwrap();
    assert_eq!(left, [1000, 900, 800]);
}

#[mesh::test]
async fn a_nested_call_over_procs_inherits_what_is_left(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let nodes = procs.spawn(cx, "nodes", Node::spec()).await.unwrap();
    let refs: Vec<_> = (0..3).map(|rank| nodes.rank(rank)).collect();
    chain(cx, &refs).await;
    let left = refs[0].left_ms().timeout(Duration::from_secs(1)).call(cx).await.unwrap();
    assert_eq!(left.len(), 3);
    assert!(left[0] <= 1000 && left[1] <= left[0] - 100 && left[2] <= left[1] - 100, "{left:?}");
    assert!(left[2] > 750, "{left:?}");
}

#[mesh::test]
async fn an_expired_message_is_not_handled(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (opener, gate) = gate();
    keeper.hold(gate).send(cx).unwrap();
    let call = keeper.keep(1).timeout(Duration::from_millis(10)).call(cx);
    keeper.keep(2).timeout(Duration::from_millis(10)).send(cx).unwrap();
    keeper.keep(3).send(cx).unwrap();
    assert_deadline(&call.await.unwrap_err().kind, 10);
    drop(opener);
    assert_eq!(keeper.kept().call(cx).await.unwrap(), [3]);
    assert_eq!(keeper.control().counters().expired.load(Ordering::Relaxed), 2);
}

#[mesh::test]
async fn a_call_of_itself_is_refused_with_the_cycle(cx: &Client) {
    let said = cx.spawn(Node::default()).reflect().call(cx).await.unwrap();
    assert!(said.contains("would close a cycle: Node@client → Node@client"), "{said}");
}

#[mesh::test]
async fn a_cycle_of_two_is_refused_with_the_cycle(cx: &Client) {
    let one = cx.try_spawn("one", Node::default()).unwrap();
    let two = cx.try_spawn("two", Node::default()).unwrap();
    one.link((&two).into()).call(cx).await.unwrap();
    two.link((&one).into()).call(cx).await.unwrap();
    let said = one.walk().call(cx).await.unwrap().unwrap_err();
    assert!(said.contains("would close a cycle: one@client → two@client → one@client"), "{said}");
    // Both live on, and without the cycle there is an end.
    two.link((&cx.spawn(Node::default())).into()).call(cx).await.unwrap();
    assert_eq!(one.walk().call(cx).await.unwrap(), Ok("end".into()));
}

#[mesh::test]
async fn a_cycle_over_procs_is_refused_with_the_cycle(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let nodes = procs.spawn(cx, "nodes", Node::spec()).await.unwrap();
    let round: Vec<_> = [0, 1, 2, 1].map(|rank| nodes.rank(rank)).into();
    chain(cx, &round).await;
    let start = Instant::now();
    let said = round[0].walk().call(cx).await.unwrap().unwrap_err();
    assert!(said.contains("nodes@procs/1 → nodes@procs/2 → nodes@procs/1"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(1), "not by its deadline");
}

#[mesh::test]
async fn a_dropped_call_does_not_stand_in_the_way(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (opener, gate) = gate();
    let late = keeper.hold(gate).timeout(Duration::from_millis(5)).call(cx).await;
    assert!(late.is_err());
    drop(opener);
    settle().await;
    assert_eq!(keeper.keep(1).call(cx).await.unwrap(), 1);
}

/// A reply that cannot be encoded: its `Serialize` panics.
#[derive(Debug)]
pub struct Unspeakable;

impl serde::Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("not to be said")
    }
}

impl<'de> serde::Deserialize<'de> for Unspeakable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("never said"))
    }
}

pub struct Mute;

#[mesh::actor]
impl Mute {
    #[new]
    fn new() -> Self {
        Mute
    }

    #[handler]
    pub fn say(&self) -> Unspeakable {
        Unspeakable
    }

    #[handler]
    pub fn nod(&self) -> bool {
        true
    }
}

#[mesh::test]
async fn a_reply_whose_serialize_panics_is_a_decode_error_at_once_and_the_actor_lives(cx: &mesh::Client) {
    let start = tokio::time::Instant::now();
    let procs = mesh::this_host(cx).await.unwrap().spawn_procs(cx, mesh::extent!(workers = 1)).await.unwrap();
    let mutes = procs.spawn(cx, "mutes", Mute::spec()).await.unwrap();
    let error = mutes.rank(0).say().call(cx).await.unwrap_err();
    assert!(error.to_string().contains("not to be said"), "{error}");
    assert!(mutes.rank(0).nod().call(cx).await.unwrap());
    assert!(start.elapsed() < std::time::Duration::from_secs(1), "it did not wait for its deadline");
}
