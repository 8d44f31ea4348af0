//! One machine as a place for procs: it starts them, and knows how they end.
//!
//! A host has one front door for all its procs: its gateway. Children dial its backend, a socket of their own
//! transport, and show the token they were given. It does not know the verbs: see `agent`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::addr::{ChannelAddr, Location, PortAddr};
use crate::bootstrap::{
    BootstrapCommand, ChildKind, LaunchError, LaunchOrder, Orders, ProcLauncher, ProcSetup, ProcessHandle,
};
use crate::clock::{self, Entropy};
use crate::config::{self, CgroupParent, Config, Setting};
use crate::gateway::{DoorError, ExitObserver, Gateway, Listening};
use crate::ident::{ActorId, GatewayId, ProcId, Uid};
use crate::log::{LogSink, TRACE_LEVEL_AUTO, trace_level};
use crate::supervision::Exit;
use crate::transport::SocketDir;

/// How the children of a host are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Over a unix socket in a private directory: for OS processes.
    Unix,
    /// In memory: for in-process procs.
    Memory,
}

/// What is to be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildSpec {
    /// Whether it is a proc or a host of its own.
    pub kind: ChildKind,
    /// The incarnation of its gateway.
    pub incarnation: u64,
    /// The program, if not this one.
    pub command: Option<BootstrapCommand>,
    /// Settings that the child gets beside those it inherits: environment variable and value.
    pub config: Vec<(String, String)>,
    /// Its environment, working directory, processors, and a command around it.
    pub setup: ProcSetup,
    /// The same for each child of a host, on top: for the first, the second, and so on; none, or as many as each host
    /// has of them.
    pub slots: Vec<ProcSetup>,
    /// The mesh, where the agent of the host is told of what lives in its procs.
    pub mesh: Option<Uid>,
    /// Whether its ranks are brought back after a death.
    pub returns: bool,
    /// Who is told beside the host what lives in its procs, if that comes back elsewhere when the host is lost.
    pub guardian: Option<PortAddr>,
    /// How many lives its place has seen before.
    pub life: u32,
}

impl ChildSpec {
    /// The next life of the child at the same place: its gateway is another one.
    #[must_use]
    pub fn in_life(&self, life: u32) -> ChildSpec {
        ChildSpec { incarnation: self.incarnation.wrapping_add(life.into()), life, ..self.clone() }
    }

    /// The surroundings of the child at a rank.
    fn setup_at(&self, rank: u32) -> ProcSetup {
        let slot = (rank as usize).checked_rem(self.slots.len()).and_then(|slot| self.slots.get(slot));
        slot.map_or_else(|| self.setup.clone(), |slot| self.setup.clone().with(slot))
    }
}

/// A child could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The host's backend could not be served.
    #[error("the host's backend could not be served: {0}")]
    Backend(#[source] DoorError),
    /// The directory of the host's socket could not be made.
    #[error("the directory of the host's socket could not be made: {0}")]
    SocketDir(#[source] std::io::Error),
    /// It was not launched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It ended before it said hello.
    #[error("the process of {proc} ended before it said hello: {}{}", exit.status, last_words(exit))]
    DiedEarly {
        /// Which.
        proc: ProcId,
        /// How.
        exit: Exit,
    },
    /// It did not say hello in time, and was killed.
    #[error("the process of {proc} did not say hello within {} ms and was killed (MESH_SPAWN_TIMEOUT); does its `main` start with `#[mesh::main]` or `mesh::init()`?{}", after.as_millis(), last_words(exit))]
    NoHello {
        /// Which.
        proc: ProcId,
        /// How long it was waited for.
        after: Duration,
        /// How it ended when it was killed.
        exit: Exit,
    },
}

fn last_words(exit: &Exit) -> String {
    match exit.stderr_tail.last() {
        Some(line) => format!("; last on stderr: {line}"),
        None => String::new(),
    }
}

/// A child that has said hello.
#[derive(Debug, Clone)]
pub struct Started {
    /// The child.
    pub handle: ProcessHandle,
}

struct Served {
    addr: ChannelAddr,
    _listening: Listening,
    _dir: Option<SocketDir>,
}

/// One machine as a place for procs. Cloning shares it.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    /// The first field, and so dropped before the launcher kills: see [`Host::close_backend`].
    served: tokio::sync::Mutex<Option<Served>>,
    gateway: Gateway,
    launcher: Arc<dyn ProcLauncher>,
    backend: Backend,
    config: Config,
    entropy: Entropy,
    logs: LogSink,
    /// Handles of children that are starting or running: dropped with the host, which kills them.
    children: Mutex<Children>,
}

/// Those that have ended are let go when there are this many, and twice as many as were left.
const CHILDREN_SWEEP_MIN: usize = 64;

#[derive(Default)]
struct Children {
    handles: Vec<ProcessHandle>,
    sweep_at: usize,
}

impl Children {
    fn sweep(&mut self) {
        self.handles.retain(|child| child.try_exited().is_none());
        self.sweep_at = 2 * self.handles.len();
    }

    fn push(&mut self, handle: ProcessHandle) {
        if self.handles.len() >= self.sweep_at.max(CHILDREN_SWEEP_MIN) {
            self.sweep();
        }
        self.handles.push(handle);
    }
}

/// Knows the end of a child that may not yet be launched.
struct Observer {
    handle: watch::Receiver<Option<ProcessHandle>>,
}

impl ExitObserver for Observer {
    fn exited(&self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(async {
            let mut handle = self.handle.clone();
            let known = handle.wait_for(Option::is_some).await.map(|handle| handle.clone());
            match known {
                Ok(Some(handle)) => handle.exited().await,
                Ok(None) | Err(_) => Exit::unknown(),
            }
        })
    }

    fn kill(&self) {
        if let Some(handle) = &*self.handle.borrow() {
            handle.kill();
        }
    }

    fn give_up(&self, reason: &str) {
        if let Some(handle) = &*self.handle.borrow() {
            handle.give_up(reason);
        }
    }
}

impl Host {
    /// A host behind `gateway`, whose children `launcher` starts.
    pub fn new(
        gateway: Gateway,
        launcher: Arc<dyn ProcLauncher>,
        backend: Backend,
        config: Config,
        entropy: Entropy,
        logs: LogSink,
    ) -> Host {
        Host(Arc::new(Inner {
            gateway,
            launcher,
            backend,
            config,
            entropy,
            logs,
            served: tokio::sync::Mutex::new(None),
            children: Mutex::default(),
        }))
    }

    /// Where the output of its children goes.
    pub fn logs(&self) -> &LogSink {
        &self.0.logs
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Its gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.0.gateway
    }

    /// Opens the backend, once.
    async fn backend(&self) -> Result<ChannelAddr, StartError> {
        let mut served = self.0.served.lock().await;
        if let Some(served) = &*served {
            return Ok(served.addr.clone());
        }
        let (addr, dir) = match self.0.backend {
            Backend::Memory => (ChannelAddr::Memory(format!("host-{}", self.0.gateway.id()).into()), None),
            Backend::Unix => {
                let dir = SocketDir::new(None).map_err(StartError::SocketDir)?;
                (dir.addr("host"), Some(dir))
            }
        };
        let listening = self.0.gateway.serve(&addr).await.map_err(StartError::Backend)?;
        let addr = listening.addr().clone();
        *served = Some(Served { addr: addr.clone(), _listening: listening, _dir: dir });
        Ok(addr)
    }

    /// Closes the backend and removes its socket: no child comes in any more.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn close_backend(&self) {
        self.0.served.lock().await.take();
    }

    /// Starts a child that belongs to `owner`, and waits until it has said hello, which is when it is ready (`PROC-2`).
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    ///
    /// # Cancel safety
    /// Not cancel safe: the child may be left until the host goes.
    pub async fn start(
        &self,
        proc: &ProcId,
        spec: &ChildSpec,
        owner: Option<&ActorId>,
    ) -> Result<Started, StartError> {
        let parent = self.backend().await?;
        let token = match self.0.backend {
            Backend::Unix => clock::secret(),
            // In memory nobody else is there, and equal seeds are to give equal runs.
            Backend::Memory => {
                let (high, low) = (self.0.entropy.next_u64(), self.0.entropy.next_u64());
                ((u128::from(high) << 64) | u128::from(low)).to_le_bytes()
            }
        };
        let own = GatewayId { uid: proc.uid, incarnation: spec.incarnation };
        let location = match spec.kind {
            ChildKind::Host => Location { gateway: own, door: None },
            _ => (*self.0.gateway.location()).clone(),
        };
        let mut settings = self.0.config.inheritable();
        let level = self.0.config.get(config::TRACE_LEVEL);
        if *level == *TRACE_LEVEL_AUTO {
            settings.push(("MESH_TRACE_LEVEL".to_owned(), trace_level(&level)));
        }
        let cgroup = self.0.config.get(config::CGROUP);
        if spec.kind == ChildKind::Host && cgroup != CgroupParent::None {
            // Its procs go below the one that is made for it, and so with it.
            settings.extend([("MESH_CGROUP".to_owned(), CgroupParent::Own.print())]);
        }
        settings.extend(spec.config.iter().cloned());
        let orders = Orders {
            kind: spec.kind,
            proc: proc.clone(),
            parent,
            parent_location: location,
            token,
            incarnation: spec.incarnation,
            seed: self.0.config.get(config::SEED).map(|_| self.0.entropy.next_u64()),
            config: settings,
            mesh_label: proc.label.to_string(),
            owner: owner.cloned(),
            cpus: None,
            cgroup: None,
            mesh: spec.mesh,
            returns: spec.returns,
            guardian: spec.guardian.clone(),
            life: spec.life,
            payload: Vec::new(),
        };
        let (known, handle) = watch::channel(None);
        let mut expected = self.0.gateway.expect(token, proc.clone(), Arc::new(Observer { handle }));
        let order = LaunchOrder {
            orders,
            command: spec.command.clone(),
            setup: spec.setup_at(proc.rank.unwrap_or(0)),
            cgroup,
            logs: self.0.logs.clone(),
            label: proc.to_string(),
            stderr_tail_lines: self.0.config.get(config::STDERR_TAIL_LINES),
        };
        let handle = self.0.launcher.launch(order).await?.control;
        let _ = known.send(Some(handle.clone()));
        self.children().push(handle.clone());
        let after = self.0.config.get(config::SPAWN_TIMEOUT);
        tokio::select! {
            biased;
            exit = handle.exited() => Err(StartError::DiedEarly { proc: proc.clone(), exit }),
            arrived = tokio::time::timeout(after, expected.arrived()) => match arrived {
                Ok(Some(_)) => Ok(Started { handle }),
                Ok(None) | Err(_) => {
                    handle.kill();
                    let wait = self.0.config.get(config::EXIT_STATUS_WAIT);
                    let exit = tokio::time::timeout(wait, handle.exited()).await;
                    let exit = exit.unwrap_or_else(|_| Exit::unknown());
                    Err(StartError::NoHello { proc: proc.clone(), after, exit })
                }
            }
        }
    }

    fn children(&self) -> std::sync::MutexGuard<'_, Children> {
        self.0.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The children that have not ended.
    pub fn running(&self) -> Vec<ProcessHandle> {
        let mut children = self.children();
        children.sweep();
        children.handles.clone()
    }

    /// Ends a child that was asked to: waits for it, then SIGTERM, then SIGKILL, each bounded (`PROC-3`).
    ///
    /// # Cancel safety
    /// Not cancel safe: the escalation stops where it was.
    pub async fn escalate(&self, handle: &ProcessHandle) -> Exit {
        let drain = self.0.config.get(config::STOP_DRAIN_TIMEOUT);
        if let Ok(exit) = tokio::time::timeout(drain, handle.exited()).await {
            return exit;
        }
        handle.terminate();
        let term = self.0.config.get(config::STOP_TERM_TIMEOUT);
        if let Ok(exit) = tokio::time::timeout(term, handle.exited()).await {
            return exit;
        }
        handle.kill();
        handle.exited().await
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Host").field(&self.0.gateway).finish()
    }
}
