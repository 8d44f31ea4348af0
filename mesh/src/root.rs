//! Programs: the root value, its children, and the entry points that `#[mesh::main]` and `#[mesh::test]` call.
//!
//! ```text
//! main ─ init() ─┬─ a child? ─► orders from stdin ─► proc + agent ─► dial the parent ─► run until told to end
//!                └─ no ─► Root::start ─► gateway, client's proc, its agents ─► user's main ─► shutdown
//! ```

mod child;
mod entry;
mod in_process;
mod logs;
mod signals;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

pub use entry::{Error, MainOptions, MainOutput, init, run_main, run_process_test, run_test};

use crate::actor::ActorHandle;
use crate::actor::{OrphanSupervisor, SpawnEnv, SpawnOptions, install_panic_hook};
use crate::addr::Location;
use crate::agent::{HOST_AGENT, HostAgent, PROC_AGENT, ProcAgent, ShutdownHost};
use crate::bootstrap::{BootstrapCommand, OsLauncher, ProcLauncher};
use crate::client::Client;
use crate::clock::Entropy;
use crate::config::{self, Config, ConfigError, Key, Layer};
use crate::event::EventLog;
use crate::gateway::{Gateway, GatewayConfig};
use crate::host::{Backend, Host};
use crate::ident::{GatewayId, ProcId, Uid};
use crate::link::direct;
use crate::log::LogSink;
use crate::outbox::AdmitError;
use crate::proc::Proc;
use crate::registry::{Registry, RegistryError};
use crate::transport::{MemoryNetwork, TcpOptions, TlsFiles, Transports};
use crate::watchdog::Watchdog;
use in_process::InProcessLauncher;

/// How the children of a root are started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Launch {
    /// As OS processes that run this program again.
    #[default]
    Processes,
    /// As OS processes that run another command.
    Command(BootstrapCommand),
    /// In this process, each with a gateway of its own: for tests and simulation, and where isolation is not worth a
    /// process. What they say to each other is passed on as it is, bodies encoded as ever; over
    /// [`RootOptions::network`], if there is one. A short message may be decoded on the thread that sends it, within
    /// `send`: a `Deserialize` must not take a lock that its senders hold.
    InProcess,
}

/// What a root is made with.
#[derive(Clone, Debug, Default)]
pub struct RootOptions {
    /// The settings.
    pub config: Config,
    /// How children are started.
    pub launch: Launch,
    /// Where their output goes; by default to the console.
    pub logs: Option<LogSink>,
    /// The network of in-process procs, which a test can cut: they then say everything in bytes, as processes do, over
    /// links that outlive their connections. `None` by default.
    pub network: Option<MemoryNetwork>,
}

/// A root could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Two actors or handlers have one name.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The directory of log files could not be made.
    #[error("the log directory {dir} could not be made: {source}")]
    LogDir {
        /// The directory.
        dir: String,
        /// Why.
        source: std::io::Error,
    },
    /// The root's own actors could not be started.
    #[error(transparent)]
    Admit(#[from] AdmitError),
}

/// What the procs of one process share.
#[derive(Clone)]
struct Shared {
    config: Config,
    registry: Arc<Registry>,
    entropy: Entropy,
    events: EventLog,
    transports: Transports,
    logs: LogSink,
    /// Whether all procs are in this process.
    in_process: bool,
}

impl Shared {
    fn gateway(&self, id: GatewayId, location: Option<Location>) -> Gateway {
        let config = GatewayConfig {
            handshake_timeout: self.config.get(config::HANDSHAKE_TIMEOUT),
            exit_status_wait: self.config.get(config::EXIT_STATUS_WAIT),
            link_give_up: self.config.get(config::LINK_GIVE_UP),
            link_silence: (!self.in_process || self.config.layer(config::LINK_SILENCE) > Layer::Default)
                .then(|| self.config.get(config::LINK_SILENCE)),
            link_window_messages: self.config.get(config::LINK_WINDOW_MESSAGES),
            link_window_bytes: self.config.get(config::LINK_WINDOW_BYTES),
            links_max: self.config.get(config::LINKS_MAX),
            cast_fanout: self.config.get(config::CAST_FANOUT),
        };
        let fingerprints = self.registry.fingerprints().clone();
        Gateway::new(id, location, config, self.transports.clone(), fingerprints, self.events.clone())
    }

    fn proc(&self, id: ProcId, gateway: &Gateway) -> Proc {
        let (config, events) = (self.config.clone(), self.events.clone());
        Proc::new(id, gateway, self.registry.clone(), config, self.entropy.clone(), events, Handle::current())
    }
}

/// Watches a proc; without a thread to do so, it is not watched.
fn watch(proc: &Proc) -> Option<Watchdog> {
    match Watchdog::start(proc.outbox()) {
        Ok(watchdog) => Some(watchdog),
        Err(error) => {
            tracing::warn!(%error, "there is no thread for the watchdog");
            None
        }
    }
}

fn agent_options(uid: Uid) -> SpawnOptions {
    let label = crate::agent::agent_mesh(uid).label;
    SpawnOptions {
        uid,
        label,
        incarnation: 1,
        restart: None,
        env: SpawnEnv::default(),
        ports: None,
        supervisor: Arc::new(OrphanSupervisor),
    }
}

/// The transports that a configuration allows.
fn transports(config: &Config, memory: MemoryNetwork) -> Transports {
    let path = |key: Key<Option<Arc<str>>>| config.get(key).map(|path| PathBuf::from(&*path));
    Transports {
        memory,
        tcp: TcpOptions { allow_public: config.get(config::TCP_ALLOW_PUBLIC) },
        tls: TlsFiles { cert: path(config::TLS_CERT), key: path(config::TLS_KEY), ca: path(config::TLS_CA) },
        secret: config.get(config::SECRET),
    }
}

/// A program's own part of the mesh: its gateway, its proc, its host. It owns everything that is spawned from it.
pub struct Root {
    client: Client,
    proc: Proc,
    host: Host,
    host_agent: ActorHandle<HostAgent>,
    logs: LogSink,
    _watchdog: Option<Watchdog>,
}

impl Root {
    /// Starts a root on the current tokio runtime.
    ///
    /// # Errors
    /// [`RootError`], when a setting is wrong or two actors have one name.
    ///
    /// # Panics
    /// Outside a tokio runtime. In a child that never ran [`init`] it ends the process: no program re-runs itself by
    /// accident.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn start(options: RootOptions) -> Result<Root, RootError> {
        crate::bootstrap::refuse_uninitialised_child();
        install_panic_hook();
        let config = options.config;
        let entropy = config.get(config::SEED).map_or_else(Entropy::from_os, Entropy::from_seed);
        let (logs, answerer) = logs::sink(options.logs, &config)?;
        let shared = Shared {
            registry: Arc::new(Registry::collect()?),
            entropy,
            events: EventLog::default(),
            transports: transports(&config, options.network.unwrap_or_else(direct::network)),
            logs,
            config,
            in_process: matches!(options.launch, Launch::InProcess),
        };
        let id = GatewayId { uid: shared.entropy.uid(), incarnation: shared.entropy.next_u64() };
        let gateway = shared.gateway(id, None);
        let proc = shared.proc(ProcId::single(id.uid, "client".into()), &gateway);
        let real_time = !shared.in_process;
        let (launcher, backend): (Arc<dyn ProcLauncher>, Backend) = match options.launch {
            Launch::Processes => (Arc::new(OsLauncher::new()), Backend::Unix),
            Launch::Command(command) => (Arc::new(OsLauncher::with_command(command)), Backend::Unix),
            Launch::InProcess => (Arc::new(InProcessLauncher::new(shared.clone())), Backend::Memory),
        };
        let host = Host::new(
            gateway,
            launcher,
            backend,
            shared.config.clone(),
            shared.entropy.clone(),
            shared.logs.clone(),
        );
        let agent = ProcAgent::new(proc.clone(), Arc::new(Notify::new()), None, shared.logs.clone());
        proc.spawn(agent, agent_options(PROC_AGENT))?;
        let host_agent = proc.spawn(HostAgent::new(host.clone(), None), agent_options(HOST_AGENT))?;
        let client = Client::new(proc.clone())?;
        answerer.answer_as(&client);
        let watchdog = if real_time { watch(&proc) } else { None };
        Ok(Root { client, proc, host, host_agent, logs: shared.logs, _watchdog: watchdog })
    }

    /// The program as a caller.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Ends everything the root owns, in order and within the configured bounds: its host's procs are drained and
    /// ended, its own actors are stopped, links are flushed and closed. What the bounds leave is killed.
    ///
    /// # Cancel safety
    /// Not cancel safe: what is left is killed when the root is dropped.
    pub async fn shutdown(self) {
        let config = self.client.config();
        let drain = config.get(config::STOP_DRAIN_TIMEOUT);
        let bound = 2 * (drain + config.get(config::STOP_TERM_TIMEOUT));
        let why = "the program ended".to_owned();
        // In this process: answered when the last proc has ended.
        let asked = crate::actor::ActorRef::from(&self.host_agent);
        let done = asked.message(ShutdownHost { why }).timeout(bound).call(&self.client).await;
        if let Err(error) = done {
            tracing::warn!(%error, "the procs did not end in time");
        }
        for child in self.host.running() {
            child.kill();
            // Not for ever: a process in an uninterruptible sleep outlasts even this.
            let _ = tokio::time::timeout(config.get(config::EXIT_STATUS_WAIT), child.exited()).await;
        }
        // What waits for its like does not wait any more.
        self.logs.flush();
        self.proc.stop(&[PROC_AGENT, HOST_AGENT], drain).await;
        self.host.gateway().close(FLUSH_TIMEOUT, "the program ended").await;
    }
}

impl Drop for Root {
    /// After [`shutdown`](Root::shutdown) there is nothing left; without it, everything is killed.
    fn drop(&mut self) {
        self.host.running().iter().for_each(|child| child.kill());
        self.proc.kill();
    }
}

/// How long the last words of a process may take to be acknowledged.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Root({})", self.client.id())
    }
}
