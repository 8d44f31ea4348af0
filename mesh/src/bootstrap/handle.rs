//! A hold on a child: its signals and its end.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

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
    end: Arc<End>,
}

/// The end of a child. Not a `watch`: that wakes those who wait in an order of chance, and equal seeds are to give equal
/// runs.
#[derive(Debug, Default)]
struct End {
    exit: OnceLock<Exit>,
    /// Why it was given up, if it was.
    given_up: OnceLock<String>,
    reported: Notify,
}

impl End {
    /// The first report counts. Those who wait are woken in the order in which they came.
    fn report(&self, exit: Exit) {
        let _ = self.exit.set(exit);
        self.reported.notify_waiters();
    }

    /// Waits for what `look` finds.
    async fn until<T>(&self, look: impl Fn(&End) -> Option<T>) -> T {
        loop {
            let mut reported = pin!(self.reported.notified());
            // From here on a report is not missed.
            reported.as_mut().enable();
            if let Some(found) = look(self) {
                return found;
            }
            reported.await;
        }
    }
}

impl ProcessHandle {
    /// A handle for a child that `control` ends, and the one means of reporting its end.
    pub fn new(pid: Option<u32>, control: Arc<dyn ProcessControl>) -> (ProcessHandle, ExitReporter) {
        let end = Arc::new(End::default());
        let shared = Shared { pid, control, end: end.clone() };
        (ProcessHandle { shared: Arc::new(shared) }, ExitReporter { end })
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

    /// Ends it as one that does not answer any more.
    pub fn give_up(&self, reason: &str) {
        if self.shared.end.exit.get().is_none() {
            let _ = self.shared.end.given_up.set(reason.to_owned());
        }
        self.kill();
        self.shared.end.reported.notify_waiters();
    }

    /// Why it was given up, if it was.
    pub fn given_up(&self) -> Option<&str> {
        self.shared.end.given_up.get().map(String::as_str)
    }

    /// As [`exited`](ProcessHandle::exited); but one that was given up, and that not even a kill ends `within` this time,
    /// as in the middle of a system call, counts as ended.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn exited_or_given_up(&self, within: Duration) -> Exit {
        let end = &self.shared.end;
        end.until(|end| (end.exit.get().is_some() || end.given_up.get().is_some()).then_some(())).await;
        if end.given_up.get().is_none() {
            return self.exited().await;
        }
        tokio::time::timeout(within, self.exited()).await.unwrap_or_else(|_| Exit::unknown())
    }

    /// Waits until it has ended, and all it wrote was forwarded (`BOOT-1`).
    ///
    /// # Cancel safety
    /// Safe; any number of tasks may wait, and all get the same answer.
    pub async fn exited(&self) -> Exit {
        self.shared.end.until(|end| end.exit.get().cloned()).await
    }

    /// How it ended, if it has.
    pub fn try_exited(&self) -> Option<Exit> {
        self.shared.end.exit.get().cloned()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let running = self.end.exit.get().is_none();
        if running {
            self.control.kill();
        }
    }
}

/// Reports the end of a child, once. Dropped without a report it reports [`Exit::unknown`], so that every wait ends.
#[derive(Debug)]
pub struct ExitReporter {
    end: Arc<End>,
}

impl ExitReporter {
    /// Reports it.
    pub fn report(self, exit: Exit) {
        self.end.report(exit);
    }
}

impl Drop for ExitReporter {
    fn drop(&mut self) {
        self.end.report(Exit::unknown());
    }
}
