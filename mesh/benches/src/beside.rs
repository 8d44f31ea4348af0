//! What one that shares a link feels of the others on it: `meshes beside-large mesh` is a stream of 1,000 messages a second
//! beside messages of 1 GiB, `meshes beside-slow mesh` the rate of one destination beside another that is slow.

use crate::measure::{Args, Report, latency_of, median, now, rss_bytes};
use bytes::Bytes;
use mesh::prelude::*;
use mesh::{Root, RootOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// The time of the machine, the same in all of its processes.
fn machine_time() -> u64 {
    now().as_nanos() as u64
}

pub struct Clock(Vec<u32>);

#[actor]
impl Clock {
    #[new]
    fn new() -> Self {
        Clock(Vec::new())
    }

    /// Notes how long it was on its way.
    #[handler]
    fn tick(&mut self, sent: u64) {
        self.0.push((machine_time() - sent).min(u64::from(u32::MAX)) as u32);
    }

    /// What was noted since the last time.
    #[handler]
    fn noted(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.0)
    }
}

pub struct Store;

#[actor]
impl Store {
    #[new]
    fn new() -> Self {
        Store
    }

    #[handler]
    fn keep(&self, bytes: Bytes) -> u64 {
        bytes.len() as u64
    }
}

pub struct Ticker;

#[actor]
impl Ticker {
    /// Sends a thousand times a second until it is `over`; gives how often it was refused.
    #[handler(local)]
    async fn run(&self, cx: &Context<Self>, clock: ActorRef<Clock>, over: Arc<AtomicBool>) -> u64 {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        // What was missed while this waited is not made up for: a burst would be another measurement.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refused = 0;
        while !over.load(Relaxed) {
            ticks.tick().await;
            refused += u64::from(clock.tick(machine_time()).send(cx).is_err());
        }
        refused
    }
}

/// A stream of a thousand messages a second, alone and beside a message of 1 GiB after the other.
pub async fn large(args: &Args) {
    let rounds = args.get("n", 10);
    let root = Root::start(RootOptions::default()).await.expect("it starts");
    let cx = root.client();
    let host = this_host(cx).await.expect("there is a host");
    let procs = host.spawn_procs(cx, extent!(procs = 1)).await.expect("a proc starts");
    let clocks = procs.spawn(cx, "clocks", Clock::spec()).await.expect("an actor starts");
    let stores = procs.spawn(cx, "stores", Store::spec()).await.expect("an actor starts");
    let (clock, store) = (clocks.rank(0), stores.rank(0));
    let over = Arc::new(AtomicBool::new(false));
    // A sender of its own: what one sender sends keeps its order, also behind a large message of its.
    let ticker = cx.spawn(Ticker);
    let stream = ticker.run(clock.clone(), over.clone()).timeout(Duration::from_secs(300)).call(cx);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut alone = clock.noted().call(cx).await.expect("it answers");
    let bytes = Bytes::from(vec![7; 1 << 30]);
    let start = now();
    for _ in 0..rounds {
        let kept = store.keep(bytes.clone()).timeout(Duration::from_secs(60)).call(cx).await;
        assert_eq!(kept.expect("it answers"), 1 << 30);
    }
    let took = now() - start;
    let mut beside = clock.noted().call(cx).await.expect("it answers");
    over.store(true, Relaxed);
    let refused = stream.await.expect("it answers");
    eprintln!("of the stream, {refused} were refused");
    let max = |samples: &[u32]| f64::from(samples.last().copied().unwrap_or_default()) / 1e6;
    for (name, samples) in [("alone", &mut alone), ("beside 1 GiB messages", &mut beside)] {
        let report = latency_of(samples);
        let args = Args::named(&format!("1 kHz stream {name}, p99"), args);
        let p99 = report.p99.unwrap_or_default() / 1e6;
        eprintln!("{name}: p50 {:.3} ms, max {:.2} ms", report.p50.unwrap_or_default() / 1e6, max(samples));
        Report { value: p99, unit: "ms".into(), ..report }.print(&args);
    }
    let rate = (rounds << 30) as f64 / took.as_secs_f64() / 1e9;
    Report::new(rate, "GB/s", rounds).print(&Args::named("1 GiB messages beside it", args));
    root.shutdown().await;
}

pub struct Slow;

#[actor]
impl Slow {
    #[new]
    fn new() -> Self {
        Slow
    }

    #[handler]
    async fn work(&self, _bytes: Vec<u8>) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub struct Quick(u64);

#[actor]
impl Quick {
    #[new]
    fn new() -> Self {
        Quick(0)
    }

    #[handler]
    fn work(&mut self, _bytes: Vec<u8>) {
        self.0 += 1;
    }

    #[handler]
    fn done(&self) -> u64 {
        self.0
    }

    /// Resident bytes of its process.
    #[handler]
    fn memory(&self) -> u64 {
        rss_bytes()
    }
}

/// How those do who send to the slow one.
#[derive(Clone, Copy, PartialEq)]
enum Flood {
    /// With what waits for room.
    Waits,
    /// With what is refused, trying again in a millisecond.
    Refused,
}

/// How long each part of the measurement takes.
const PART: Duration = Duration::from_millis(700);

/// The rate at which one actor handles messages, alone and beside another on the same process that takes 200 a second,
/// in turn.
pub async fn slow(args: &Args) {
    let rounds = args.get("n", 7);
    let root = Root::start(RootOptions::default()).await.expect("it starts");
    let cx = root.client();
    let host = this_host(cx).await.expect("there is a host");
    let procs = host.spawn_procs(cx, extent!(procs = 1)).await.expect("a proc starts");
    let quicks = procs.spawn(cx, "quick", Quick::spec()).await.expect("an actor starts");
    let quick = quicks.rank(0);
    for (name, flood) in [("waits", Flood::Waits), ("is refused", Flood::Refused)] {
        let mesh = procs.spawn(cx, "slow", Slow::spec()).await.expect("an actor starts");
        let slow = mesh.rank(0);
        let (on, over, refused) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let flooder = {
            let (cx, slow, on, over) = (cx.clone(), slow.clone(), on.clone(), over.clone());
            let refused = refused.clone();
            tokio::spawn(async move {
                while !over.load(Relaxed) {
                    let waits = !on.load(Relaxed);
                    if !waits && flood == Flood::Waits {
                        let _ = tokio::time::timeout(PART, slow.work(vec![1; 64]).send_wait(&cx)).await;
                    } else if waits || slow.work(vec![1; 64]).send(&cx).is_err() {
                        refused.fetch_add(u64::from(!waits), Relaxed);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            })
        };
        let before = (rss_bytes(), quick.memory().call(cx).await.expect("it answers"));
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let alone = rate(cx, &quick).await;
            on.store(true, Relaxed);
            // Until its mailbox is full.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let beside = rate(cx, &quick).await;
            on.store(false, Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            ratios.push(beside / alone);
            rates.push(alone);
        }
        let after = (rss_bytes(), quick.memory().call(cx).await.expect("it answers"));
        over.store(true, Relaxed);
        flooder.await.expect("it ends");
        let grown = |before: u64, after: u64| (after as f64 - before as f64) / f64::from(1 << 20);
        eprintln!(
            "a slow one's sender {name}: alone {:.3} Mmsg/s, refused {}, sender grew {:.1} MiB, receiver {:.1} MiB",
            median(rates) / 1e6,
            refused.load(Relaxed),
            grown(before.0, after.0),
            grown(before.1, after.1),
        );
        let args = Args::named(&format!("rate beside a slow one whose sender {name}"), args);
        Report::new(median(ratios), "of alone", rounds).print(&args);
    }
    std::process::exit(0);
}

/// Messages a second that `quick` handles of a sender that sends as fast as it can.
async fn rate(cx: &Client, quick: &ActorRef<Quick>) -> f64 {
    let (before, start) = (quick.done().call(cx).await.expect("it answers"), now());
    while now() - start < PART {
        for _ in 0..64 {
            while quick.work(vec![1; 64]).send(cx).is_err() {
                tokio::task::yield_now().await;
            }
        }
        tokio::task::yield_now().await;
    }
    let handled = quick.done().call(cx).await.expect("it answers") - before;
    handled as f64 / (now() - start).as_secs_f64()
}
