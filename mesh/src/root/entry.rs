//! Where programs and tests begin.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use super::child::{Child, ChildEnd};
use super::signals::{self, Signals};
use super::{Launch, Root, RootOptions, Shared, transports};
use crate::actor::install_panic_hook;
use crate::bootstrap::{self, BootstrapCommand, Lifeline, Orders};
use crate::client::Client;
use crate::clock::Entropy;
use crate::config::{self, Config};
use crate::event::EventLog;
use crate::log::{LogSink, forward_events};
use crate::registry::Registry;
use crate::supervision::{Failure, Fatal};
use crate::transport::MemoryNetwork;

/// The exit code of a child whose orders or environment are wrong.
const CHILD_CONFIG_EXIT: i32 = 87;
/// The exit code of a child whose parent is gone, or did not let it in.
const CHILD_ORPHAN_EXIT: i32 = 88;

/// Must come first in `main` of a program that spawns OS processes; `#[mesh::main]` calls it. In a child it runs the
/// child and never returns; otherwise it returns at once.
pub fn init() {
    bootstrap::mark_init();
    match bootstrap::take_orders() {
        Ok(None) => {}
        Ok(Some((orders, lifeline))) => match run_child(orders, &lifeline) {
            CHILD_ORPHAN_EXIT => lifeline.exit_orphaned(CHILD_ORPHAN_EXIT),
            code => lifeline.exit(code),
        },
        Err(error) => {
            complain(&format!("mesh: a child could not take its orders: {error}"));
            std::process::exit(CHILD_CONFIG_EXIT);
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last words of a process that has nobody else to tell")]
fn complain(text: &str) {
    eprintln!("{text}");
}

fn run_child(orders: Orders, lifeline: &Lifeline) -> i32 {
    install_panic_hook();
    let config = match Config::load().and_then(|config| config.inherit(orders.config.clone())) {
        Ok(config) => config,
        Err(error) => {
            complain(&format!("mesh: {error}"));
            return CHILD_CONFIG_EXIT;
        }
    };
    forward_events(&config.get(config::TRACE_LEVEL));
    let registry = match Registry::collect() {
        Ok(registry) => registry,
        Err(error) => {
            complain(&format!("mesh: {error}"));
            return CHILD_CONFIG_EXIT;
        }
    };
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all();
    match config.get(config::CHILD_WORKER_THREADS) {
        0 => {}
        threads => drop(builder.worker_threads(threads)),
    }
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("mesh: the runtime of a child could not be built: {error}"));
            return CHILD_CONFIG_EXIT;
        }
    };
    let shared = Shared {
        registry: std::sync::Arc::new(registry),
        entropy: orders.seed.map_or_else(Entropy::from_os, Entropy::from_seed),
        events: EventLog::default(),
        transports: transports(&config, MemoryNetwork::new()),
        logs: LogSink::upward(),
        config,
        in_process: false,
    };
    let code = runtime.block_on(async {
        match Child::start(orders, &shared, false).await {
            Err(error) => {
                complain(&format!("mesh: {error}"));
                CHILD_ORPHAN_EXIT
            }
            Ok(child) => match child.run().await {
                ChildEnd::Told => 0,
                ChildEnd::ParentLost | ChildEnd::Killed => CHILD_ORPHAN_EXIT,
            },
        }
    });
    if code == 0 {
        // From here the process ends by itself; the end of the lifeline must not be taken for a lost parent.
        lifeline.disarm();
    }
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    code
}

/// How long the threads of a runtime that is done may take.
const RUNTIME_TIMEOUT: Duration = Duration::from_millis(100);

/// Any error, for `main` and tests: `?` takes everything, and it is printed as the chain of its causes.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

impl Error {
    /// An error in words, where a type of its own would say no more.
    ///
    /// ```
    /// let port: Result<u16, mesh::Error> =
    ///     "http".parse().map_err(|error| mesh::Error::msg(format!("port `http`: {error}")));
    /// assert_eq!(port.unwrap_err().to_string(), "port `http`: invalid digit found in string");
    /// ```
    pub fn msg(message: impl fmt::Display) -> Error {
        Error(message.to_string().into())
    }

    /// The error itself.
    pub fn as_dyn(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Error {
        Error(Box::new(error))
    }
}

/// [`Fatal`] is not an `Error`, so that every `Error` can become one.
impl From<Fatal> for Error {
    fn from(fatal: Fatal) -> Error {
        Error::msg(fatal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many errors already say what caused them.
            if !said.contains(&text) {
                write!(f, "\n  caused by: {text}")?;
                said = text;
            }
            source = cause.source();
        }
        Ok(())
    }
}

/// What `main` may return.
#[diagnostic::on_unimplemented(
    message = "the function under `#[mesh::main]` or `#[mesh::test]` cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "it returns nothing, an `ExitCode`, or a `Result` with one of them, such as `mesh::Result<()>`"
)]
pub trait MainOutput {
    /// How the program ends, and what it says of it.
    fn into_report(self) -> Report;
}

/// How a program or a test ended: with an exit code, or with an error that is still to be printed.
#[derive(Debug)]
pub struct Report(Result<ExitCode, String>);

impl Report {
    /// Prints the error.
    fn print(self) -> ExitCode {
        self.0.unwrap_or_else(|error| {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        })
    }
}

#[diagnostic::do_not_recommend]
impl MainOutput for Report {
    fn into_report(self) -> Report {
        self
    }
}

#[diagnostic::do_not_recommend]
impl MainOutput for () {
    fn into_report(self) -> Report {
        Report(Ok(ExitCode::SUCCESS))
    }
}

#[diagnostic::do_not_recommend]
impl MainOutput for ExitCode {
    fn into_report(self) -> Report {
        Report(Ok(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T: MainOutput, E: fmt::Debug> MainOutput for Result<T, E> {
    fn into_report(self) -> Report {
        match self {
            Ok(output) => output.into_report(),
            Err(error) => Report(Err(format!("{error:?}"))),
        }
    }
}

/// What `#[mesh::main(…)]` says.
#[derive(Clone, Copy, Debug, Default)]
pub struct MainOptions {
    /// How many worker threads; `None` for one a core.
    pub worker_threads: Option<usize>,
}

/// How a program's own part went.
enum Ran<T> {
    /// It returned; the failure is one that came meanwhile, or while it was shut down, and that nobody handled.
    Returned(T, Option<Failure>),
    /// Something it owned failed, and nobody handled it (`SUP-2`).
    Failed(Failure),
    /// A signal asked it to end.
    Signalled(i32),
}

async fn run_root<T>(root: Root, mut signals: Signals, main: impl AsyncFnOnce(&Client) -> T) -> Ran<T> {
    let client = root.client().clone();
    let ran = tokio::select! {
        biased;
        signal = signals.first() => Ran::Signalled(signal),
        output = main(&client) => Ran::Returned(output, None),
        failure = client.unhandled_failure() => Ran::Failed(failure),
    };
    root.shutdown().await;
    match ran {
        Ran::Returned(output, _) => Ran::Returned(output, client.unhandled()),
        ended @ (Ran::Failed(_) | Ran::Signalled(_)) => ended,
    }
}

/// Runs a program: what `#[mesh::main]` expands to.
///
/// At Ctrl-C (SIGINT) or SIGTERM `main` is dropped where it awaits, its meshes are stopped in order, logs are flushed, and
/// the program ends with 130 or 143; a second one kills what is left and ends it at once. A signal that was ignored when
/// the program started stays so. `MESH_STOP_ON_SIGNAL=false` leaves them to the program.
pub fn run_main<T: MainOutput>(options: MainOptions, main: impl AsyncFnOnce(&Client) -> T) -> ExitCode {
    init();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all();
    if let Some(threads) = options.worker_threads {
        builder.worker_threads(threads.max(1));
    }
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("error: the runtime could not be built: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        let config = match Config::load() {
            Ok(config) => config,
            Err(error) => {
                complain(&format!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let listens = config.get(config::STOP_ON_SIGNAL);
        let root = match Root::start(RootOptions { config, ..RootOptions::default() }).await {
            Ok(root) => root,
            Err(error) => {
                complain(&format!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let host = root.host.clone();
        let kill = move || host.running().iter().for_each(|child| child.kill());
        let signals = if listens { Signals::listen(kill) } else { Signals::ignored() };
        match run_root(root, signals, main).await {
            Ran::Returned(output, failure) => match (output.into_report().print(), failure) {
                (ExitCode::SUCCESS, Some(failure)) => {
                    complain(&format!("error: {failure}"));
                    ExitCode::FAILURE
                }
                (code, _) => code,
            },
            Ran::Failed(failure) => {
                complain(&format!("error: {failure}"));
                ExitCode::FAILURE
            }
            Ran::Signalled(signal) => ExitCode::from(signals::exit_code(signal)),
        }
    });
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    code
}

/// What a test may return.
fn conclude<T: MainOutput>(ran: Ran<T>) {
    match ran {
        Ran::Returned(output, failure) => {
            assert!(
                output.into_report().print() == ExitCode::SUCCESS,
                "the test returned an error, printed above"
            );
            if let Some(failure) = failure {
                panic!("nobody handled a failure: {failure}");
            }
        }
        Ran::Failed(failure) => panic!("nobody handled a failure: {failure}"),
        Ran::Signalled(_) => unreachable!("a test hears no signals"),
    }
}

/// Runs a test with in-process procs on paused time: what `#[mesh::test]` expands to.
///
/// # Panics
/// When the test fails.
pub fn run_test<T: MainOutput>(test: impl AsyncFnOnce(&Client) -> T) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a current-thread runtime needs nothing that could be missing");
    let ran = runtime.block_on(async {
        let config = Config::load().expect("the settings of the environment are right");
        let options = RootOptions { config, launch: Launch::InProcess, ..RootOptions::default() };
        let root = Root::start(options).await.expect("the root of a test starts");
        run_root(root, Signals::ignored(), test).await
    });
    conclude(ran);
}

/// Runs a test with OS processes: what `#[mesh::test(processes)]` expands to. The children are this test binary again,
/// asked for exactly this test, which in them takes its orders first and goes no further.
///
/// # Panics
/// When the test fails.
pub fn run_process_test<T: MainOutput>(path: &str, test: impl AsyncFnOnce(&Client) -> T) {
    init();
    // libtest names tests without the crate.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    let mut command = BootstrapCommand::current_exe().expect("a test binary knows its own path");
    command.args = ["--exact", name, "--nocapture", "--include-ignored"].map(Into::into).to_vec();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the runtime of a test can be built");
    let ran = runtime.block_on(async {
        let config = Config::load().expect("the settings of the environment are right");
        let options = RootOptions { config, launch: Launch::Command(command), ..RootOptions::default() };
        let root = Root::start(options).await.expect("the root of a test starts");
        run_root(root, Signals::ignored(), test).await
    });
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    conclude(ran);
}
