//! Runs every example as a program of its own, and checks what it prints.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Each takes a second at most, also in a debug build on a busy machine.
const HANG_GUARD: Duration = Duration::from_secs(60);

struct Ran {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Runs an example to its end.
fn run(name: &str, args: &[&str]) -> Ran {
    let mut child = Command::new(example(name))
        .args(args)
        .current_dir(repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("an example can be started");
    let (done, texts) = mpsc::channel();
    let read = |mut pipe: Box<dyn Read + Send>| {
        let done = done.clone();
        thread::spawn(move || {
            let mut text = String::new();
            let _ = pipe.read_to_string(&mut text);
            let _ = done.send(());
            text
        })
    };
    let stdout = read(Box::new(child.stdout.take().expect("it is piped")));
    let stderr = read(Box::new(child.stderr.take().expect("it is piped")));
    // A pipe ends with the last process that holds it: with the example and all its children.
    for _ in 0..2 {
        if texts.recv_timeout(HANG_GUARD).is_err() {
            let _ = child.kill();
            panic!("{name} or one of its processes still runs after {HANG_GUARD:?}");
        }
    }
    Ran {
        status: child.wait().expect("it can be waited for"),
        stdout: stdout.join().expect("the reader does not panic"),
        stderr: stderr.join().expect("the reader does not panic"),
    }
}

/// Runs an example that must end well and complain of nothing, and gives the lines it printed.
#[track_caller]
fn lines_of(name: &str, args: &[&str]) -> Vec<String> {
    let ran = run(name, args);
    assert!(ran.status.success(), "{name}: {}\n{}{}", ran.status, ran.stdout, ran.stderr);
    assert_eq!(ran.stderr, "", "{name} complains");
    ran.stdout.lines().map(str::to_owned).collect()
}

/// Where cargo puts an example: in `examples`, beside the folder of this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.parent().and_then(Path::parent).expect("it is in <profile>/deps");
    let path = profile.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --examples`, or all of `cargo test`",
        path.display()
    );
    path
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the examples are a folder of the repository")
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).expect("a file of the repository can be read")
}

/// What stands in the brackets, as numbers.
fn numbers(list: &str) -> Vec<u32> {
    let inner = list.trim_start_matches('[').trim_end_matches(']');
    inner.split(", ").map(|number| number.parse().expect("a number")).collect()
}

#[cfg(target_os = "linux")]
fn is_running(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[test]
fn quickstart_answers_from_four_processes_and_leaves_none() {
    let lines = lines_of("quickstart", &[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let pids = lines[0].strip_prefix("[13 ×4] 52 14 ").unwrap_or_else(|| panic!("{lines:?}"));
    let pids = numbers(pids);
    assert_eq!(pids.iter().collect::<BTreeSet<_>>().len(), 4, "{pids:?}");
    #[cfg(target_os = "linux")]
    assert_eq!(pids.into_iter().filter(|pid| is_running(*pid)).collect::<Vec<_>>(), [], "left behind");
}

/// All Rust sources and texts of the repository's `folder`.
fn sources(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut todo = vec![repository().join(folder)];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).expect("a folder can be listed");
            todo.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            files.push(path.to_str().expect("a path of the repository is text").to_owned());
        }
    }
    files.sort();
    files
}

/// What `word_count` must print for `files`: counted here, in one thread, file by file.
fn count_single_threaded(files: &[String]) -> Vec<String> {
    let mut counts = BTreeMap::<String, u64>::new();
    for file in files {
        let bytes = std::fs::read(file).expect("a file of the repository can be read");
        let is_gap = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_';
        for word in bytes.split(is_gap).filter(|word| !word.is_empty()) {
            let word = String::from_utf8_lossy(&word.to_ascii_lowercase()).into_owned();
            *counts.entry(word).or_default() += 1;
        }
    }
    let total: u64 = counts.values().sum();
    let mut lines = vec![format!("{total} words, {} different, in {} files", counts.len(), files.len())];
    let mut by_count: Vec<_> = counts.into_iter().collect();
    by_count.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
    lines.extend(by_count.iter().take(10).map(|(word, count)| format!("{count:8} {word}")));
    lines
}

#[track_caller]
fn check_word_count(files: &[String]) {
    let args: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(lines_of("word_count", &args), count_single_threaded(files));
}

#[test]
fn word_count_counts_this_repository_as_one_thread_does() {
    let files = sources("mesh/src");
    assert!(files.len() > 50, "{files:?}");
    check_word_count(&files);
}

/// Of short files the ranges meet in every kind of place: within a word, before and after one, at a file's end.
#[test]
fn word_count_cuts_no_word_wherever_the_ranges_meet() {
    let folder = std::env::temp_dir().join(format!("mesh-word-count-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder can be made");
    let write = |name: String, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a temporary file can be written");
        path.to_str().expect("its path is text").to_owned()
    };
    for (n, text) in [
        "a",
        "ab cd",
        "abcdefghijkl",
        "  Grün grün ",
        "a b c d e f g h",
        "",
        "ab\nab",
        "x".repeat(9).as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let file = write(format!("{n}.txt"), text);
        let other = write(format!("{n}-other.txt"), "and on");
        check_word_count(std::slice::from_ref(&file));
        check_word_count(&[file, other]);
    }
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
}

#[test]
fn word_count_says_what_is_wrong_with_its_arguments() {
    let check = |args: &[&str], code: i32, complaint: &str| {
        let ran = run("word_count", args);
        assert_eq!((ran.status.code(), ran.stdout.as_str()), (Some(code), ""), "{args:?}");
        assert!(ran.stderr.starts_with(complaint), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{args:?}: {}", ran.stderr);
    };
    check(&[], 2, "usage: word_count FILE…");
    check(&["README.md", "no such file"], 1, "error: no such file: ");
    check(&["mesh"], 1, "error: mesh: not a file");
}

#[test]
fn kv_stores_replaces_and_refuses() {
    let lines = lines_of("kv", &[]);
    let want = [
        "get: value 42",
        "replaced: Some(\"value 42\")",
        "get: another",
        "refused: no value for `key 100`",
        "refused: the value for `key 42` has 21 bytes, 16 are the most",
        "keys: 100 in all",
        "keys of each shard: [25 ×4]",
    ];
    assert_eq!(lines, want);
}

#[test]
fn canonical_goes_up_and_down_in_order() {
    let mut lines = lines_of("canonical", &[]);
    assert!(lines[0].starts_with("root: Client("), "{lines:?}");
    // Answers come in any order.
    lines[4..8].sort();
    let (pongs, pids): (Vec<_>, BTreeSet<_>) = lines[4..8]
        .iter()
        .map(|line| line.split_once(" in process ").unwrap_or_else(|| panic!("{line}")))
        .unzip();
    assert_eq!(pongs, ["pong: rank 0", "pong: rank 1", "pong: rank 2", "pong: rank 3"]);
    assert_eq!(pids.len(), 4, "{pids:?}");
    assert_eq!(lines[1..4], ["hosts: [hosts=2]", "procs: [hosts=2, gpus=2]", "actors: [hosts=2, gpus=2]"]);
    assert_eq!(lines[8..], ["stopped: actors", "stopped: procs", "stopped: hosts", "stopped: root"]);
}

#[test]
fn ping_pong_hits_every_ball() {
    assert_eq!(lines_of("ping_pong", &[]), ["the last hit was rank 1's", "hits: [500 ×2]"]);
}

#[test]
fn sieve_finds_the_primes() {
    assert_eq!(lines_of("sieve", &["1000"]), ["168 primes below 1000, the last 997"]);
    assert_eq!(lines_of("sieve", &["3"]), ["1 primes below 3, the last 2"]);
    let ran = run("sieve", &["many"]);
    assert_eq!((ran.status.code(), ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(ran.stderr, "error: sieve many: invalid digit found in string\n");
}

#[test]
fn dining_philosophers_all_eat() {
    assert_eq!(lines_of("dining", &[]), ["meals: [20 ×5]", "uses of each fork: [40 ×5]"]);
}

/// The README shows the quickstart itself, and early.
#[test]
fn the_code_of_the_readme_is_the_quickstart() {
    let readme = text_of("README.md");
    let begin = "```rust\n";
    let at = readme.find(begin).expect("there is a block of Rust");
    assert!(readme[..at].lines().count() < 15, "the code begins by line 15");
    let code = &readme[at + begin.len()..];
    let code = &code[..code.find("```").expect("the block ends")];
    let quickstart = text_of("examples/quickstart.rs");
    let (_, core) = quickstart.split_once("\n\n").expect("a header, then the program");
    assert_eq!(code, core);
}

/// Every example is declared, run here, and listed in the README.
#[test]
fn no_example_is_forgotten() {
    let (manifest, tests, readme) =
        (text_of("examples/Cargo.toml"), text_of("examples/tests/run.rs"), text_of("README.md"));
    for entry in std::fs::read_dir(repository().join("examples")).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            assert!(
                manifest.contains(&format!("path = \"{name}.rs\"")),
                "{name} is not in examples/Cargo.toml"
            );
            assert!(tests.contains(&format!("(\"{name}\", ")), "{name} is not run by this test");
            assert!(readme.contains(&format!("examples/{name}.rs")), "{name} is not in README.md");
        }
    }
}

#[test]
fn gpu_slots_are_managed_by_the_verbs() {
    let want = [
        "machines=0: trainer running on [0, 1]",
        "machines=1: trainer running on [0, 1]",
        "free: [2 ×2]",
        "trainer: running",
        "huge: failed: 9 GPUs are wanted and 1 are free",
        "free: [1 ×2]",
        "free: [1, 4]",
        // What is the same everywhere is told once.
        "machines 0..2: trainer stopped",
    ];
    assert_eq!(lines_of("gpu_slots", &[]), want);
}

#[test]
fn top_shows_the_stuck_actor_and_who_waits_for_it() {
    let lines = lines_of("top", &[]);
    let is_there =
        |part: &str| assert!(lines.iter().any(|line| line.contains(part)), "no {part}: {lines:#?}");
    for rank in 0..3 {
        is_there(&format!("  proc workers/{rank}, process "));
    }
    is_there("host client, process ");
    is_there("desks@workers/0 in `ask`");
    is_there("    waits for desks@workers/1 `ask` for ");
    is_there("    waits for desks@workers/2 `search` for ");
    is_there("desks@workers/2 in `search` on a thread");
    is_there("desks@workers/0 -> desks@workers/1 `ask` -> desks@workers/2 `search`");
    let owned = lines.iter().position(|line| line == "by owner:").expect("the tree of owners follows");
    let client = lines[owned..].iter().position(|line| line.starts_with("client@client ")).expect("its root");
    assert!(lines[owned + client + 1].starts_with("  "), "the client owns what follows: {lines:#?}");
}
