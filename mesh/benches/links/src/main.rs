//! `links [rounds=5] [threads=1]`: tells and asks of 64 bytes and parts of 1 MiB, to another process over tcp and unix
//! sockets, by mesh's links and by the floor (`inline`), in turns; prints medians and ratios.

mod inline;
mod links;
mod net;
mod peer;

use bytes::Bytes;
use peer::{Peer, SMALL};
use std::io::{BufRead, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TELLS: u64 = 1_000_000;
const ASKS: u64 = 20_000;
const BIGS: u64 = 512;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |key: &str, default: usize| {
        args.iter().find_map(|arg| arg.strip_prefix(key)?.parse().ok()).unwrap_or(default)
    };
    let threads = number("threads=", 1);
    match args.first().map(String::as_str) {
        Some("serve") => serve(&args[1], &args[2], threads),
        Some("measure") => measure(&args[1], &args[2], &args[3], threads),
        _ => compare(number("rounds=", 5), threads),
    }
}

fn runtime(threads: usize) -> tokio::runtime::Runtime {
    match threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        more => tokio::runtime::Builder::new_multi_thread().worker_threads(more).enable_all().build().unwrap(),
    }
}

fn serve(peer: &str, at: &str, threads: usize) {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let at = at.to_owned();
    let ready = |addr: String| println!("{addr}");
    let runtime = runtime(threads);
    match peer {
        "inline" => runtime.block_on(async { runtime.spawn(inline::Inline::serve(at, ready)).await.unwrap() }),
        _ => runtime.block_on(async { runtime.spawn(links::Links::serve(at, ready)).await.unwrap() }),
    }
}

fn start(peer: &str, at: &str, threads: usize) -> (Child, String) {
    let at = if at == "tcp" { at.into() } else { format!("/tmp/links-{}.sock", std::process::id()) };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["serve", peer, &at, &format!("threads={threads}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut addr = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut addr).unwrap();
    (child, addr.trim().into())
}

fn measure(workload: &str, peer: &str, at: &str, threads: usize) {
    match peer {
        "inline" => go::<inline::Inline>(workload, peer, at, threads),
        _ => go::<links::Links>(workload, peer, at, threads),
    }
}

fn go<P: Peer>(workload: &str, peer: &str, at: &str, threads: usize) {
    let (server, addr) = start(peer, at, threads);
    let workload = workload.to_owned();
    let runtime = runtime(threads);
    let work = async move {
        let peer = P::connect(addr).await;
        let base = peer.ask(SMALL).await;
        match workload.as_str() {
            "tell" => {
                let start = Instant::now();
                for _ in 0..TELLS {
                    peer.tell(SMALL).await;
                }
                handled(&peer, base + TELLS).await;
                println!("{}", TELLS as f64 / start.elapsed().as_secs_f64() / 1e6);
            }
            "big" => {
                let body = Bytes::from(vec![7; 1 << 20]);
                let start = Instant::now();
                for _ in 0..BIGS {
                    peer.big(&body).await;
                }
                handled(&peer, base + BIGS).await;
                println!("{}", (BIGS << 20) as f64 / start.elapsed().as_secs_f64() / 1e9);
            }
            _ => {
                for _ in 0..ASKS / 10 {
                    peer.ask(SMALL).await;
                }
                let start = Instant::now();
                for _ in 0..ASKS {
                    peer.ask(SMALL).await;
                }
                println!("{}", start.elapsed().as_secs_f64() * 1e6 / ASKS as f64);
            }
        }
        drop(server);
        std::process::exit(0);
    };
    runtime.block_on(async { runtime.spawn(work).await.unwrap() });
}

async fn handled<P: Peer>(peer: &P, n: u64) {
    while peer.ask(SMALL).await < n {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

fn compare(rounds: usize, threads: usize) {
    println!("threads={threads}, medians of {rounds}");
    for (workload, unit) in [("tell", "M/s"), ("ask", "µs"), ("big", "GB/s")] {
        for at in ["tcp", "unix"] {
            let mut samples = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                for (peer, samples) in ["inline", "links"].iter().zip(&mut samples) {
                    let output = Command::new(std::env::current_exe().unwrap())
                        .args(["measure", workload, peer, at, &format!("threads={threads}")])
                        .output()
                        .unwrap();
                    let text = String::from_utf8(output.stdout).unwrap();
                    samples.push(text.trim().parse::<f64>().unwrap_or_else(|_| {
                        panic!("{workload} {peer} {at}: {text} {}", String::from_utf8_lossy(&output.stderr))
                    }));
                }
            }
            let [inline, links] = samples.map(|mut samples| {
                samples.sort_by(f64::total_cmp);
                samples[samples.len() / 2]
            });
            println!("{workload:5} {at:4}  inline {inline:8.3} {unit}  links {links:8.3} {unit}  ratio {:.2}", links / inline);
        }
    }
}
