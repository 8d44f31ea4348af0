//! Actors and helpers that several modules use.

use std::sync::{Arc, Mutex};

use mesh::prelude::*;
use mesh::value::Overlay;
use tokio::sync::oneshot;

/// What happened, in order, as tests see it.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Holds a handler until it is opened.
pub fn gate() -> (oneshot::Sender<()>, Gate) {
    let (opener, gate) = oneshot::channel();
    (opener, Gate(gate))
}

pub struct Gate(oneshot::Receiver<()>);

impl Gate {
    pub async fn passed(self) {
        // A dropped opener opens it too.
        let _ = self.0.await;
    }
}

/// Lets every task that can run do so.
pub async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// An actor that keeps numbers and can be held.
#[derive(Default)]
pub struct Keeper {
    pub kept: Vec<u32>,
    pub log: Log,
}

#[actor(mailbox(capacity = 4))]
impl Keeper {
    /// Runs until the gate is opened.
    #[handler(local)]
    pub async fn hold(&mut self, gate: Gate) {
        gate.passed().await;
    }

    /// Keeps a number.
    #[handler]
    pub fn keep(&mut self, n: u32) -> u32 {
        self.kept.push(n);
        n
    }

    /// All that is kept.
    #[handler]
    pub fn kept(&self) -> Vec<u32> {
        self.kept.clone()
    }

    /// Panics.
    #[handler]
    pub fn fall(&mut self) {
        panic!("it fell");
    }

    #[on_stop]
    fn stopped(&mut self) {
        self.log.note(format!("kept {:?}", self.kept));
    }
}

/// A counter that is spawned anywhere.
pub struct Counter {
    pub n: i64,
    rank: usize,
}

#[actor]
impl Counter {
    #[new]
    fn new(env: &SpawnEnv, start: i64) -> Self {
        Counter { n: start, rank: env.rank() }
    }

    /// Adds, and gives the sum.
    #[handler]
    pub async fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }

    /// The sum.
    #[handler]
    pub fn get(&self) -> i64 {
        self.n
    }

    /// The sum, at its rank in the caller's view.
    #[handler]
    pub fn value_here(&self, cx: &Context<Self>) -> Overlay<i64> {
        Overlay::single(cx.cast_point().map_or(0, |point| point.rank), self.n)
    }

    /// Its rank.
    #[handler]
    pub fn rank_of(&self) -> u64 {
        self.rank as u64
    }

    /// Where it runs.
    #[handler]
    pub fn place(&self, cx: &Context<Self>) -> String {
        cx.id().proc.to_string()
    }

    /// Never answers.
    #[handler]
    pub async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }

    /// Panics on one rank.
    #[handler]
    pub fn fall_on(&mut self, rank: u64) -> u64 {
        assert!(rank != self.rank as u64, "rank {rank} fell");
        rank
    }
}

/// Four procs in this process, a counter on each.
pub async fn four(cx: &Client) -> (ProcMesh, ActorMesh<Counter>) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 4)).await.unwrap();
    let counters = procs.spawn(cx, "counters", Counter::spec(10)).await.unwrap();
    (procs, counters)
}

/// How many seeds a test tries: more where `MESH_LONG` is set.
pub fn seeds(count: u64) -> u64 {
    if std::env::var_os("MESH_LONG").is_some() { 50 * count } else { count }
}
