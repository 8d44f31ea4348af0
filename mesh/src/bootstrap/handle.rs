//! A hold on a child: its signals and its end.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

pub use crate::supervision::Exit;

/// How one launcher's children are ended. Both only start it; the end is seen through [`ProcessHandle::exited`].
pub trait ProcessControl: Send + Sync + fmt::Debug {
    /// Asks the child to end.
    fn terminate(&self);

    /// Ends the child without asking.
    fn kill(&self);
}

/// A child. Cloning shares it; when the last clone goes the child is killed (`BOOT-3`).
#[derive(Clone, Debug)]
pub struct ProcessHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pid: Option<u32>,
    control: Arc<dyn ProcessControl>,
    exit: watch::Receiver<Option<Exit>>,
}

impl ProcessHandle {
    /// A handle for a child that `control` ends, and the one means of reporting its end.
    pub fn new(pid: Option<u32>, control: Arc<dyn ProcessControl>) -> (ProcessHandle, ExitReporter) {
        let (sender, exit) = watch::channel(None);
        (ProcessHandle { shared: Arc::new(Shared { pid, control, exit }) }, ExitReporter { sender })
    }

    /// Its process id; `None` for a child that is not a process.
    pub fn pid(&self) -> Option<u32> {
        self.shared.pid
    }

    /// Asks it to end: SIGTERM to its process group. Nothing once it has ended.
    pub fn terminate(&self) {
        self.shared.control.terminate();
    }

    /// Ends it: SIGKILL to its process group. Nothing once it has ended.
    pub fn kill(&self) {
        self.shared.control.kill();
    }

    /// Waits until it has ended, and all it wrote was forwarded (`BOOT-1`).
    ///
    /// # Cancel safety
    /// Safe; any number of tasks may wait, and all get the same answer.
    pub async fn exited(&self) -> Exit {
        let mut exit = self.shared.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or_else(Exit::unknown),
            Err(_) => Exit::unknown(),
        }
    }

    /// How it ended, if it has.
    pub fn try_exited(&self) -> Option<Exit> {
        self.shared.exit.borrow().clone()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let running = self.exit.borrow().is_none();
        if running {
            self.control.kill();
        }
    }
}

/// Reports the end of a child, once. Dropped without a report it reports [`Exit::unknown`], so that every wait ends.
#[derive(Debug)]
pub struct ExitReporter {
    sender: watch::Sender<Option<Exit>>,
}

impl ExitReporter {
    /// Reports it.
    pub fn report(self, exit: Exit) {
        self.sender.send_replace(Some(exit));
    }
}

impl Drop for ExitReporter {
    fn drop(&mut self) {
        self.sender.send_if_modified(|exit| {
            let unreported = exit.is_none();
            if unreported {
                *exit = Some(Exit::unknown());
            }
            unreported
        });
    }
}
