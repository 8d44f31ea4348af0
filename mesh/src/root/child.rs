//! A child: a proc or a host that a parent has started, in its own process or in this one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::in_process::InProcessLauncher;
use super::{FLUSH_TIMEOUT, Shared, agent_options, watch};
use crate::actor::{ActorHandle, ActorRef};
use crate::agent::{HOST_AGENT, HostAgent, Keeper, PROC_AGENT, ProcAgent, ShutdownHost};
use crate::bootstrap::{ChildKind, Orders, OsLauncher, ProcLauncher};
use crate::client::Client;
use crate::config;
use crate::gateway::{DoorError, Gateway};
use crate::host::{Backend, Host};
use crate::ident::GatewayId;
use crate::outbox::AdmitError;
use crate::proc::Proc;
use crate::watchdog::Watchdog;

/// A child could not come up.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChildError {
    /// Its parent did not answer, or refused.
    #[error("the parent did not let this child in: {0}")]
    Parent(#[from] DoorError),
    /// Its own actors could not be started.
    #[error(transparent)]
    Admit(#[from] AdmitError),
}

/// A child that runs.
pub(super) struct Child {
    proc: Proc,
    gateway: Gateway,
    shut_down: Arc<Notify>,
    killed: Arc<Notify>,
    host: Option<(Host, ActorHandle<HostAgent>)>,
    _watchdog: Option<Watchdog>,
}

/// Why a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildEnd {
    /// It was told to.
    Told,
    /// Its parent is gone.
    ParentLost,
    /// It was killed (in-process only).
    Killed,
}

impl Child {
    /// Starts a child: everything it has is reachable before it says hello.
    pub(super) async fn start(
        orders: Orders,
        shared: &Shared,
        in_process: bool,
    ) -> Result<Child, ChildError> {
        let id = GatewayId { uid: orders.proc.uid, incarnation: orders.incarnation };
        let gateway = shared.gateway(id, Some(orders.parent_location.clone()));
        let proc = shared.proc(orders.proc.clone(), &gateway);
        let shut_down = Arc::new(Notify::new());
        let (owner, logs) = (orders.owner.clone(), shared.logs.clone());
        proc.outbox().ports().begin_life(orders.life);
        let mut agent = ProcAgent::new(proc.clone(), shut_down.clone(), owner, logs);
        if let Some(mesh) = orders.mesh {
            agent.kept_by(Keeper::of(&proc, mesh, (orders.returns, orders.life), orders.guardian.clone()));
        }
        proc.spawn(agent, agent_options(PROC_AGENT))?;
        let host = match orders.kind {
            ChildKind::Host => {
                let (launcher, backend): (Arc<dyn ProcLauncher>, Backend) = if in_process {
                    (Arc::new(InProcessLauncher::new(shared.clone())), Backend::Memory)
                } else {
                    (Arc::new(OsLauncher::new()), Backend::Unix)
                };
                let (config, entropy) = (shared.config.clone(), shared.entropy.clone());
                let host =
                    Host::new(gateway.clone(), launcher, backend, config, entropy, shared.logs.clone());
                let agent = HostAgent::new(host.clone(), orders.owner.clone());
                let agent = proc.spawn(agent, agent_options(HOST_AGENT))?;
                Some((host, agent))
            }
            _ => None,
        };
        if let Err(error) = gateway.dial_up(&orders.parent, orders.token).await {
            // In process, what runs already would go on.
            proc.kill();
            return Err(error.into());
        }
        let watchdog = if in_process { None } else { watch(&proc) };
        let killed = Arc::new(Notify::new());
        Ok(Child { proc, gateway, shut_down, killed, host, _watchdog: watchdog })
    }

    /// What tells it to end.
    pub(super) fn signals(&self) -> (Arc<Notify>, Arc<Notify>) {
        (self.shut_down.clone(), self.killed.clone())
    }

    /// Runs until it is to end, then ends in order (`PROC-3`).
    pub(super) async fn run(self) -> ChildEnd {
        let end = tokio::select! {
            biased;
            () = self.killed.notified() => ChildEnd::Killed,
            () = self.gateway.uplink_lost() => ChildEnd::ParentLost,
            () = self.shut_down.notified() => ChildEnd::Told,
        };
        // Apart: what the end needs is not kept until then.
        Box::pin(self.end(end)).await
    }

    async fn end(&self, end: ChildEnd) -> ChildEnd {
        match end {
            ChildEnd::Killed => {
                self.proc.kill();
                self.end_procs_by_force();
                self.gateway.close(Duration::ZERO, "it was killed").await;
            }
            ChildEnd::ParentLost => {
                // First: this process may be killed at any moment, and then only procs that live can remove it.
                if let Some((host, _)) = &self.host {
                    host.close_backend().await;
                }
                self.end_procs_by_force();
                self.proc.kill();
                self.gateway.close(Duration::ZERO, "its parent is gone").await;
            }
            ChildEnd::Told => tokio::select! {
                biased;
                () = self.killed.notified() => {
                    self.proc.kill();
                    self.end_procs_by_force();
                    self.gateway.close(Duration::ZERO, "it was killed").await;
                    return ChildEnd::Killed;
                }
                () = self.end_in_order() => {}
            },
        }
        end
    }

    /// Ends what it has, in less time than its parent allows before it takes sterner means.
    async fn end_in_order(&self) {
        let allowed = self.proc.outbox().config().get(config::STOP_DRAIN_TIMEOUT);
        let within = allowed * 4 / 5;
        self.end_procs(within).await;
        self.proc.stop(&[HOST_AGENT, PROC_AGENT], within).await;
        self.gateway.close(FLUSH_TIMEOUT.min(allowed / 5), "it was told to end").await;
    }

    /// Ends the procs of a host, in order.
    async fn end_procs(&self, within: Duration) {
        let Some((host, agent)) = &self.host else { return };
        let why = "its host ends".to_owned();
        if let Ok(client) = Client::new(self.proc.clone()) {
            let asked =
                ActorRef::from(agent).message(ShutdownHost { why }).timeout(within).call(&client).await;
            if let Err(error) = asked {
                tracing::warn!(%error, "the procs of the host did not end in order");
            }
        }
        for child in host.running() {
            child.kill();
            let _ = tokio::time::timeout(within, child.exited()).await;
        }
    }

    fn end_procs_by_force(&self) {
        if let Some((host, _)) = &self.host {
            host.running().iter().for_each(|child| child.kill());
        }
    }
}
