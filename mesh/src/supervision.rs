//! What a failure is, and what may be decided about it. Pure: values only.
//!
//! A [`Failure`] names mesh, ranks, actor, handler, the chain of causes, and for a process its exit and the last lines
//! of its stderr (`SUP-3`). Who is told is the business of `proc` and `agent`.

mod event;
mod restart;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ident::{ActorId, MeshId, ProcId};
pub use event::{SupervisionEvent, SupervisionEventKind};
pub use restart::{BACKOFF_MAX, RankPolicy, RestartHistory, RestartPolicy};

/// How an OS process ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Whether it left a core file.
        core_dumped: bool,
    },
    /// It was not a process (an in-process proc), or its link was lost before its end could be observed.
    Unknown,
}

impl ExitStatus {
    /// Whether the process ended as if all was well.
    pub fn success(&self) -> bool {
        *self == ExitStatus::Code(0)
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Code(code) => write!(f, "exit code {code}"),
            ExitStatus::Signal { signal, core_dumped } => {
                write!(f, "signal {signal}")?;
                if let Some(name) = signal_name(*signal) {
                    write!(f, " ({name})")?;
                }
                if *core_dumped { f.write_str(", core dumped") } else { Ok(()) }
            }
            ExitStatus::Unknown => f.write_str("unknown exit"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    const NAMES: [(i32, &str); 10] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (15, "SIGTERM"),
    ];
    NAMES.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name)
}

/// How an OS process ended, and what it said last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code or signal.
    pub status: ExitStatus,
    /// The last lines of its stderr, oldest first.
    pub stderr_tail: Vec<String>,
}

impl Exit {
    /// An end of which nothing is known.
    pub fn unknown() -> Exit {
        Exit { status: ExitStatus::Unknown, stderr_tail: Vec::new() }
    }
}

/// Why something failed: one level, with the level below it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Cause {
    /// A handler or hook panicked.
    Panic {
        /// The handler's name, or the hook's.
        handler: String,
        /// What the panic said, with its place in the source.
        message: String,
    },
    /// A handler or hook returned [`Fatal`].
    Fatal {
        /// The handler's name, or the hook's.
        handler: String,
        /// What it said.
        message: String,
    },
    /// The constructor failed, or its parameters did not decode.
    Spawn {
        /// What went wrong.
        message: String,
    },
    /// The OS process, or the in-process proc, ended.
    ProcExit {
        /// Which one.
        proc: ProcId,
        /// How.
        exit: ExitStatus,
        /// The last lines of its stderr, oldest first.
        stderr_tail: Vec<String>,
    },
    /// The link to the proc was lost.
    LinkLost {
        /// Which proc.
        proc: ProcId,
        /// What the transport said.
        reason: String,
        /// How its process ended, that was killed for it; `None` where nobody could see that.
        exit: Option<Exit>,
    },
    /// Something this actor owned failed, and its `#[on_failure]` did not handle it.
    Child {
        /// That failure.
        failure: Box<Failure>,
    },
    /// Something else, said in words.
    Other {
        /// The words.
        message: String,
    },
    /// It was made anew as often as its policy allows, and failed again (`SUP-4`).
    GaveUp {
        /// How often.
        restarts: u32,
        /// Within which time.
        within: Duration,
        /// Why it failed now.
        last: Box<Cause>,
        /// Why it failed before, the latest of them, oldest first.
        earlier: Vec<Cause>,
    },
}

impl Cause {
    /// Without the history of what was made anew before.
    pub fn latest(&self) -> &Cause {
        match self {
            Cause::GaveUp { last, .. } => last.latest(),
            cause => cause,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Panic { handler, message } => write!(f, "handler `{handler}` panicked: {message}"),
            Cause::Fatal { handler, message } => write!(f, "handler `{handler}` gave up: {message}"),
            Cause::Spawn { message } => write!(f, "could not be spawned: {message}"),
            Cause::ProcExit { proc, exit, stderr_tail } => {
                write!(f, "process {proc} ended: {exit}")?;
                if exit.success() {
                    f.write_str(", without being asked")?;
                }
                write!(f, "{}", last_lines(stderr_tail))
            }
            Cause::LinkLost { proc, reason, exit } => {
                write!(f, "the link to {proc} was lost: {reason}")?;
                match exit {
                    Some(Exit { status, stderr_tail }) => {
                        write!(f, ", so it was killed: {status}{}", last_lines(stderr_tail))
                    }
                    None => Ok(()),
                }
            }
            Cause::Child { failure } => write!(f, "{failure}"),
            Cause::Other { message } => f.write_str(message),
            Cause::GaveUp { restarts, within, last, earlier } => {
                let times = if *restarts == 1 { "once" } else { &format!("{restarts} times") };
                write!(f, "{last}\n  after it was made anew {times} within {} ms:", within.as_millis())?;
                earlier.iter().try_for_each(|cause| write!(f, "\n    {cause}"))
            }
        }
    }
}

/// The last lines of a stderr, each on a line of its own behind what is said of the end.
pub(crate) fn last_lines(stderr_tail: &[String]) -> impl fmt::Display {
    fmt::from_fn(move |f| stderr_tail.iter().try_for_each(|line| write!(f, "\n    stderr: {line}")))
}

/// What a failure is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Subject {
    /// An actor.
    Actor(ActorId),
    /// A proc.
    Proc(ProcId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Actor(id) => write!(f, "actor {id}"),
            Subject::Proc(id) => write!(f, "proc {id}"),
        }
    }
}

/// A failure, as its owner hears of it (`SUP-3`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// What failed.
    pub subject: Subject,
    /// The mesh it belongs to, if any.
    pub mesh: Option<MeshId>,
    /// The ranks in that mesh; empty when it is not one of a mesh.
    pub ranks: Vec<u32>,
    /// Why.
    pub cause: Cause,
}

impl Failure {
    /// The chain of failures from this one down to the root cause.
    pub fn chain(&self) -> impl Iterator<Item = &Failure> {
        std::iter::successors(Some(self), |failure| match failure.cause.latest() {
            Cause::Child { failure } => Some(failure),
            _ => None,
        })
    }

    /// The cause at the bottom of the chain.
    pub fn root_cause(&self) -> &Cause {
        self.chain().last().map_or(&self.cause, |failure| failure.cause.latest())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.subject)?;
        if let (Some(mesh), [_, ..]) = (&self.mesh, &self.ranks[..]) {
            write!(f, " (mesh {mesh}, rank")?;
            for rank in &self.ranks {
                write!(f, " {rank}")?;
            }
            f.write_str(")")?;
        }
        match &self.cause {
            Cause::Child { failure } => write!(f, "\n  because {failure}"),
            cause => write!(f, ": {cause}"),
        }
    }
}

impl std::error::Error for Failure {}

/// What an owner's `#[on_failure]` decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Directive {
    /// The owner has dealt with it and lives on.
    Handled,
    /// The owner fails with it as its cause.
    Escalate,
    /// What failed is to be made anew, at once, under the references that there are and with a higher incarnation: an actor
    /// that was spawned by its spec, or a proc of a mesh. What was given as a value cannot be made again; then, and where
    /// there is nobody left to do it, as `Escalate`.
    Restart,
}

/// An error that ends the actor: `Err(Fatal)` from a handler is a failure, any other `Err` is a reply (`CALL-2`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fatal {
    message: String,
}

impl Fatal {
    /// Gives up, saying why.
    pub fn new(message: impl fmt::Display) -> Fatal {
        Fatal { message: message.to_string() }
    }

    /// What was said.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Fatal {
    fn from(error: E) -> Fatal {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Fatal { message }
    }
}
