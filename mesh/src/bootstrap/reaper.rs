//! One task per child: feeds it its orders, forwards its output, sees its end.

use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::Child;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, WaitId, WaitIdOptions};
use tokio::io::AsyncWriteExt;

use super::handle::{Exit, ExitReporter, ProcessControl};
use super::os::{Pipes, Running};
use crate::log::{LogSink, StderrTail, StreamKind, pump};
use crate::supervision::ExitStatus;

/// How long, in milliseconds, the pipes of a child are read after its end when something outside its process group
/// still holds them.
pub const DRAIN_AFTER_EXIT_MS: u64 = 500;

/// All that the task of one child holds. Dropped before the end (with its runtime), it kills the child.
#[derive(Debug)]
pub(super) struct Reaper {
    pub(super) running: Running,
    pub(super) pipes: Pipes,
    pub(super) frame: Bytes,
    pub(super) logs: LogSink,
    pub(super) label: String,
    pub(super) stderr_tail_lines: usize,
    pub(super) reporter: ExitReporter,
}

impl Reaper {
    /// Runs until the end of the child is reported (`BOOT-1`).
    pub(super) async fn run(self) {
        let Reaper { running, pipes, frame, logs, label, stderr_tail_lines, reporter } = self;
        let Pipes { mut stdin, stdout, stderr } = pipes;
        let tail = StderrTail::new(stderr_tail_lines);
        {
            let mut outputs = pin!(async {
                tokio::join!(
                    pump(stdout, &label, StreamKind::Stdout, &logs, None),
                    pump(stderr, &label, StreamKind::Stderr, &logs, Some(&tail)),
                )
            });
            // A child that ends without reading them is seen by its end. stdin stays open: it is the lifeline.
            let mut feed = pin!(stdin.write_all(&frame));
            let mut exit = pin!(exit_seen(running.group.leader()));
            let (mut fed, mut drained) = (false, false);
            loop {
                tokio::select! {
                    biased;
                    () = &mut exit => break,
                    _ = &mut feed, if !fed => fed = true,
                    _ = &mut outputs, if !drained => drained = true,
                }
            }
            // Not reaped yet, so the number of the group is still ours (`BOOT-2`).
            running.group.kill();
            if !drained {
                let _ = tokio::time::timeout(Duration::from_millis(DRAIN_AFTER_EXIT_MS), outputs).await;
            }
        }
        let cgroup = running.group.take_cgroup();
        let status = running
            .reap()
            .map_or(ExitStatus::Unknown, |status| status.map_or(ExitStatus::Unknown, translate));
        if let Some(cgroup) = cgroup {
            // Before the end is reported: then nothing of it is left.
            cgroup.remove().await;
        }
        reporter.report(Exit { status, stderr_tail: tail.lines() });
        drop(stdin);
    }
}

fn translate(status: std::process::ExitStatus) -> ExitStatus {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, Some(signal)) => ExitStatus::Signal { signal, core_dumped: status.core_dumped() },
        (None, None) => ExitStatus::Unknown,
    }
}

/// Waits until a child has ended, without reaping it.
async fn exit_seen(child: Option<Pid>) {
    let Some(pid) = child else { return };
    #[cfg(target_os = "linux")]
    if let Ok(pidfd) = open_pidfd(pid) {
        while !has_ended(pid) {
            match pidfd.readable().await {
                Ok(mut ready) if !has_ended(pid) => ready.clear_ready(),
                Ok(_) => return,
                Err(_) => break,
            }
        }
    }
    exit_signalled(pid).await;
}

#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "what replaces it is unsafe, for types that lie about their descriptor; OwnedFd does not"
)]
fn open_pidfd(pid: Pid) -> std::io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    let pidfd = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
    tokio::io::unix::AsyncFd::with_interest(pidfd, tokio::io::Interest::READABLE)
}

/// The way without a pidfd (an old kernel, a sandbox, no descriptor left, not Linux): asks at each SIGCHLD.
async fn exit_signalled(pid: Pid) {
    const POLL_MS: u64 = 20;
    if has_ended(pid) {
        return;
    }
    let mut signals = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child()).ok();
    while !has_ended(pid) {
        match &mut signals {
            Some(signals) => _ = signals.recv().await,
            None => tokio::time::sleep(Duration::from_millis(POLL_MS)).await,
        }
    }
}

fn has_ended(pid: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match rustix::process::waitid(WaitId::Pid(pid), look) {
        Ok(status) => status.is_some(),
        Err(rustix::io::Errno::INTR) => false,
        // Somebody else reaped it: it has ended all the same.
        Err(_) => true,
    }
}

/// Reaps a killed child where nothing may wait for it: a process in the middle of a system call can take its time.
pub(super) fn reap_in_background(mut child: Child) {
    const STACK_LEN: usize = 64 << 10;
    // Without the thread it stays a zombie until this process ends.
    let _ = std::thread::Builder::new().name("mesh-reap".into()).stack_size(STACK_LEN).spawn(move || {
        let _ = child.wait();
    });
}

#[cfg(test)]
mod tests;
