//! What `/proc` says about processes. Those of a test are found by a token in their environment, so that double-forked
//! ones are found too.

use std::time::Duration;

use rustix::process::Pid;

/// The variable that holds the token.
pub(crate) const TOKEN: &str = "MESH_MARK_TEST_TOKEN";

/// How long something that must happen may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// A token that no other process has. When it goes, those that have it are killed: a failed test leaves nothing.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn fresh() -> Token {
        Token(format!("{}-{}", std::process::id(), getrandom::u64().unwrap()))
    }
}

impl std::ops::Deref for Token {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        for pid in with_token(self) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The processes with `token` in their environment. A zombie has no environment any more.
pub(crate) fn with_token(token: &str) -> Vec<Pid> {
    let entry = format!("{TOKEN}={token}");
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|dir| Pid::from_raw(dir.ok()?.file_name().to_str()?.parse().ok()?))
        .filter(|pid| {
            std::fs::read(format!("/proc/{}/environ", pid.as_raw_pid()))
                .is_ok_and(|env| env.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes()))
        })
        .collect()
}

/// The letter of a process's state, such as `S`, `T` or `Z`; `None` if there is no such process.
pub(crate) fn state(pid: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether every thread of a process is stopped. One that runs on another core takes notice a little after the signal.
pub(crate) fn is_stopped(pid: Pid) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid())) else { return false };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // One that has ended since runs no more either.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 'Z', 'X']))
    })
}

/// Whether a process leads a group. `getpgid` would do, but rustix's panics on 0, which a group has whose leader is
/// outside this pid namespace.
pub(crate) fn leads_a_group(pid: Pid) -> bool {
    stat_field(pid, 2) == Some(pid.as_raw_pid())
}

/// Whether a process leads a session, read like its group.
pub(crate) fn leads_a_session(pid: &Pid) -> bool {
    stat_field(*pid, 3) == Some(pid.as_raw_pid())
}

/// A number of `/proc/…/stat`, counted from the state: `pid (name) state ppid pgrp session …`, where the name may
/// contain anything.
fn stat_field(pid: Pid, index: usize) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(index)?.parse().ok()
}

/// Who has started a process.
#[track_caller]
pub(crate) fn parent_of(pid: u32) -> u32 {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    stat_field(pid, 1).expect("it is there").try_into().unwrap()
}

/// Looks until `done`, or until the deadline is over; says which.
pub(crate) async fn eventually(mut done: impl FnMut() -> bool) -> bool {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !done() {
        if tokio::time::Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

/// The command lines of processes, for the text of a failed assertion.
pub(crate) fn describe(pids: &[Pid]) -> Vec<String> {
    pids.iter()
        .map(|pid| {
            let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
            format!("{} {}", pid.as_raw_pid(), String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

/// Waits until no process has `token`.
pub(crate) async fn gone(token: &str) {
    assert!(
        eventually(|| with_token(token).is_empty()).await,
        "still running: {:?}",
        describe(&with_token(token))
    );
}
