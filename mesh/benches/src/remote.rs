//! One actor that counts, served by one OS process to another over a socket.

mod inline;
mod mesh;
mod net;
mod peer;
mod raw;

use crate::measure::{Args, Report, latency, timed};
use bytes::Bytes;
use futures::StreamExt;
use peer::{Peer, SMALL};
use std::io::{BufRead, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The peers, `raw` first.
pub const PEERS: &[&str] = &["raw", "raw-inline", "mesh"];

/// Runs one workload on one peer, and prints a line.
pub fn main(args: &Args) {
    match args.peer.as_str() {
        "raw" => go::<raw::Raw>(args),
        "raw-inline" => go::<inline::Inline>(args),
        "mesh" => go::<mesh::Mesh>(args),
        other => panic!("no peer {other}"),
    }
}

fn go<P: Peer>(args: &Args) {
    let threads = args.threads();
    let at = args.text("at").unwrap_or("tcp").to_string();
    if args.workload == "serve" {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read(&mut [0]);
            std::process::exit(0);
        });
        return P::run(threads, async {
            P::serve(at, |addr| println!("{addr}")).await;
            std::future::pending().await
        });
    }
    let (server, addr) = start(args);
    let args = args.clone();
    P::run(threads, async move {
        let link = P::connect(addr).await;
        let before = cpu(server.id());
        let mut report = measure(&link, &args).await.expect("a workload");
        let used = cpu(server.id()) - before;
        // `latency!` goes through its `n` 2.1 times.
        let times = if report.p50.is_some() { 2.1 } else { 1.0 };
        report.cpu_us = Some(used.as_secs_f64() * 1e6 / (report.n as f64 * times));
        report.print(&args);
        drop(server);
        std::process::exit(0);
    });
}

/// The child process and the address it printed.
fn start(args: &Args) -> (Child, String) {
    let at = match args.text("at") {
        Some("unix") => {
            std::env::temp_dir().join(format!("bench-{}.sock", std::process::id())).display().to_string()
        }
        _ => "tcp".into(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["remote", "serve", &args.peer, &format!("at={at}"), &format!("threads={}", args.threads())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut addr = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut addr).unwrap();
    (child, addr.trim().into())
}

async fn measure<P: Peer>(link: &P, args: &Args) -> Option<Report> {
    let base = link.ask(SMALL).await;
    Some(match args.workload.as_str() {
        "remote-tell" => {
            let n = args.get("n", 1_000_000);
            let (_, took) = timed(async {
                for _ in 0..n {
                    link.tell(SMALL).await;
                }
                handled(link, base + n).await;
            })
            .await;
            Report::rate(n, took)
        }
        "remote-1MiB" => {
            let n = args.get("n", 512);
            let body = Bytes::from(vec![7; 1 << 20]);
            let (_, took) = timed(async {
                let bigs = futures::stream::iter(0..n).map(|_| link.big(&body));
                bigs.buffer_unordered(P::WINDOW.min(4)).for_each(async |()| {}).await;
                handled(link, base + n).await;
            })
            .await;
            Report::new((n << 20) as f64 / took.as_secs_f64() / 1e9, "GB/s", n)
        }
        "remote-ask" => latency!(args.get("n", 20_000), link.ask(SMALL).await),
        _ => return None,
    })
}

async fn handled<P: Peer>(link: &P, n: u64) {
    while link.ask(SMALL).await < n {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

/// CPU time of this process and another.
fn cpu(other: u32) -> Duration {
    [0, other as i32].into_iter().map(cpu_of).sum()
}

fn cpu_of(pid: i32) -> Duration {
    let (mut clock, mut t) = (0, libc::timespec { tv_sec: 0, tv_nsec: 0 });
    // SAFETY: both pointers are valid for the calls to write to.
    unsafe {
        libc::clock_getcpuclockid(pid, &mut clock);
        libc::clock_gettime(clock, &mut t);
    }
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}
