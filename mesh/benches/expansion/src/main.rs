//! What the compiler spends on a crate of annotated handlers: mesh's `#[actor]`, kameo's `#[messages]` and
//! `#[remote_message]`, and the same methods without annotations.
//!
//! ```text
//! cargo run --release --manifest-path mesh/benches/expansion/Cargo.toml -- [ROUNDS]
//! ```
//!
//! Each crate is checked once by cargo, which prebuilds what it depends on; then the compiler is called as cargo
//! called it, the subjects in turn, `ROUNDS` times each (7 unless told). The best of the rounds counts: whatever else
//! runs on the machine only adds. The processor time is of the compiler alone.

mod compiler;
mod subjects;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use compiler::{Call, Cost};
use subjects::Subject;

/// Handlers in a crate, and how many of them share an actor.
const SIZES: &[(usize, usize)] = &[(1, 1), (100, 10), (1000, 10)];

fn main() -> ExitCode {
    // Cargo calls this program in the compiler's place, to learn how it is called.
    if let Some(code) = compiler::record_if_called_by_cargo() {
        return code;
    }
    let rounds = std::env::args().nth(1).map_or(7, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let program = std::env::current_exe().expect("a program has a file");
    let scratch = program.ancestors().nth(2).expect("it is in a target folder").join("crates");
    let calls = prepare(&scratch);

    let mut best: BTreeMap<(usize, Subject), Cost> = BTreeMap::new();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for (key, call) in &calls {
            let cost = call.run();
            best.entry(*key).and_modify(|best| *best = best.min(cost)).or_insert(cost);
        }
    }
    print_table(&best);
    ExitCode::SUCCESS
}

/// Writes the crates and has cargo check each once.
fn prepare(scratch: &Path) -> BTreeMap<(usize, Subject), Call> {
    let all = || {
        let of_size = |size: &(usize, usize)| Subject::ALL.map(|subject| (*size, subject));
        SIZES.iter().flat_map(of_size)
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

fn print_table(best: &BTreeMap<(usize, Subject), Cost>) {
    println!(
        "| handlers | subject | check, wall | check, CPU | CPU, beside kameo of the same reach | expansion | type check | borrow check |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|---:|");
    for ((handlers, subject), cost) in best {
        let kameo = best[&(*handlers, subject.peer())];
        println!(
            "| {handlers} | {subject} | {:.3} s | {:.3} s | {:.2} | {:.3} s | {:.3} s | {:.3} s |",
            cost.wall,
            cost.cpu,
            cost.cpu / kameo.cpu,
            cost.expansion,
            cost.type_check,
            cost.borrow_check,
        );
    }
}
