//! Mistakes with mesh's annotations, each with the compiler's message recorded beside it, and uses that must compile.
//!
//! `cases/<macro>/<rule>.rs` fails to compile with exactly what is in `<rule>.stderr`; `pass/*.rs` compiles and runs. The
//! messages are of one compiler; with any other only `pass` is run. `TRYBUILD=overwrite cargo test -p ui-tests` records
//! the messages again: read the difference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler that wrote the recorded messages.
const RECORDED_WITH: &str = "1.95";

/// The files under `folder` of this extension, without it, relative to this package.
fn files(folder: &str, extension: &str) -> BTreeSet<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    let mut todo = vec![package.join(folder)];
    while let Some(folder) = todo.pop() {
        // Git keeps no empty folder: one that is absent holds nothing.
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry of a folder can be read").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|is| is == extension) {
                let path = path.strip_prefix(package).expect("it is in this package");
                found.insert(path.with_extension(""));
            }
        }
    }
    found
}

/// The version of the compiler that runs the cases, such as `1.95.0`.
fn compiler_version() -> String {
    let output =
        Command::new("rustc").arg("--version").output().expect("a compiler is installed where tests run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn mistakes_get_their_recorded_message() {
    let version = compiler_version();
    if !version.starts_with(&format!("{RECORDED_WITH}.")) {
        eprintln!("skipped: the messages are recorded with rustc {RECORDED_WITH}, this is {version}");
        return;
    }
    let cases = files("cases", "rs");
    if cases.is_empty() {
        return;
    }
    let runner = trybuild::TestCases::new();
    for case in cases {
        runner.compile_fail(case.with_extension("rs"));
    }
}

#[test]
fn sound_uses_compile_and_run() {
    let cases = files("pass", "rs");
    if cases.is_empty() {
        return;
    }
    let runner = trybuild::TestCases::new();
    for case in cases {
        runner.pass(case.with_extension("rs"));
    }
}

#[test]
fn every_case_has_its_place_and_its_message() {
    let (cases, messages) = (files("cases", "rs"), files("cases", "stderr"));
    let misplaced: Vec<_> = cases.iter().filter(|case| case.iter().count() != 3).collect();
    assert!(misplaced.is_empty(), "not at `cases/<macro>/<rule>.rs`: {misplaced:?}");
    let odd: Vec<_> = cases.symmetric_difference(&messages).collect();
    assert!(odd.is_empty(), "a case without a message, or a message without a case: {odd:?}");
}
