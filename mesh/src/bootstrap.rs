//! Starts an OS process, hands it its orders, and knows how it ended.
//!
//! [`OsLauncher`] re-executes this program (or runs a [`BootstrapCommand`]). The child finds a marker in its
//! environment, reads its [`Orders`] from stdin ([`child::take_orders`]), and keeps that pipe as its lifeline. This
//! module does not know gateways, procs or actors: what the orders are for is the business of the layers above.
//!
//! ```text
//! launcher                                  child, leader of a process group of its own
//!    │ ── stdin: group │ len │ orders ────────►  take_orders
//!    │ ══ stdin stays open: the lifeline ═════►  end of file: launcher's socket removed, SIGKILL to its whole group
//!    │ ◄─ stdout, stderr: lines ───────────────  drained into the LogSink
//!    │ ◄─ exit: seen, group killed, drained, reaped, reported once
//! ```
//!
//! Invariants
//! - `BOOT-1` the end of a child is reported exactly once, after all it wrote was read (`PROC-2`, `PROC-4`); the wait
//!   for a pipe that something else still holds is at most [`DRAIN_AFTER_EXIT_MS`].
//! - `BOOT-2` a signal goes to a process group only while its leader is not reaped, so never to a stranger that got
//!   the same number.
//! - `BOOT-3` a child outlives neither its launcher, nor its last [`ProcessHandle`], nor the process that started it.
//! - `BOOT-4` no program runs itself by accident: re-execution is refused until [`mark_init`], and a child that never
//!   took its orders exits in [`refuse_uninitialised_child`].
//!
//! # What holds (`PROC-1`)
//! Whatever a child starts stays in its process group, and dies with it: when the child ends, in whatever way, the
//! launcher kills the rest of the group; when the launching process ends, also by SIGKILL, the child's lifeline does
//! (behind a wrapper too, unless that takes it out of the group: then the child alone ends).
//! What escapes: a grandchild that leaves the group (`setsid`, `setpgid`), and all grandchildren when launching process
//! and child are killed by SIGKILL at one time, so that nobody is left to kill the group. A stopped child is woken to
//! see the end of its lifeline: on Linux, for a direct child, by its parent-death signal, which is SIGCONT. It is not
//! SIGKILL, since a child that dies before it has killed its group leaves its grandchildren behind.
//!
//! With `MESH_CGROUP` each child has a cgroup (v2) beside its group, and whoever kills the one kills the other: then
//! nothing escapes that has not the right to change its cgroup. A host makes the cgroups of its procs below its own, so
//! that they go with it. What was asked for and cannot be had is an error of the launch, which says why. A cgroup is
//! removed when its child has ended; those of a program that was killed, when the next program with the same parent
//! starts its first child.
//!
//! There is no subreaper (`PR_SET_CHILD_SUBREAPER`). Whoever adopts orphans has to reap them, and in a program cannot tell
//! those from the children that a user's code has started and waits for. In a host, where no user's code runs, it would do
//! no harm, and not help: what is adopted has lost its parent, and with a session of its own also its group, so nothing
//! tells the daemon that a living proc has started from what a dead one left, and the end of one proc would either kill
//! what belongs to others or nothing; a mark to tell them by would have to be in an environment that is promised to hold
//! what was declared alone. And where orphans matter most, when the host itself is killed, they are handed on to whoever
//! is above it. The cgroup answers all of this, for programs as for hosts.
//!
//! # What a child inherits
//! The environment of its launcher, with what [`BootstrapCommand`] and [`ProcSetup`] declare on top, or that alone
//! ([`ProcSetup::clean_env`]). Of descriptors stdin, stdout and stderr: all that we open is close-on-exec, and what others
//! in the launching process have opened without that mark the child closes first of all (Linux; a wrapper keeps it).

mod cgroup;
pub mod child;
mod command;
mod descriptors;
mod handle;
mod launcher;
mod marker;
mod orders;
mod os;
mod reaper;
mod setup;

pub use self::cgroup::CgroupError;
pub use self::child::{
    BootstrapError, DISARMED_GRACE_MS, Lifeline, PARENT_GONE_MS, UNINITIALISED_EXIT_CODE, diverted, init_ran,
    mark_init, refuse_uninitialised_child, take_orders,
};
pub use self::command::BootstrapCommand;
pub use self::handle::{Exit, ExitReporter, ProcessControl, ProcessHandle};
pub use self::launcher::{LaunchError, LaunchOrder, Launched, ProcLauncher};
pub use self::marker::MARKER;
pub use self::orders::{ChildKind, ORDERS_LEN_MAX, Orders, OrdersError};
pub use self::os::{LAUNCH_QUEUE_LEN, OsLauncher};
pub use self::reaper::DRAIN_AFTER_EXIT_MS;
pub use self::setup::ProcSetup;

#[cfg(test)]
mod tests;
