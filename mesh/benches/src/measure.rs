//! What all benchmarks share: arguments, the JSON line, timing and memory.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// One measurement, printed as one JSON line.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub struct Report {
    pub workload: String,
    pub peer: String,
    /// Threads of the tokio runtime.
    pub threads: usize,
    pub n: u64,
    pub value: f64,
    pub unit: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p99: Option<f64>,
    /// Peak resident memory of the measuring process.
    pub rss_kib: u64,
    /// CPU time of both processes for each operation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes_each: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stop: Option<f64>,
}

impl Report {
    pub fn new(value: f64, unit: &str, n: u64) -> Self {
        Self { value, unit: unit.into(), n, ..Self::default() }
    }

    /// Messages per second, in millions.
    pub fn rate(n: u64, took: Duration) -> Self {
        Self::new(n as f64 / took.as_secs_f64() / 1e6, "Mmsg/s", n)
    }

    pub fn latency(mean: Duration, n: u64, samples: &mut [u32]) -> Self {
        samples.sort_unstable();
        let at = |q: f64| samples.get((samples.len() as f64 * q) as usize).map(|&ns| ns as f64);
        Self { p50: at(0.5), p99: at(0.99), ..Self::new(mean.as_nanos() as f64 / n as f64, "ns", n) }
    }

    pub fn print(mut self, args: &Args) {
        let at = args.text("at").map_or(String::new(), |at| format!("-{at}"));
        self.workload = format!("{}{at}", args.workload);
        self.peer = args.peer.clone();
        self.threads = args.threads();
        self.rss_kib = status_kib("VmHWM:");
        println!("{}", serde_json::to_string(&self).unwrap());
    }
}

/// `<workload> <peer> [key=value]...`
#[derive(Clone)]
pub struct Args {
    pub workload: String,
    pub peer: String,
    options: Vec<String>,
}

impl Args {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Self {
        let usage = "<workload> <peer> [key=value]...";
        let (workload, peer) = (args.next().expect(usage), args.next().expect(usage));
        Self { workload, peer, options: args.collect() }
    }

    /// Options alone.
    pub fn options(args: impl Iterator<Item = String>) -> Self {
        Self { workload: String::new(), peer: String::new(), options: args.collect() }
    }

    /// The same options for another workload.
    pub fn named(workload: &str, args: &Args) -> Self {
        Self { workload: workload.to_owned(), ..args.clone() }
    }

    pub fn has(&self, word: &str) -> bool {
        self.options.iter().any(|option| option == word)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.options.iter().find_map(|o| o.strip_prefix(key)?.strip_prefix('='))
    }

    pub fn get(&self, key: &str, default: u64) -> u64 {
        self.text(key).map_or(default, |v| v.parse().expect("a number"))
    }

    /// Worker threads of the runtime.
    pub fn threads(&self) -> usize {
        self.get("threads", 1) as usize
    }

    /// The bound of a mailbox; 0 for none.
    pub fn capacity(&self) -> usize {
        if self.workload.contains("bounded") { self.get("cap", 1024) as usize } else { 0 }
    }
}

static ALONE: AtomicBool = AtomicBool::new(false);

/// Whether durations are, from here on, CPU time of this process: it has one busy thread that
/// never waits for another process, and shares the machine.
pub fn count_cpu_time(yes: bool) {
    ALONE.store(yes, Relaxed);
}

/// A clock for durations.
pub fn now() -> Duration {
    let id = if ALONE.load(Relaxed) { libc::CLOCK_PROCESS_CPUTIME_ID } else { libc::CLOCK_MONOTONIC };
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is a valid timespec to write to.
    unsafe { libc::clock_gettime(id, &mut t) };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

/// A current-thread runtime for one thread, a multi-thread one for more.
pub fn runtime(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = if threads > 1 {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.worker_threads(threads).enable_all().build().unwrap()
}

/// The percentiles of single latencies in ns, which are sorted.
pub fn latency_of(samples: &mut [u32]) -> Report {
    let sum: u64 = samples.iter().map(|&ns| u64::from(ns)).sum();
    Report::latency(Duration::from_nanos(sum), samples.len() as u64, samples)
}

/// Times `$op` `$n` times as a whole, then `$n` more one by one for the percentiles.
macro_rules! latency {
    ($n:expr, $op:expr) => {{
        let n: u64 = $n;
        for _ in 0..n / 10 {
            $op;
        }
        let start = $crate::measure::now();
        for _ in 0..n {
            $op;
        }
        let mean = $crate::measure::now() - start;
        let mut samples = Vec::with_capacity(n as usize);
        for _ in 0..n {
            let start = std::time::Instant::now();
            $op;
            samples.push(start.elapsed().as_nanos() as u32);
        }
        $crate::measure::Report::latency(mean, n, &mut samples)
    }};
}

pub(crate) use latency;

pub async fn timed<F: Future>(work: F) -> (F::Output, Duration) {
    let start = now();
    let out = work.await;
    (out, now() - start)
}

pub fn status_kib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|l| l.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len(), values.get(values.len() / 2)) {
        (_, None) => f64::NAN,
        (n, Some(&upper)) if n % 2 == 1 => upper,
        (n, Some(&upper)) => (values[n / 2 - 1] + upper) / 2.0,
    }
}

pub fn rss_bytes() -> u64 {
    status_kib("VmRSS:") * 1024
}
