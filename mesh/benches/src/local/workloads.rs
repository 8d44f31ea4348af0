//! The workloads, written once for every peer.

use super::peer::{DONE, Peer, Sky, all_stopped};
use crate::measure::{Args, Report, latency, rss_bytes, timed};
use std::time::Duration;

/// `None` where the peer has no such thing.
pub async fn run<P: Peer>(args: &Args) -> Option<Report> {
    let n = |default| args.get("n", default);
    let cap = args.capacity() as u64;
    Some(match args.workload.as_str() {
        "tell" | "tell-2-senders" | "tell-bounded" | "tell-bounded-2-senders" => {
            if cap > 0 && !P::BOUNDED {
                return None;
            }
            let senders = if args.workload.ends_with("2-senders") { 2 } else { 1 };
            tell::<P>(n(1_000_000), cap, senders).await
        }
        "ask" => ask::<P>(n(200_000)).await,
        "spawn" => spawn::<P>(n(100_000)).await,
        "fanout" => fanout::<P>(1_000, n(300)).await,
        "ring" => ring::<P>(1_000, n(1_000_000).div_ceil(1_000)).await,
        "quiet-ask" => quiet::<P>(n(500), true).await,
        "quiet-tell" => quiet::<P>(n(500), false).await,
        "skynet" => skynet::<P>(10_u64.pow(n(100_000).ilog10())).await,
        _ => return None,
    })
}

/// One actor, `senders` tasks, until the last message is handled.
async fn tell<P: Peer>(n: u64, cap: u64, senders: u64) -> Report {
    let actor = P::spawn(cap as usize).await;
    P::ask(&actor, 0).await;
    let (_, took) = timed(async {
        let (done, mut all) = tokio::sync::mpsc::channel::<()>(1);
        for _ in 0..senders {
            let (actor, done) = (actor.clone(), done.clone());
            P::go(async move {
                for _ in 0..n / senders {
                    if cap == 0 {
                        P::tell(&actor, 1).await;
                    } else {
                        P::tell_bounded(&actor, 1).await;
                    }
                }
                P::ask(&actor, 0).await;
                drop(done);
            });
        }
        drop(done);
        all.recv().await;
    })
    .await;
    assert_eq!(P::ask(&actor, 0).await, n);
    Report::rate(n, took)
}

async fn ask<P: Peer>(n: u64) -> Report {
    let actor = P::spawn(0).await;
    latency!(n, assert_eq!(P::ask(&actor, 7).await, 7))
}

async fn spawn<P: Peer>(n: u64) -> Report {
    let mut actors = Vec::with_capacity(n as usize);
    let before = rss_bytes();
    let (_, took) = timed(async {
        for _ in 0..n {
            actors.push(P::spawn(0).await);
        }
        P::ask(actors.last().unwrap(), 0).await;
    })
    .await;
    let bytes = rss_bytes() - before;
    let (_, stop) = timed(async {
        for actor in actors.drain(..) {
            P::stop(actor).await;
        }
        all_stopped().await;
    })
    .await;
    let micros = |d: Duration| d.as_secs_f64() * 1e6 / n as f64;
    Report {
        bytes_each: Some(bytes as f64 / n as f64),
        stop: Some(micros(stop)),
        ..Report::new(micros(took), "us/actor", n)
    }
}

async fn fanout<P: Peer>(n: u64, rounds: u64) -> Report {
    let mut actors = Vec::new();
    for _ in 0..n {
        actors.push(P::spawn(0).await);
    }
    let mut report = latency!(rounds, assert_eq!(P::fanout(&actors, 2).await, 2 * n));
    report.value /= 1e3;
    report.unit = "us".into();
    report
}

async fn ring<P: Peer>(n: u64, rounds: u64) -> Report {
    let mut actors = Vec::new();
    for _ in 0..n {
        actors.push(P::spawn(0).await);
    }
    for (i, actor) in actors.iter().enumerate() {
        P::link(actor, actors[(i + 1) % actors.len()].clone()).await;
    }
    P::fanout(&actors, 0).await;
    let hops = n * rounds;
    let (_, took) = timed(async {
        P::token(&actors[0], hops - 1).await;
        DONE.wait().await;
    })
    .await;
    Report::rate(hops, took)
}

/// One actor that has little to do beside a thousand that always have something: each sends to itself, for ever. The
/// 99th percentile of the time from a message to its reply, or to the end of its handler.
async fn quiet<P: Peer>(n: u64, ask: bool) -> Report {
    let quiet = P::spawn(0).await;
    for _ in 0..1_000 {
        let busy = P::spawn(0).await;
        P::link(&busy, busy.clone()).await;
        P::token(&busy, u64::MAX).await;
    }
    let mut samples = Vec::with_capacity(n as usize);
    for _ in 0..n {
        // As a task that has waited for something else.
        tokio::task::yield_now().await;
        let start = std::time::Instant::now();
        if ask {
            P::ask(&quiet, 7).await;
        } else {
            P::token(&quiet, 0).await;
            DONE.wait().await;
        }
        samples.push(start.elapsed().as_nanos() as u32);
    }
    let mut report = Report::latency(Duration::ZERO, n, &mut samples);
    report.value = report.p99.unwrap_or(f64::NAN) / 1e3;
    report.unit = "us p99".into();
    report
}

async fn skynet<P: Peer>(n: u64) -> Report {
    let root = P::spawn(0).await;
    P::ask(&root, 0).await;
    let (sum, took) = timed(async {
        P::sky(&root, Sky { up: None, num: 0, size: n }).await;
        DONE.wait().await
    })
    .await;
    assert_eq!(sum, n * (n - 1) / 2);
    Report::new(took.as_secs_f64() * 1e3, "ms", n)
}
