//! Meshes: how long procs take to start and to stop, and how the cost of a cast grows.
//!
//! `meshes processes mesh` prints a line for each phase of a mesh of OS processes, `meshes processes raw` the time from
//! the bare spawn of as many processes to the first byte of each; `meshes gather mesh n=256` casts to as many procs of
//! this process.

use crate::beside;
use crate::measure::{Args, Report, median, now, runtime};
use mesh::prelude::*;
use mesh::root::Launch;
use mesh::{Root, RootOptions};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

pub struct Counter(u64);

#[actor]
impl Counter {
    #[new]
    fn new() -> Self {
        Counter(0)
    }

    #[handler]
    fn add(&mut self, by: u64) -> u64 {
        self.0 += by;
        self.0
    }
}

/// Runs one workload, and prints its lines.
pub fn main(args: &Args) {
    match (args.workload.as_str(), args.peer.as_str()) {
        ("processes", "raw") => bare(args),
        ("processes", "mesh") => runtime(2).block_on(processes(args)),
        ("gather", "mesh") => runtime(args.threads()).block_on(gather(args)),
        ("beside-large", "mesh") => runtime(args.threads()).block_on(beside::large(args)),
        ("beside-slow", "mesh") => runtime(args.threads()).block_on(beside::slow(args)),
        // A process that says one byte, and ends with its standard input.
        ("byte", _) => {
            println!("!");
            let _ = std::io::stdin().read(&mut [0]);
        }
        other => panic!("no workload {other:?}"),
    }
}

fn print(args: &Args, workload: String, value: Duration, n: u64) {
    let args = Args::named(&workload, args);
    Report::new(value.as_secs_f64() * 1e3, "ms", n).print(&args);
}

/// The time from the spawn of the processes to the first byte of the last.
fn bare(args: &Args) {
    let n = args.get("n", 16);
    let start = now();
    let mut children: Vec<_> = (0..n)
        .map(|_| {
            Command::new(std::env::current_exe().expect("this program has a path"))
                .args(["meshes", "byte", "raw"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("a process can be spawned")
        })
        .collect();
    for child in &mut children {
        child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("a byte");
    }
    print(args, format!("{n} procs ready"), now() - start, n);
    for mut child in children {
        drop(child.stdin.take());
        let _ = child.wait();
    }
}

/// The median of several runs.
async fn several<T, E: std::fmt::Debug>(runs: usize, op: impl AsyncFn() -> Result<T, E>) -> Duration {
    let mut took = Vec::new();
    for _ in 0..runs {
        let start = now();
        op().await.expect("every rank answers");
        took.push((now() - start).as_secs_f64());
    }
    Duration::from_secs_f64(median(took))
}

async fn processes(args: &Args) {
    let n = args.get("n", 16);
    let root = Root::start(RootOptions::default()).await.expect("it starts");
    let cx = root.client();
    let host = this_host(cx).await.expect("there is a host");

    let start = now();
    let procs = host.spawn_procs(cx, extent!(procs = n as usize)).await.expect("procs start");
    print(args, format!("{n} procs ready"), now() - start, n);

    let start = now();
    let actors = procs.spawn(cx, "counters", Counter::spec()).await.expect("actors start");
    print(args, format!("actor mesh on {n} procs, spawned"), now() - start, n);

    actors.add(1).call(cx).await.expect("every rank answers");
    let took = several(200, async || actors.add(1).call(cx).await).await;
    print(args, format!("call on {n} procs, all replies"), took, n);

    let start = now();
    procs.control().stop(cx).await.expect("procs stop");
    print(args, format!("stop of {n} procs"), now() - start, n);
    root.shutdown().await;
}

/// A call to the actors of `n` procs of this process, and the same merged.
async fn gather(args: &Args) {
    let n = args.get("n", 256);
    let options = RootOptions { launch: Launch::InProcess, ..RootOptions::default() };
    let root = Root::start(options).await.expect("it starts");
    let cx = root.client();
    let host = this_host(cx).await.expect("there is a host");
    let procs = host.spawn_procs(cx, extent!(procs = n as usize)).await.expect("procs start");
    let actors = procs.spawn(cx, "counters", Counter::spec()).await.expect("actors start");
    actors.add(1).call(cx).await.expect("every rank answers");
    let runs = args.get("runs", (4096 / n).clamp(5, 200)) as usize;
    let took = several(runs, async || actors.add(1).call(cx).await).await;
    print(args, format!("cast and gather, {n} in-process procs"), took, n);
    let took = several(runs, async || actors.add(1).reduce(Sum).call(cx).await).await;
    print(args, format!("cast and reduce, {n} in-process procs"), took, n);
    std::process::exit(0);
}
