//! One table: medians of `raw` and `mesh`, and every peer's median ratio to `raw` in the same round.

use crate::measure::{Report, median};
use std::fmt::Write;

/// What is wanted of a row: workload, threads (0 for any), the ratio to its base.
const TARGETS: &[(&str, usize, &str)] = &[
    ("tell", 1, "≥ 2.5"),
    ("tell", 2, "≥ 2"),
    ("tell-bounded", 0, "≥ 2"),
    ("tell-2-senders", 0, "≥ 2"),
    ("ask", 1, "≤ 0.9"),
    ("spawn", 0, "≤ 0.2"),
    ("spawn: memory", 0, "≤ 717 B"),
    ("fanout", 0, "≤ 0.8"),
    ("ring", 0, "≥ 1.5"),
    ("skynet", 0, "≤ 0.5"),
    ("remote-tell-tcp", 0, "≥ 0.8"),
    ("remote-ask-tcp", 0, "≤ 1.15"),
    ("remote-ask-unix", 0, "≤ 1.15"),
    ("remote-1MiB-tcp", 0, "≥ 0.9"),
    ("remote-1MiB-unix", 0, "≥ 0.9"),
    ("16 procs ready", 0, "≤ 2"),
    ("actor mesh on 16 procs, spawned", 0, "≤ 5 ms"),
    ("call on 16 procs, all replies", 0, "≤ 0.4 ms"),
    ("stop of 16 procs", 0, "≤ 50 ms"),
    ("1 kHz stream beside 1 GiB messages, p99", 0, "≤ 20 ms"),
    ("rate beside a slow one whose sender waits", 0, "≥ 0.8"),
    ("rate beside a slow one whose sender is refused", 0, "≥ 0.8"),
    ("cast and gather, 256 in-process procs", 0, "≤ 2 ms"),
];

/// The table of the JSON lines on standard input.
pub fn from_stdin() {
    let text = std::io::read_to_string(std::io::stdin()).expect("text");
    let reports: Vec<Report> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    print!("{}", table(&reports));
}

/// The reports, with the memory and the stop of spawned actors as rows of their own.
fn rows(reports: &[Report]) -> Vec<Report> {
    let mut all = Vec::new();
    for report in reports {
        all.push(report.clone());
        let extra = [("memory", report.bytes_each, "B/actor"), ("stop", report.stop, "us/actor")];
        for (what, value, unit) in extra {
            if let Some(value) = value {
                let workload = format!("{}: {what}", report.workload);
                all.push(Report { workload, value, unit: unit.into(), ..report.clone() });
            }
        }
    }
    all
}

fn number(v: f64) -> String {
    match v.abs() {
        x if x >= 1000.0 => format!("{v:.0}"),
        x if x >= 100.0 => format!("{v:.1}"),
        x if x >= 1.0 => format!("{v:.2}"),
        _ => format!("{v:.3}"),
    }
}

fn target(workload: &str, threads: usize) -> &'static str {
    let of = |(name, at, _): &&(&str, usize, &str)| *name == workload && (*at == 0 || *at == threads);
    TARGETS.iter().find(of).map_or("", |(_, _, target)| target)
}

/// The i-th run of a peer is paired with the i-th run of its base: `raw`, or `raw-inline` where there is one. For large
/// messages the base is the better of the two.
pub fn table(reports: &[Report]) -> String {
    let all = rows(reports);
    let (mut keys, mut peers): (Vec<(&str, usize)>, Vec<&str>) = (Vec::new(), Vec::new());
    for report in &all {
        let key = (report.workload.as_str(), report.threads);
        if !keys.contains(&key) {
            keys.push(key);
        }
        if !peers.contains(&report.peer.as_str()) {
            peers.push(&report.peer);
        }
    }
    let known = ["raw", "raw-inline", "mesh", "kameo", "ractor", "actix", "xtra"];
    peers.sort_by_key(|peer| known.iter().position(|name| name == peer));
    let ratios: Vec<&str> = peers.iter().copied().filter(|peer| *peer != "raw" && *peer != "mesh").collect();
    let mut out = String::from("| workload | threads | unit | raw | mesh | **mesh ÷ base** | target |");
    ratios.iter().for_each(|peer| write!(out, " {peer} ÷ base |").expect("a string takes text"));
    out += "\n|---|--:|---|--:|--:|--:|--:|";
    out += &"--:|".repeat(ratios.len());
    out += "\n";
    for (workload, threads) in keys {
        let of = |peer: &str| -> Vec<&Report> {
            let is = |r: &&Report| r.workload == workload && r.threads == threads && r.peer == peer;
            all.iter().filter(is).collect()
        };
        let values = |peer: &str| of(peer).iter().map(|report| report.value).collect::<Vec<f64>>();
        let (raw, inline) = (values("raw"), values("raw-inline"));
        let base: Vec<f64> = if inline.is_empty() {
            raw.clone()
        } else if workload.contains("1MiB") {
            raw.iter().zip(&inline).map(|(raw, inline)| raw.max(*inline)).collect()
        } else {
            inline
        };
        let ratio = |peer: &str| {
            let paired: Vec<f64> = values(peer).iter().zip(&base).map(|(of, base)| of / base).collect();
            if paired.is_empty() { "–".to_owned() } else { format!("{:.2}", median(paired)) }
        };
        let value = |peer: &str| {
            let values = values(peer);
            if values.is_empty() { "–".to_owned() } else { number(median(values)) }
        };
        let unit = all.iter().find(|r| r.workload == workload).map_or("", |r| r.unit.as_str());
        let (raw, mesh) = (value("raw"), value("mesh"));
        write!(out, "| {workload} | {threads} | {unit} | {raw} | {mesh} ",).expect("a string takes text");
        write!(out, "| **{}** | {} |", ratio("mesh"), target(workload, threads))
            .expect("a string takes text");
        ratios.iter().for_each(|peer| write!(out, " {} |", ratio(peer)).expect("a string takes text"));
        out += "\n";
    }
    out
}
