//! A root of the test's own, whose children are this binary and carry a token.

use std::time::Duration;

use mesh::config::{self, Config};
use mesh::log::{LogSink, MemoryLog};
use mesh::prelude::*;
use mesh::{BootstrapCommand, CallErrorKind, ExitStatus, Launch, Root, RootOptions};
use rustix::process::{Pid, Signal};

use crate::actors::Victim;
use crate::proc_fs::{TOKEN, Token, eventually, gone, is_stopped};

/// How long a step may take that needs no more than a few messages.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct World {
    pub(crate) root: Root,
    pub(crate) token: Token,
    pub(crate) log: MemoryLog,
}

impl World {
    /// A root with settings that fit a test.
    pub(crate) async fn start() -> World {
        World::with(Config::default().with(config::CHILD_WORKER_THREADS, 2)).await
    }

    pub(crate) async fn with(config: Config) -> World {
        let token = Token::fresh();
        let mut command = BootstrapCommand::current_exe().unwrap();
        command.env = vec![(TOKEN.into(), (&*token).into())];
        let (logs, log) = LogSink::memory();
        let options = RootOptions {
            config,
            launch: Launch::Command(command),
            logs: Some(logs),
            ..RootOptions::default()
        };
        World { root: Root::start(options).await.unwrap(), token, log }
    }

    pub(crate) fn client(&self) -> &Client {
        self.root.client()
    }

    /// Failures do not end the test; they are read from the client.
    pub(crate) fn handle_failures(&self) {
        self.client().on_failure(|_| Directive::Handled);
    }

    /// Procs named `workers` on this host, with a victim each.
    pub(crate) async fn victims(&self, workers: usize) -> (ProcMesh, ActorMesh<Victim>) {
        let cx = self.client();
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = workers)).await.unwrap();
        let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
        (procs, victims)
    }

    /// Ends in order, and sees that nothing is left.
    pub(crate) async fn end(self) {
        self.root.shutdown().await;
        gone(&self.token).await;
    }
}

/// Bounds a step.
#[track_caller]
pub(crate) fn soon<T>(step: impl Future<Output = T>) -> impl Future<Output = T> {
    let at = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(SOON, step).await {
            Ok(output) => output,
            Err(_) => panic!("the step at {at} hangs"),
        }
    }
}

/// Alive, or not yet reaped by init: a zombie does nothing more.
pub(crate) fn is_alive(pid: u32) -> bool {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    crate::proc_fs::state(pid).is_some_and(|state| state != 'Z' && state != 'X')
}

pub(crate) fn send_signal(pid: u32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

/// Stops a process; once this returns, none of its threads answers any more.
pub(crate) async fn stop(pid: u32) {
    send_signal(pid, Signal::STOP);
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    assert!(eventually(|| is_stopped(pid)).await, "{pid:?} still runs");
}

/// How a lost proc ended, and its last words.
#[track_caller]
pub(crate) fn lost(kind: &CallErrorKind) -> (&ExitStatus, &[String]) {
    match kind {
        CallErrorKind::ProcLost { exit, stderr_tail, .. } => (exit, stderr_tail),
        other => panic!("not a lost proc: {other:?}"),
    }
}

pub(crate) const KILLED: ExitStatus = ExitStatus::Signal { signal: 9, core_dumped: false };
