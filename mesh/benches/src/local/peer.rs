//! The shape of a peer and the actor every peer hosts.

use crate::measure::{Args, runtime};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use tokio::sync::Notify;

/// An actor framework, seen from the workloads. `cap` 0 is an unbounded mailbox.
pub trait Peer: Sized + Send + Sync + 'static {
    type Ref: Clone + Send + Sync + 'static;

    /// Whether mailboxes can be bounded with senders that wait.
    const BOUNDED: bool = false;

    fn spawn(cap: usize) -> impl Future<Output = Self::Ref> + Send;
    fn tell(to: &Self::Ref, v: u64) -> impl Future<Output = ()> + Send;
    /// As `tell`, waiting for room in a bounded mailbox.
    fn tell_bounded(to: &Self::Ref, v: u64) -> impl Future<Output = ()> + Send {
        Self::tell(to, v)
    }
    fn ask(to: &Self::Ref, v: u64) -> impl Future<Output = u64> + Send;
    fn link(to: &Self::Ref, next: Self::Ref) -> impl Future<Output = ()> + Send;
    fn token(to: &Self::Ref, hops: u64) -> impl Future<Output = ()> + Send;
    fn sky(to: &Self::Ref, node: Sky<Self::Ref>) -> impl Future<Output = ()> + Send;
    fn stop(it: Self::Ref) -> impl Future<Output = ()> + Send;

    /// One request to each, and the sum of all replies.
    fn fanout(to: &[Self::Ref], v: u64) -> impl Future<Output = u64> + Send {
        async move {
            let replies = futures::future::join_all(to.iter().map(|r| Self::ask(r, v)));
            replies.await.into_iter().sum()
        }
    }

    /// Runs the workload as a task of a runtime with this many threads.
    fn run(args: &Args, work: impl Future<Output = ()> + Send + 'static) {
        let rt = runtime(args.threads());
        rt.block_on(rt.spawn(work)).unwrap();
    }

    /// Runs one of several senders.
    fn go(work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(work);
    }
}

/// A skynet node to be: a leaf when `size` is 1.
pub struct Sky<R> {
    pub up: Option<R>,
    pub num: u64,
    pub size: u64,
}

impl<R: Clone> Sky<R> {
    pub fn children(&self, me: &R) -> impl Iterator<Item = Sky<R>> + Send + use<R>
    where
        R: Send,
    {
        let (up, num, size) = (me.clone(), self.num, self.size / 10);
        (0..10).map(move |i| Sky { up: Some(up.clone()), num: num + i * size, size })
    }
}

/// The state of every actor: a counter, a ring station, a skynet node.
pub struct Node<P: Peer> {
    sum: u64,
    left: u32,
    next: Option<P::Ref>,
    _live: Live,
    _peer: PhantomData<P>,
}

impl<P: Peer> Node<P> {
    pub fn new() -> Self {
        LIVE.fetch_add(1, SeqCst);
        Self { sum: 0, left: 0, next: None, _live: Live, _peer: PhantomData }
    }

    pub fn tell(&mut self, v: u64) {
        self.sum += v;
    }

    pub fn ask(&mut self, v: u64) -> u64 {
        self.sum + v
    }

    pub fn link(&mut self, next: P::Ref) {
        self.next = Some(next);
    }

    /// Where the token goes next, if anywhere.
    pub fn token(&mut self, hops: u64) -> Option<(&P::Ref, u64)> {
        if hops == 0 {
            DONE.set(self.sum);
            return None;
        }
        Some((self.next.as_ref().unwrap(), hops - 1))
    }

    pub fn sky(&mut self, node: &Sky<P::Ref>) {
        self.next = node.up.clone();
        self.left = 10;
    }

    /// A child's result; once all ten are in, whom to tell what.
    pub fn child(&mut self, v: u64) -> Option<(Option<P::Ref>, u64)> {
        self.sum += v;
        self.left -= 1;
        (self.left == 0).then(|| (self.next.take(), self.sum))
    }
}

/// Counts the actors whose state has not been dropped yet.
struct Live;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static GONE: Notify = Notify::const_new();

impl Drop for Live {
    fn drop(&mut self) {
        if LIVE.fetch_sub(1, SeqCst) == 1 {
            GONE.notify_one();
        }
    }
}

pub async fn all_stopped() {
    while LIVE.load(SeqCst) > 0 {
        GONE.notified().await;
    }
}

/// Where a ring or a skynet ends.
pub struct Done(AtomicU64, Notify);

pub static DONE: Done = Done(AtomicU64::new(0), Notify::const_new());

impl Done {
    pub fn set(&self, v: u64) {
        self.0.store(v, SeqCst);
        self.1.notify_one();
    }

    pub async fn wait(&self) -> u64 {
        self.1.notified().await;
        self.0.load(SeqCst)
    }
}
