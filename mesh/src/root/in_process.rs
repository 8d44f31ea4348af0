//! Children in this process, each with a gateway of its own, over links without bytes or over a network in memory. They
//! die and are cut off as processes do, and replay from a seed.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::Shared;
use super::child::{Child, ChildEnd};
use crate::bootstrap::{
    Exit, LaunchError, LaunchOrder, Launched, ProcLauncher, ProcessControl, ProcessHandle,
};
use crate::clock::Entropy;
use crate::supervision::ExitStatus;

/// Starts children as tasks.
pub(super) struct InProcessLauncher {
    shared: Shared,
}

impl InProcessLauncher {
    pub(super) fn new(shared: Shared) -> InProcessLauncher {
        InProcessLauncher { shared }
    }
}

impl fmt::Debug for InProcessLauncher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessLauncher").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Signals {
    shut_down: Notify,
    killed: Notify,
}

impl ProcessControl for Signals {
    fn terminate(&self) {
        self.shut_down.notify_one();
    }

    fn kill(&self) {
        self.killed.notify_one();
    }
}

#[async_trait]
impl ProcLauncher for InProcessLauncher {
    async fn launch(&self, order: LaunchOrder) -> Result<Launched, LaunchError> {
        let signals = Arc::new(Signals::default());
        let (control, reporter) = ProcessHandle::new(None, signals.clone());
        let mut shared = self.shared.clone();
        // Of its own, so that what one proc draws does not change what another does.
        shared.entropy =
            Entropy::from_seed(order.orders.seed.unwrap_or_else(|| self.shared.entropy.next_u64()));
        match shared.config.clone().inherit(order.orders.config.clone()) {
            Ok(config) => shared.config = config,
            // As a process would, it does not come up with settings that are wrong.
            Err(error) => {
                reporter.report(Exit { status: ExitStatus::Code(1), stderr_tail: vec![error.to_string()] });
                return Ok(Launched { pid: None, control });
            }
        }
        tokio::spawn(async move {
            let exit = match Child::start(order.orders, &shared, true).await {
                Err(error) => Exit { status: ExitStatus::Code(1), stderr_tail: vec![error.to_string()] },
                Ok(child) => {
                    let (shut_down, killed) = child.signals();
                    let relay = async {
                        tokio::select! {
                            biased;
                            () = signals.killed.notified() => killed.notify_one(),
                            () = signals.shut_down.notified() => shut_down.notify_one(),
                        }
                        // A kill may follow a request to end.
                        signals.killed.notified().await;
                        killed.notify_one();
                        std::future::pending::<()>().await;
                    };
                    let end = tokio::select! {
                        biased;
                        () = relay => unreachable!("a relay never ends"),
                        end = child.run() => end,
                    };
                    match end {
                        ChildEnd::Told => Exit { status: ExitStatus::Code(0), stderr_tail: Vec::new() },
                        ChildEnd::ParentLost | ChildEnd::Killed => Exit::unknown(),
                    }
                }
            };
            reporter.report(exit);
        });
        Ok(Launched { pid: None, control })
    }
}
