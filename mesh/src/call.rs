//! Why a call or a send did not go through. Values only.
//!
//! Each error names whom it is about: [`Callee`] is the actor, and for a member of a mesh the mesh and the rank.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ident::{ActorId, ProcId};
use crate::supervision::{Cause, Exit, ExitStatus};

/// Whom a call was addressed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Callee {
    /// The actor; its label is the mesh's when it belongs to one.
    pub actor: ActorId,
    /// The handler's name, where it is known.
    pub handler: Option<String>,
    /// Its rank, in the caller's view of the mesh it was addressed through.
    pub rank: Option<u32>,
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.handler, self.rank) {
            (Some(handler), Some(rank)) => write!(f, "`{handler}` of {} (rank {rank})", self.actor),
            (Some(handler), None) => write!(f, "`{handler}` of {}", self.actor),
            (None, Some(rank)) => write!(f, "{} (rank {rank})", self.actor),
            (None, None) => write!(f, "{}", self.actor),
        }
    }
}

/// Why a call has no reply (`CALL-1`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("call to {callee} failed: {kind}")]
pub struct CallError {
    /// Whom the call was to.
    pub callee: Box<Callee>,
    /// What happened.
    #[source]
    pub kind: CallErrorKind,
}

impl CallError {
    /// An error about `callee`.
    pub fn new(callee: Callee, kind: CallErrorKind) -> CallError {
        CallError { callee: Box::new(callee), kind }
    }
}

/// What happened to a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// The time allowed was over. The handler may still run, or have run.
    #[error("no reply within {} ms", .after.as_millis())]
    Deadline {
        /// How long was allowed.
        after: Duration,
    },
    /// The actor has stopped, or does not exist.
    #[error("the actor has stopped")]
    ActorStopped,
    /// The actor failed before it replied.
    #[error("the actor failed: {cause}")]
    ActorFailed {
        /// Why.
        cause: Box<Cause>,
    },
    /// The proc that held the actor is gone.
    #[error("{}", proc_lost_text(.proc, .exit, .stderr_tail))]
    ProcLost {
        /// Which proc.
        proc: ProcId,
        /// How it ended.
        exit: ExitStatus,
        /// The last lines of its stderr, oldest first.
        stderr_tail: Vec<String>,
    },
    /// There is no way to the actor's proc, or the link to it was cut.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// What the transport said.
        reason: String,
    },
    /// The mailbox, or a queue on the way, was full.
    #[error("the mailbox is full ({capacity} messages)")]
    MailboxFull {
        /// How many it holds.
        capacity: u64,
    },
    /// The message was refused on its way.
    #[error("undeliverable: {reason}")]
    Undeliverable {
        /// Why.
        reason: String,
    },
    /// The message or the reply did not decode, or did not encode.
    #[error("malformed message or reply: {reason}")]
    Decode {
        /// What the codec said.
        reason: String,
    },
    /// The callee waits for the caller, directly or through others.
    #[error("the call would close a cycle: {}", .cycle.iter().map(|id| id.to_string()).collect::<Vec<_>>().join(" → "))]
    Deadlock {
        /// The actors, from the callee back to the callee.
        cycle: Vec<ActorId>,
    },
    /// The message, or the reply, is larger than may be sent. Nothing of it was sent.
    #[error("the message or its reply has {len_bytes} bytes, more than the {max_bytes} allowed")]
    TooLarge {
        /// How large what was refused is, in bytes.
        len_bytes: u64,
        /// How large it may be, in bytes.
        max_bytes: u64,
    },
}

impl CallErrorKind {
    /// What was sent, or came, is not what its type says.
    pub fn decode(error: impl fmt::Display) -> CallErrorKind {
        CallErrorKind::Decode { reason: error.to_string() }
    }

    /// The call's proc has ended.
    pub fn proc_lost(proc: &ProcId, exit: &Exit) -> CallErrorKind {
        CallErrorKind::ProcLost {
            proc: proc.clone(),
            exit: exit.status.clone(),
            stderr_tail: exit.stderr_tail.clone(),
        }
    }
}

fn proc_lost_text(proc: &ProcId, exit: &ExitStatus, stderr_tail: &[String]) -> String {
    let mut text = format!("process {proc} is gone: {exit}");
    if let Some(line) = stderr_tail.last() {
        text.push_str(&format!("; last on stderr: {line}"));
    }
    text
}

/// Why a message was not accepted; it comes back (`DEL-3`).
#[derive(thiserror::Error)]
#[error("message to {callee} was not accepted: {kind}")]
pub struct SendError<M> {
    /// Whom it was for.
    pub callee: Box<Callee>,
    /// What happened.
    #[source]
    pub kind: CallErrorKind,
    /// The message.
    pub message: M,
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("callee", &self.callee)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Why a `try_call` has no value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TryCallError<E> {
    /// The call itself failed.
    #[error(transparent)]
    Call(CallError),
    /// The handler answered with its own error.
    #[error("{0}")]
    Handler(E),
}

/// The outcome of one rank that gave no value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("rank {rank}: {error}")]
pub struct RankError {
    /// The rank, in the caller's view.
    pub rank: u32,
    /// What happened.
    #[source]
    pub error: CallError,
}
