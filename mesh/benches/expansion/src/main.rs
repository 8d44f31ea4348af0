//! What the compiler spends on a crate of annotated handlers: mesh's `#[actor]`, kameo's `#[messages]` and
//! `#[remote_message]`, and the same methods without annotations.
//!
//! ```text
//! cargo run --release --manifest-path mesh/benches/expansion/Cargo.toml -- [ROUNDS | instructions [PACKAGE,..]]
//! ```
//!
//! Each crate is checked once by cargo, which prebuilds what it depends on; then the compiler is called as cargo
//! called it, the subjects in turn, `ROUNDS` times each (7 unless told). The best of the rounds counts: whatever else
//! runs on the machine only adds. The processor time is of the compiler alone. The ratio to kameo is the median of the
//! ratios in one round. With `instructions`, valgrind counts what the compiler executes, once, whatever else the machine
//! does. Packages are `mesh-local-1`, `kameo-100` and the like; all of them unless told.

mod compiler;
mod subjects;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use compiler::{Call, Cost};
use subjects::Subject;

/// A crate: how many handlers, of whom.
type Key = (usize, Subject);

/// Handlers in a crate, and how many of them share an actor.
const SIZES: &[(usize, usize)] = &[(1, 1), (100, 10), (1000, 10)];

fn main() -> ExitCode {
    // Cargo calls this program in the compiler's place, to learn how it is called.
    if let Some(code) = compiler::record_if_called_by_cargo() {
        return code;
    }
    let how = std::env::args().nth(1);
    let wanted = std::env::args().nth(2);
    let wanted: Option<Vec<&str>> = wanted.as_ref().map(|packages| packages.split(',').collect());
    let program = std::env::current_exe().expect("a program has a file");
    let scratch = program.ancestors().nth(2).expect("it is in a target folder").join("crates");
    let calls = prepare(&scratch, |package| wanted.as_ref().is_none_or(|wanted| wanted.contains(&package)));

    if how.as_deref() == Some("instructions") {
        print_instructions(&calls);
        return ExitCode::SUCCESS;
    }
    let rounds = how.map_or(7, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let mut costs: BTreeMap<Key, Vec<Cost>> = BTreeMap::new();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (key, call) in &calls {
            costs.entry(*key).or_default().push(call.run());
        }
    }
    print_table(&costs);
    ExitCode::SUCCESS
}

/// Writes the crates and has cargo check each once.
fn prepare(scratch: &Path, wanted: impl Fn(&str) -> bool) -> BTreeMap<Key, Call> {
    let all = || {
        let of_size = |size: &(usize, usize)| Subject::ALL.map(|subject| (*size, subject));
        let all = SIZES.iter().flat_map(of_size);
        all.filter(|((handlers, _), subject)| wanted(&subject.package(*handlers)))
    };
    for ((handlers, of_each), subject) in all() {
        subject.write(scratch, handlers, of_each);
    }
    subjects::write_workspace(scratch, all().map(|((handlers, _), subject)| subject.package(handlers)));
    all()
        .map(|((handlers, _), subject)| {
            let package = subject.package(handlers);
            eprintln!("cargo check -p {package}");
            ((handlers, subject), compiler::check(scratch, &package))
        })
        .collect()
}

fn print_instructions(calls: &BTreeMap<Key, Call>) {
    println!("| handlers | subject | instructions | beside kameo of the same reach |");
    println!("|---:|---|---:|---:|");
    // Kameo first: a row is printed as soon as it is known.
    let (peers, ours): (Vec<_>, Vec<_>) =
        calls.iter().partition(|((_, subject), _)| subject.peer() == *subject);
    let mut counts = BTreeMap::new();
    for (key @ (handlers, subject), call) in peers.into_iter().chain(ours) {
        let count = call.instructions();
        counts.insert(*key, count);
        let peer = counts.get(&(*handlers, subject.peer()));
        let ratio = peer.map_or("".to_owned(), |peer| format!("{:.2}", count as f64 / *peer as f64));
        println!("| {handlers} | {subject} | {:.1} M | {ratio} |", count as f64 / 1e6);
    }
}

fn print_table(costs: &BTreeMap<Key, Vec<Cost>>) {
    println!(
        "| handlers | subject | check, wall | check, CPU | CPU, beside kameo of the same reach | expansion | type check | borrow check |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|");
    for ((handlers, subject), rounds) in costs {
        let best = rounds.iter().copied().reduce(Cost::min).expect("there is a round");
        let peer = costs.get(&(*handlers, subject.peer()));
        let ratio = peer.map_or("".to_owned(), |peer| format!("{:.2}", ratio(rounds, peer)));
        println!(
            "| {handlers} | {subject} | {:.3} s | {:.3} s | {ratio} | {:.3} s | {:.3} s | {:.3} s |",
            best.wall, best.cpu, best.expansion, best.type_check, best.borrow_check,
        );
    }
}

/// The median of the ratios in one round: whatever else runs is beside both.
fn ratio(ours: &[Cost], peers: &[Cost]) -> f64 {
    let mut ratios: Vec<f64> = ours.iter().zip(peers).map(|(ours, peer)| ours.cpu / peer.cpu).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}
