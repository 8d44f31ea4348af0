//! The child's side: taking the orders, and holding on to the lifeline.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::orders::{self, Frame, Orders};
use super::{cgroup, descriptors, marker};
use crate::addr::ChannelAddr;
use crate::transport::unix::LOCK_FILE;

/// The exit code of a child that reached a runtime although it never took its orders.
pub const UNINITIALISED_EXIT_CODE: i32 = 86;

/// How long a child that ends by itself may still take once its lifeline is cut, in milliseconds.
pub const DISARMED_GRACE_MS: u64 = 10_000;

/// How long after the loss of its link a child waits for the end of its lifeline, in milliseconds. A process that dies
/// closes both at once.
pub const PARENT_GONE_MS: u64 = 1_000;

// The state of this process: it is a child or not, and `init` ran or not, once for all.
static INIT_RAN: AtomicBool = AtomicBool::new(false);
static ORDERS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Why a child could not take its orders. It is of no use then, and should exit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// The marker is set, but nobody sent orders: it was set by hand, or inherited.
    #[error(
        "`{}` is set, but stdin is a terminal: unset it, it is only for processes that mesh starts",
        marker::MARKER
    )]
    NoOrders,
    /// They were taken before.
    #[error("the orders were taken already")]
    AlreadyTaken,
    /// They could not be read.
    #[error("the orders cannot be read from stdin")]
    Orders {
        /// What was wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its threads cannot be bound to the processors it was given.
    #[error("the processors {cpus:?} cannot be used: {source}")]
    Cpus {
        /// Their numbers.
        cpus: Vec<u32>,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The lifeline could not be set up.
    #[error("the lifeline cannot be set up")]
    Lifeline(#[source] io::Error),
}

/// Whether this process was started as a child whose orders still wait on stdin.
pub fn diverted() -> bool {
    !ORDERS_TAKEN.load(Ordering::Acquire) && marker::is_set()
}

/// Notes that `init` ran in this process, so that it may start itself again as a child (`BOOT-4`).
pub fn mark_init() {
    INIT_RAN.store(true, Ordering::Release);
}

/// Whether `init` ran in this process.
pub fn init_ran() -> bool {
    INIT_RAN.load(Ordering::Acquire)
}

/// Ends this process if it is a child that never took its orders (`BOOT-4`). Every runtime calls it first.
pub fn refuse_uninitialised_child() {
    if diverted() {
        eprintln!(
            "mesh: this process was started as a child of a mesh program, but reached a runtime before it took its \
             orders: put `#[mesh::main]` on `main`, or call `mesh::init()` first in it"
        );
        std::process::exit(UNINITIALISED_EXIT_CODE);
    }
}

/// Takes the orders and starts to watch the lifeline; `None` in a process that is not a child. To be called first in
/// `main`, before any thread is started.
///
/// stdin reads as empty afterwards, and what this process starts does not inherit the lifeline.
///
/// # Errors
/// [`BootstrapError`]; the process should then exit.
pub fn take_orders() -> Result<Option<(Orders, Lifeline)>, BootstrapError> {
    if !marker::is_set() {
        return Ok(None);
    }
    if io::stdin().is_terminal() {
        return Err(BootstrapError::NoOrders);
    }
    if ORDERS_TAKEN.swap(true, Ordering::AcqRel) {
        return Err(BootstrapError::AlreadyTaken);
    }
    marker::remove_if_alone();
    descriptors::close_inherited();
    let mut pipe = detach_stdin().map_err(BootstrapError::Lifeline)?;
    let Frame { group, parent_pid, orders } =
        orders::read_frame(&mut pipe).map_err(|error| BootstrapError::Orders { source: error.into() })?;
    wake_when_parent_dies(parent_pid);
    let cgroup = orders.cgroup.clone().filter(|cgroup| cgroup::join(cgroup));
    let lifeline = Lifeline::watch(pipe, own_group(group), cgroup, socket_of(&orders.parent))
        .map_err(BootstrapError::Lifeline)?;
    if let Some(cpus) = &orders.cpus {
        // Threads that are started later inherit it; that of the lifeline runs anywhere.
        bind_to(cpus).map_err(|source| BootstrapError::Cpus { cpus: cpus.clone(), source })?;
    }
    Ok(Some((orders, lifeline)))
}

/// Moves stdin to a descriptor that is not inherited, and leaves an empty stdin behind.
fn detach_stdin() -> io::Result<File> {
    let pipe = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(pipe)
}

/// Has the kernel continue this process when its parent dies, so that it sees the end of its lifeline also when it is
/// stopped. Only for a direct child: below a wrapper the signal would mean the wrapper.
#[cfg(target_os = "linux")]
fn wake_when_parent_dies(parent_pid: u32) {
    let direct =
        rustix::process::getppid().is_some_and(|pid| u32::try_from(pid.as_raw_pid()) == Ok(parent_pid));
    if direct {
        // Where it is refused the lifeline still holds for every child that is not stopped.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::CONT));
    }
}

#[cfg(not(target_os = "linux"))]
fn wake_when_parent_dies(_parent_pid: u32) {}

/// Binds this thread, and those it starts from now on, to processors. All of them must be there: the kernel would take
/// those that are, in silence.
#[cfg(target_os = "linux")]
fn bind_to(cpus: &[u32]) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None)?;
    let mut set = CpuSet::new();
    for cpu in cpus {
        let number = usize::try_from(*cpu).unwrap_or(usize::MAX);
        if number >= CpuSet::MAX_CPU || !allowed.is_set(number) {
            return Err(io::Error::other(format!("processor {cpu} is not one of those allowed here")));
        }
        set.set(number);
    }
    Ok(sched_setaffinity(None, &set)?)
}

#[cfg(not(target_os = "linux"))]
fn bind_to(_cpus: &[u32]) -> io::Result<()> {
    Err(io::Error::other("threads cannot be bound to processors on this system"))
}

/// The socket at which the parent listens, if it is a file.
fn socket_of(parent: &ChannelAddr) -> Option<PathBuf> {
    match parent {
        ChannelAddr::Unix(path) => Some(PathBuf::from(&**path)),
        ChannelAddr::Memory(_) | ChannelAddr::Tcp(_) | ChannelAddr::Tls(_) => None,
    }
}

/// Removes what a parent that was killed could not: its socket, and the directory made for it. Another child, or the
/// parent itself before it died, may have come half the way.
fn remove_socket(path: &Path) {
    let _ = std::fs::remove_file(path);
    if let Some(dir) = path.parent() {
        let _ = std::fs::remove_file(dir.join(LOCK_FILE));
        // It is removed only if it is empty.
        let _ = std::fs::remove_dir(dir);
    }
}

/// The pipe to the launcher. At its end this process dies, with its process group (`PROC-1`), and the socket of the
/// parent is removed; dropping this value does not change that.
#[derive(Debug)]
pub struct Lifeline {
    watched: Arc<Watched>,
    /// Held, so that a thread can wait for a time without a clock.
    _open: mpsc::Sender<()>,
}

/// What is known of the pipe.
#[derive(Debug)]
struct Watched {
    disarmed: AtomicBool,
    cut: AtomicBool,
    group: Option<Pid>,
    cgroup: Option<PathBuf>,
    parent_socket: Option<PathBuf>,
}

impl Lifeline {
    /// Says that this process is about to exit by itself: the end of the pipe then leaves it
    /// [`DISARMED_GRACE_MS`] to do so.
    pub fn disarm(&self) {
        self.watched.disarmed.store(true, Ordering::Release);
    }

    /// Ends this process with `code`. If the lifeline is cut nobody is there to see it, nor to end what this process
    /// has started: it then dies with its group.
    pub fn exit(&self, code: i32) -> ! {
        self.disarm();
        if self.watched.cut.load(Ordering::Acquire) {
            die(&self.watched);
        }
        std::process::exit(code)
    }

    /// Ends this process after the link to its parent was lost: the end of the pipe tells that the parent is gone, and
    /// does more than this process could by its exit. If it does not come within [`PARENT_GONE_MS`] the parent lives,
    /// and is told by `code`.
    pub fn exit_orphaned(&self, code: i32) -> ! {
        let (_held, never) = mpsc::channel::<()>();
        let _ = never.recv_timeout(Duration::from_millis(PARENT_GONE_MS));
        self.exit(code)
    }

    fn watch(
        pipe: File,
        group: Option<Pid>,
        cgroup: Option<PathBuf>,
        parent_socket: Option<PathBuf>,
    ) -> io::Result<Lifeline> {
        const STACK_LEN: usize = 64 << 10;
        let (open, never) = mpsc::channel();
        let (disarmed, cut) = (AtomicBool::new(false), AtomicBool::new(false));
        let watched = Arc::new(Watched { disarmed, cut, group, cgroup, parent_socket });
        let lifeline = Lifeline { watched: watched.clone(), _open: open };
        std::thread::Builder::new().name("mesh-lifeline".into()).stack_size(STACK_LEN).spawn(move || {
            read_to_end(pipe);
            watched.cut.store(true, Ordering::Release);
            if let Some(socket) = &watched.parent_socket {
                remove_socket(socket);
            }
            if watched.disarmed.load(Ordering::Acquire) {
                let _ = never.recv_timeout(Duration::from_millis(DISARMED_GRACE_MS));
            }
            die(&watched)
        })?;
        Ok(lifeline)
    }
}

/// Blocks until the writing end is closed. Nothing is sent after the orders; an error means the same as the end.
fn read_to_end(mut pipe: File) {
    let mut buffer = [0; 64];
    loop {
        match pipe.read(&mut buffer) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// The process group `made` for this child by the launcher, if it is in it. Behind a wrapper it is, without being its
/// leader; a wrapper may also have taken it elsewhere, such as to a pid namespace where numbers mean other processes.
fn own_group(made: u32) -> Option<Pid> {
    let made = Pid::from_raw(made.try_into().ok()?)?;
    (group_number()? == made.as_raw_pid() && made != Pid::INIT).then_some(made)
}

/// The number of this process's group: 0 if its leader is outside this pid namespace, which `getpgrp` of rustix does
/// not allow for.
#[cfg(target_os = "linux")]
fn group_number() -> Option<i32> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // pid (name) state ppid pgrp …, where the name may contain anything.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(2)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn group_number() -> Option<i32> {
    Some(rustix::process::getpgrp().as_raw_pid())
}

/// Kills the cgroup and the process group made for this child, and this process in any case.
fn die(watched: &Watched) -> ! {
    if let Some(cgroup) = &watched.cgroup {
        // It may not be in it itself any more.
        cgroup::kill(cgroup);
    }
    if let Some(group) = watched.group {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    // Behind a wrapper that took it out of the group. As the first process of a pid namespace it cannot be killed so,
    // but its exit ends all others there.
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    std::process::exit(1)
}
