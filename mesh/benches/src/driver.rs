//! Runs this program once for each measurement, and prints the table.

use crate::measure::{Args, Report};
use crate::{local, remote, table};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A run that takes longer has hung.
const RUN_MAX: Duration = Duration::from_secs(180);

/// Workload, count at full size, thread counts.
const LOCAL: &[(&str, u64, &[u64])] = &[
    ("tell", 1_000_000, &[1, 2]),
    ("tell-bounded", 1_000_000, &[1, 2]),
    ("tell-2-senders", 1_000_000, &[2]),
    ("tell-bounded-2-senders", 1_000_000, &[2]),
    ("ask", 200_000, &[1, 2]),
    ("spawn", 100_000, &[1, 2]),
    ("fanout", 300, &[1, 2]),
    ("ring", 1_000_000, &[1, 2]),
    ("skynet", 100_000, &[1, 2]),
    ("quiet-ask", 500, &[1, 2]),
    ("quiet-tell", 500, &[1, 2]),
];

const REMOTE: &[(&str, u64)] = &[("remote-tell", 1_000_000), ("remote-ask", 20_000), ("remote-1MiB", 512)];

/// The sizes of the in-process meshes.
const GATHER: &[u64] = &[1, 4, 16, 64, 256, 1024, 4096];

struct Driver<'a> {
    args: &'a Args,
    reports: Vec<Report>,
}

/// `[quick] [rounds=5] [only=local,remote,meshes] [peers=raw,mesh] [workloads=tell,ask] [threads=1]`
pub fn main(args: &Args) {
    let mut driver = Driver { args, reports: Vec::new() };
    let rounds = args.get("rounds", if args.has("quick") { 1 } else { 5 }) as usize;
    for round in 0..rounds {
        if driver.wants("only", "local") {
            driver.local(round);
        }
        if driver.wants("only", "remote") {
            driver.remote(round);
        }
        if driver.wants("only", "meshes") {
            driver.meshes();
        }
    }
    print!("{}", table::table(&driver.reports));
}

/// The peers, starting from another one each round.
fn turned<'a>(peers: &'a [&'a str], round: usize) -> impl Iterator<Item = &'a str> {
    let by = round % peers.len();
    peers[by..].iter().chain(&peers[..by]).copied()
}

impl Driver<'_> {
    /// Whether a list given as `key=a,b` names this, or is not given.
    fn wants(&self, key: &str, name: &str) -> bool {
        self.args.text(key).is_none_or(|list| list.split(',').any(|wanted| wanted == name))
    }

    fn scaled(&self, n: u64) -> u64 {
        if self.args.has("quick") { n.div_ceil(10) } else { n }
    }

    fn local(&mut self, round: usize) {
        for (workload, n, threads) in LOCAL {
            // Of the others some do not come back, which takes as long as a run may.
            let peers = if workload.starts_with("quiet") { &["raw", "mesh"] } else { local::PEERS };
            for threads in *threads {
                for peer in turned(peers, round) {
                    let n = self.scaled(*n);
                    self.run(["local", workload, peer], &[format!("threads={threads}"), format!("n={n}")]);
                }
            }
        }
    }

    fn remote(&mut self, round: usize) {
        for (workload, n) in REMOTE {
            for threads in [1, 2] {
                for at in ["tcp", "unix"] {
                    for peer in turned(remote::PEERS, round) {
                        let n = self.scaled(*n);
                        let options = [format!("threads={threads}"), format!("n={n}"), format!("at={at}")];
                        self.run(["remote", workload, peer], &options);
                    }
                }
            }
        }
    }

    fn meshes(&mut self) {
        self.run(["meshes", "processes", "raw"], &["threads=2".into()]);
        self.run(["meshes", "processes", "mesh"], &["threads=2".into()]);
        self.run(["meshes", "beside-large", "mesh"], &["threads=2".into(), format!("n={}", self.scaled(10))]);
        self.run(["meshes", "beside-slow", "mesh"], &["threads=2".into(), "n=7".into()]);
        let largest = if self.args.has("quick") { 256 } else { 4096 };
        for n in GATHER.iter().filter(|n| **n <= largest) {
            self.run(["meshes", "gather", "mesh"], &["threads=2".into(), format!("n={n}")]);
        }
    }

    fn run(&mut self, [area, workload, peer]: [&str; 3], options: &[String]) {
        let threads = |n: &str| options.contains(&format!("threads={n}")) && self.wants("threads", n);
        if !(self.wants("peers", peer) && self.wants("workloads", workload) && (threads("1") || threads("2")))
        {
            return;
        }
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args([area, workload, peer])
            .args(options)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be run");
        let stdout = child.stdout.take().expect("a pipe");
        let reader = std::thread::spawn(move || std::io::read_to_string(stdout).unwrap_or_default());
        let start = Instant::now();
        let status = loop {
            match child.try_wait().expect("a child can be waited for") {
                Some(status) => break Some(status),
                None if start.elapsed() > RUN_MAX => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        if !status.is_some_and(|status| status.success()) {
            eprintln!("failed: {area} {workload} {peer} {options:?}");
        }
        let text = reader.join().expect("reading does not panic");
        let before = self.reports.len();
        self.reports.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
        for report in &self.reports[before..] {
            eprintln!(
                "{} {} threads={}: {:.3} {}",
                report.workload, report.peer, report.threads, report.value, report.unit
            );
        }
    }
}
