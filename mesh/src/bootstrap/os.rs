//! Children as OS processes.

use std::collections::BTreeMap;
use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;
use rustix::process::{Pid, Signal};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::cgroup::Cgroup;
use super::child::init_ran;
use super::command::BootstrapCommand;
use super::handle::{ProcessControl, ProcessHandle};
use super::launcher::{LaunchError, LaunchOrder, Launched, ProcLauncher};
use super::orders;
use super::reaper::{Reaper, reap_in_background};
use super::setup::ProcSetup;

/// How many launches may wait for the launching thread; further ones wait in [`ProcLauncher::launch`].
pub const LAUNCH_QUEUE_LEN: usize = 64;

/// Starts children as OS processes of this machine; dropped, it kills those that still run (`BOOT-3`).
///
/// All are started from one thread that lives as long as the launcher, since a parent-death signal means the death of
/// the thread that started the child. It starts with the first launch.
#[derive(Debug, Default)]
pub struct OsLauncher {
    command: Option<BootstrapCommand>,
    thread: Mutex<Option<mpsc::Sender<Job>>>,
    children: Arc<Children>,
}

impl OsLauncher {
    /// Starts this program again, unless an order says otherwise.
    pub fn new() -> OsLauncher {
        OsLauncher::default()
    }

    /// Starts `command`, unless an order says otherwise.
    pub fn with_command(command: BootstrapCommand) -> OsLauncher {
        let mut launcher = OsLauncher::new();
        launcher.command = Some(command);
        launcher
    }

    /// The command to run, checked (`BOOT-4`).
    fn command(&self, ordered: Option<BootstrapCommand>) -> Result<BootstrapCommand, LaunchError> {
        let command = match ordered.or_else(|| self.command.clone()) {
            Some(command) => command,
            None => BootstrapCommand::current_exe().map_err(|source| spawn_error("this program", source))?,
        };
        if !init_ran() && command.is_current_exe() {
            return Err(LaunchError::InitMissing);
        }
        Ok(command)
    }

    /// The queue of the launching thread.
    fn jobs(&self) -> io::Result<mpsc::Sender<Job>> {
        let mut thread = lock(&self.thread);
        if let Some(jobs) = &*thread {
            return Ok(jobs.clone());
        }
        let (sender, jobs) = mpsc::channel(LAUNCH_QUEUE_LEN);
        std::thread::Builder::new().name("mesh-launch".into()).spawn(move || run_jobs(jobs))?;
        Ok(thread.insert(sender).clone())
    }

    async fn spawn(&self, command: Command) -> io::Result<Running> {
        let gone = || io::Error::other("the launching thread has ended");
        let (reply, answer) = oneshot::channel();
        let job = Job { command, children: self.children.clone(), reply };
        self.jobs()?.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[async_trait]
impl ProcLauncher for OsLauncher {
    async fn launch(&self, order: LaunchOrder) -> Result<Launched, LaunchError> {
        let LaunchOrder { mut orders, command, setup, cgroup, logs, label, stderr_tail_lines } = order;
        let command = self.command(command)?;
        let cgroup = Cgroup::make(&cgroup)?;
        orders.cpus.clone_from(&setup.cpus);
        orders.cgroup = cgroup.as_ref().map(|cgroup| cgroup.path().to_owned());
        let body = orders::Body::new(std::process::id(), &orders)?;
        let mut running = match self.spawn(command.to_std(&setup)).await {
            Ok(running) => running,
            Err(error) => return Err(explain(command, setup, error)),
        };
        if let Some(cgroup) = cgroup {
            // Before it has its orders: it has done nothing yet. A wrapper may have; the child then joins by itself.
            cgroup.take_in(running.id())?;
            running.group.set_cgroup(cgroup);
        }
        let pipes = running.take_pipes().map_err(|source| spawn_error(command.program, source))?;
        let group = running.group.clone();
        let pid = running.id();
        let frame = body.frame(pid);
        let (control, reporter) = ProcessHandle::new(Some(pid), group);
        tokio::spawn(Reaper { running, pipes, frame, logs, label, stderr_tail_lines, reporter }.run());
        Ok(Launched { pid: Some(pid), control })
    }
}

impl Drop for OsLauncher {
    fn drop(&mut self) {
        let running: Vec<_> = lock(&self.children.running).values().filter_map(Weak::upgrade).collect();
        for group in running {
            group.kill();
        }
    }
}

fn explain(command: BootstrapCommand, setup: ProcSetup, source: io::Error) -> LaunchError {
    let program = setup.wrapper.into_iter().next().map_or(command.program, Into::into);
    let cwd = setup.cwd.or(command.cwd);
    match cwd {
        Some(cwd) if source.kind() == io::ErrorKind::NotFound && !cwd.is_dir() => {
            LaunchError::DirectoryNotFound { program, cwd }
        }
        _ if source.kind() == io::ErrorKind::NotFound => LaunchError::ProgramNotFound { program },
        _ => LaunchError::Spawn { program, source },
    }
}

fn spawn_error(program: impl Into<std::path::PathBuf>, source: io::Error) -> LaunchError {
    LaunchError::Spawn { program: program.into(), source }
}

/// One launch, on its way to the launching thread.
#[derive(Debug)]
struct Job {
    command: Command,
    children: Arc<Children>,
    reply: oneshot::Sender<io::Result<Running>>,
}

/// The launching thread. It ends when the launcher is gone.
fn run_jobs(mut jobs: mpsc::Receiver<Job>) {
    while let Some(Job { mut command, children, reply }) = jobs.blocking_recv() {
        if reply.is_closed() {
            continue;
        }
        let running = command.spawn().map(|child| Running::new(child, &children));
        // If nobody waits any more the child comes back and is killed by its drop.
        let _ = reply.send(running);
    }
}

/// The children of one launcher, for its drop.
#[derive(Debug, Default)]
struct Children {
    running: Mutex<BTreeMap<u32, Weak<Group>>>,
}

/// A child that is not reaped. Dropped, it is killed and reaped in the background.
#[derive(Debug)]
pub(super) struct Running {
    child: Option<Child>,
    pub(super) group: Arc<Group>,
    children: Arc<Children>,
}

/// Our ends of the pipes of a child.
#[derive(Debug)]
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

impl Running {
    fn new(child: Child, children: &Arc<Children>) -> Running {
        let group =
            Arc::new(Group { leader: Mutex::new(Some(Pid::from_child(&child))), cgroup: Mutex::default() });
        // The number is ours until the child is reaped, and its entry is removed before that.
        lock(&children.running).insert(child.id(), Arc::downgrade(&group));
        Running { child: Some(child), group, children: children.clone() }
    }

    /// Its process id, which is also the number of its group.
    pub(super) fn id(&self) -> u32 {
        self.child.as_ref().expect("it is not reaped yet").id()
    }

    fn take_pipes(&mut self) -> io::Result<Pipes> {
        let child = self.child.as_mut().expect("it is not reaped yet");
        let expect = "all three are piped, and taken once";
        Ok(Pipes {
            stdin: ChildStdin::from_std(child.stdin.take().expect(expect))?,
            stdout: ChildStdout::from_std(child.stdout.take().expect(expect))?,
            stderr: ChildStderr::from_std(child.stderr.take().expect(expect))?,
        })
    }

    /// Takes the status of a child that has ended; from here on its number is no longer ours (`BOOT-2`).
    pub(super) fn reap(mut self) -> io::Result<Option<std::process::ExitStatus>> {
        let mut child = self.child.take().expect("it is reaped once, here or by drop");
        self.forget(&child);
        let mut leader = lock(&self.group.leader);
        *leader = None;
        child.try_wait()
    }

    fn forget(&self, child: &Child) {
        lock(&self.children.running).remove(&child.id());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            self.forget(&child);
            self.group.kill();
            *lock(&self.group.leader) = None;
            reap_in_background(child);
        }
    }
}

/// The process group of a child. Its leader is the child; `None` once that is reaped (`BOOT-2`).
#[derive(Debug)]
pub(super) struct Group {
    leader: Mutex<Option<Pid>>,
    /// All its descendants, if there is one.
    cgroup: Mutex<Option<Cgroup>>,
}

impl Group {
    fn set_cgroup(&self, cgroup: Cgroup) {
        *lock(&self.cgroup) = Some(cgroup);
    }

    /// Takes the cgroup out, for the one who removes it.
    pub(super) fn take_cgroup(&self) -> Option<Cgroup> {
        lock(&self.cgroup).take()
    }

    pub(super) fn leader(&self) -> Option<Pid> {
        *lock(&self.leader)
    }

    fn signal(&self, signal: Signal) {
        let leader = lock(&self.leader);
        if let Some(pid) = *leader {
            // It fails only if all are gone, or have become another user's.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

impl ProcessControl for Group {
    fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn kill(&self) {
        self.signal(Signal::KILL);
        if let Some(cgroup) = &*lock(&self.cgroup) {
            cgroup.kill();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
