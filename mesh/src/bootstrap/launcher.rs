//! The seam at which a proc is started somewhere.

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;

use async_trait::async_trait;

use super::cgroup::CgroupError;
use super::command::BootstrapCommand;
use super::handle::ProcessHandle;
use super::orders::{Orders, OrdersError};
use super::setup::ProcSetup;
use crate::config::CgroupParent;
use crate::log::LogSink;

/// Starts children: as OS processes, within this process, or by other means.
#[async_trait]
pub trait ProcLauncher: Send + Sync + Debug {
    /// Starts one. That it started does not say that it is ready: readiness is a message of its own (`PROC-2`).
    ///
    /// # Errors
    /// [`LaunchError`], when nothing was started.
    ///
    /// # Cancel safety
    /// What was started by a launch that is dropped is killed.
    async fn launch(&self, order: LaunchOrder) -> Result<Launched, LaunchError>;
}

/// What to start.
#[derive(Clone, Debug)]
pub struct LaunchOrder {
    /// What it is told.
    pub orders: Orders,
    /// What to execute; `None` for the launcher's own command.
    pub command: Option<BootstrapCommand>,
    /// Its environment, working directory, processors, and a command around it.
    pub setup: ProcSetup,
    /// Where a cgroup is made for it.
    pub cgroup: CgroupParent,
    /// Where its output goes.
    pub logs: LogSink,
    /// The name before each of its lines, such as `workers/3`.
    pub label: String,
    /// How many of its last stderr lines are kept for the report of its end.
    pub stderr_tail_lines: usize,
}

/// What was started.
#[derive(Clone, Debug)]
pub struct Launched {
    /// Its process id; `None` if it is not a process of its own.
    pub pid: Option<u32>,
    /// The hold on it.
    pub control: ProcessHandle,
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no such program.
    #[error("there is no program `{}`", .program.display())]
    ProgramNotFound {
        /// What was asked for.
        program: PathBuf,
    },
    /// The working directory does not exist.
    #[error("there is no directory `{}` to start `{}` in", .cwd.display(), .program.display())]
    DirectoryNotFound {
        /// The program.
        program: PathBuf,
        /// The directory.
        cwd: PathBuf,
    },
    /// The system refused.
    #[error("`{}` cannot be started", .program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The cgroup that the configuration asks for cannot be had.
    #[error("MESH_CGROUP cannot be honoured: {0}")]
    Cgroup(#[from] CgroupError),
    /// The orders cannot be sent.
    #[error("the orders cannot be sent")]
    Orders(#[from] OrdersError),
    /// This program would be run again as a child, but never called `mesh::init()`, so that the child would do all
    /// over again what this process does.
    #[error(
        "this program cannot be started as a child, since `mesh::init()` has not run in it: put `#[mesh::main]` on \
         `main`, or call `mesh::init()` first in it; to start another program, set a `BootstrapCommand`"
    )]
    InitMissing,
}
