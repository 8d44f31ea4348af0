//! Ctrl-C and SIGTERM at a program: the first ends it in order, the second at once.
//!
//! They are heard on a thread of their own, so that a program whose workers are all busy hears them too. Children do not
//! get the terminal's Ctrl-C: each leads a process group of its own.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The exit code of a process that ended because of a signal is this and the signal's number.
const EXIT_CODE_BASE: i32 = 128;

/// The signals that ask a program to end.
pub(super) struct Signals {
    first: watch::Receiver<Option<i32>>,
}

impl Signals {
    /// Hears none: they do what they do by default.
    pub(super) fn ignored() -> Signals {
        Signals { first: watch::channel(None).1 }
    }

    /// Listens from its return on; `at_once` is done at the second signal, before this process exits.
    pub(super) fn listen(at_once: impl FnOnce() + Send + 'static) -> Signals {
        let (sender, first) = watch::channel(None);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let listening = std::thread::Builder::new().name("mesh-signals".into()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
                return;
            };
            runtime.block_on(async {
                let (mut interrupt, mut terminate) =
                    (heard(SignalKind::interrupt()), heard(SignalKind::terminate()));
                let _ = ready.send(());
                sender.send_replace(Some(next(&mut interrupt, &mut terminate).await));
                let second = next(&mut interrupt, &mut terminate).await;
                at_once();
                std::process::exit(EXIT_CODE_BASE + second);
            });
        });
        match listening {
            // Until then a signal would do what it does by default. An error is a thread that has ended without it.
            Ok(_) => _ = is_ready.recv(),
            Err(error) => {
                tracing::warn!(%error, "no thread to hear signals on: they end the program at once");
            }
        }
        Signals { first }
    }

    /// Resolves to the first signal; never if none comes.
    pub(super) async fn first(&mut self) -> i32 {
        match self.first.wait_for(Option::is_some).await.map(|signal| *signal) {
            Ok(Some(signal)) => signal,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

/// The exit code of a program that a signal has ended.
pub(super) fn exit_code(signal: i32) -> u8 {
    u8::try_from(EXIT_CODE_BASE + signal).unwrap_or(u8::MAX)
}

/// Listens for a signal, unless whoever started this program has it ignored, as a shell does in the background.
fn heard(kind: SignalKind) -> Option<Signal> {
    if is_ignored(kind.as_raw_value()) {
        return None;
    }
    signal(kind).ok()
}

async fn next(interrupt: &mut Option<Signal>, terminate: &mut Option<Signal>) -> i32 {
    async fn one(signal: &mut Option<Signal>) {
        let heard = match signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending::<()>().await;
        }
    }
    tokio::select! {
        biased;
        () = one(interrupt) => SignalKind::interrupt().as_raw_value(),
        () = one(terminate) => SignalKind::terminate().as_raw_value(),
    }
}

/// Whether this process ignores a signal, which it then has inherited.
#[cfg(target_os = "linux")]
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (number - 1)) != 0
}

#[cfg(not(target_os = "linux"))]
fn is_ignored(_number: i32) -> bool {
    false
}
