//! A program outside of the workspace, in a temporary folder, with mesh as a renamed path dependency: it is built, and runs.
//!
//! Slow, since it is a build of its own: `cargo test -p ui-tests --test outside -- --ignored`.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program takes a second at most, also in a debug build on a busy machine.
const HANG_GUARD: Duration = Duration::from_secs(60);

/// Each becomes `src/bin/<name>.rs` of the package.
const PROGRAMS: &[(&str, &str)] = &[
    ("grid_main", include_str!("outside/grid_main.rs")),
    ("host_old", include_str!("outside/host_old.rs")),
    ("client_new", include_str!("outside/client_new.rs")),
    ("client_more", include_str!("outside/client_more.rs")),
    ("one_name_twice", include_str!("outside/one_name_twice.rs")),
];

fn manifest() -> String {
    let mesh = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("it is a folder of the repository")
        .join("mesh");
    format!(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         grid = {{ package = \"mesh\", path = {mesh:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         tracing-subscriber = {{ version = \"0.3\", default-features = false, features = [\"fmt\", \"std\"] }}\n",
    )
}

/// Builds the package and gives the folder of its programs.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let sources = folder.join("src/bin");
    std::fs::create_dir_all(&sources).expect("cargo's folder for tests can be written");
    std::fs::write(folder.join("Cargo.toml"), manifest()).expect("it can be written");
    for (name, text) in PROGRAMS {
        std::fs::write(sources.join(format!("{name}.rs")), text).expect("it can be written");
    }
    // The versions of the workspace are the ones that are at hand.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(lock, folder.join("Cargo.lock")).expect("the workspace is locked");
    let target = folder.join("target");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--bins"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .expect("cargo runs this test");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug")
}

fn start(program: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Runs a program to its end and gives what it printed; the end of its output is that of all its processes.
fn run(program: &Path, args: &[&str]) -> (bool, String, String) {
    let mut child = start(program, args);
    drop(child.stdin.take());
    let (mut stdout, mut stderr) =
        (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut out, mut err) = (String::new(), String::new());
        let _ = stdout.read_to_string(&mut out);
        let _ = stderr.read_to_string(&mut err);
        let _ = done.send((out, err));
    });
    let Ok((out, err)) = ended.recv_timeout(HANG_GUARD) else {
        let _ = child.kill();
        panic!("{} still runs after {HANG_GUARD:?}", program.display());
    };
    (child.wait().expect("it can be waited for").success(), out, err)
}

#[test]
#[ignore = "a build of its own; `.ci/run` runs it"]
fn a_program_with_mesh_under_another_name_builds_and_runs() {
    let programs = build();

    let (success, out, err) = run(&programs.join("grid_main"), &[]);
    assert!(success, "{out}{err}");
    assert_eq!(out, "[3 ×2] sum 6, four words, 2 processes\n", "{err}");

    binaries_are_compared_over_what_both_have(&programs);
    two_actors_of_one_name_are_shown_at_the_start(&programs);
}

fn two_actors_of_one_name_are_shown_at_the_start(programs: &Path) {
    let (success, out, err) = run(&programs.join("one_name_twice"), &[]);
    assert!(!success, "{err}");
    assert_eq!(out, "", "nothing of it runs");
    for part in ["two actors are named `outside.counter`", "one_name_twice.rs:7", "one_name_twice.rs:17"] {
        assert!(err.contains(part), "no {part} in: {err}");
    }
}

/// One binary knows `add(by: i64)`; the next has an actor more, and the last knows `add(by: String)`.
fn binaries_are_compared_over_what_both_have(programs: &Path) {
    let mut host = start(&programs.join("host_old"), &[]);
    let mut lines = BufReader::new(host.stdout.take().expect("it is piped")).lines();
    let address = lines.next().expect("it says where it is").expect("it is text");

    let (success, out, err) = run(&programs.join("client_more"), &[&address]);
    assert!(success, "{out}{err}");
    let (replies, refused) = out.split_once('\n').expect("two lines");
    assert_eq!(replies, "[5 ×2]", "{err}");
    assert!(refused.contains("outside.stranger"), "{refused}");

    let (success, out, err) = run(&programs.join("client_new"), &[&address]);
    assert!(!success, "{out}");
    let named = "handler `add` of actor `outside.counter` has an argument `by` that is of another type on the other side";
    assert!(err.contains(named), "the client's: {err}");

    // Its standard input is its lease.
    drop(host.stdin.take());
    let mut err = String::new();
    host.stderr.take().expect("it is piped").read_to_string(&mut err).expect("it is text");
    assert!(host.wait().expect("it can be waited for").success(), "{err}");
    assert!(err.contains(named), "the host's: {err}");
}
