//! What is known of actors and procs without asking them: reports, as data.
//!
//! They are made by the agent of a proc from what actors leave behind as they go, so that one which is stuck is reported
//! as any other. This module holds the reports alone; how they are made and asked for is in `proc`, `agent` and `admin`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ident::{ActorId, ProcId};

/// The number by which a thread names the actor it runs: actors of one mesh differ by their procs alone.
pub fn thread_key(id: &ActorId) -> u64 {
    id.uid.0 ^ id.proc.uid.0.rotate_left(32)
}

/// Where an actor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phase {
    /// It is being constructed, or `on_start` runs.
    Initializing,
    /// It waits for messages, or handles one.
    Running,
    /// It handles what it has, or `on_stop` runs.
    Stopping,
    /// It has ended.
    Ended,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Initializing => "initializing",
            Phase::Running => "running",
            Phase::Stopping => "stopping",
            Phase::Ended => "ended",
        })
    }
}

/// The handler that an actor runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Busy {
    /// Its name.
    pub handler: String,
    /// For how long, to a tenth of a second; `None` where the process keeps no time, in a simulation.
    pub since: Option<Duration>,
    /// Whether it holds a thread at this moment; otherwise it awaits something.
    pub on_thread: bool,
}

/// A call that was made and has no reply yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Waiting {
    /// Who is called.
    pub callee: ActorId,
    /// The handler that is called.
    pub handler: String,
    /// For how long.
    pub since: Duration,
}

impl Waiting {
    /// A call.
    pub fn new(callee: ActorId, handler: impl Into<String>, since: Duration) -> Waiting {
        Waiting { callee, handler: handler.into(), since }
    }
}

/// An actor, as seen without asking it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActorReport {
    /// Who.
    pub id: ActorId,
    /// The Rust type it is of; empty for what is no actor, such as a client.
    pub type_name: String,
    /// Who hears of its failure, and takes it along; `None` for the roots, such as clients and agents.
    pub owner: Option<ActorId>,
    /// Where it is in its life.
    pub phase: Phase,
    /// What it does; `None` while it waits for messages.
    pub busy: Option<Busy>,
    /// Messages that wait to be started.
    pub queued: u64,
    /// Messages its mailbox has accepted, ever.
    pub accepted: u64,
    /// Messages whose handler was started, ever.
    pub handled: u64,
    /// Messages given back, expired or dropped, ever.
    pub unhandled: u64,
    /// Messages of its own that came back.
    pub undelivered: u64,
    /// How often it was made anew after a failure.
    pub restarts: u64,
    /// The calls it waits for.
    pub waits: Vec<Waiting>,
}

impl ActorReport {
    /// Of something that nothing is known of but its name.
    pub fn of(id: ActorId) -> ActorReport {
        ActorReport {
            id,
            type_name: String::new(),
            owner: None,
            phase: Phase::Running,
            busy: None,
            queued: 0,
            accepted: 0,
            handled: 0,
            unhandled: 0,
            undelivered: 0,
            restarts: 0,
            waits: Vec::new(),
        }
    }
}

/// A duration for people: to a tenth of a second, or in milliseconds below one.
struct For(Duration);

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(1) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        }
    }
}

/// As one line, without its waits.
impl fmt::Display for ActorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        match (&self.busy, self.phase) {
            (None, Phase::Running) => f.write_str(" idle")?,
            (None, phase) => write!(f, " {phase}")?,
            (Some(busy), phase) => {
                if phase != Phase::Running {
                    write!(f, " {phase},")?;
                }
                let how = if busy.on_thread { " on a thread" } else { "" };
                write!(f, " in `{}`{how}", busy.handler)?;
                if let Some(since) = busy.since {
                    write!(f, " for {}", For(since))?;
                }
            }
        }
        write!(f, ", {} queued, {} handled", self.queued, self.handled)?;
        match self.restarts {
            0 => Ok(()),
            restarts => write!(f, ", restarted {restarts}×"),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits for {} `{}` for {}", self.callee, self.handler, For(self.since))
    }
}

/// The most actors in one report of a proc.
pub const ACTORS_MAX: usize = 10_000;

/// A proc, as its agent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcReport {
    /// Who.
    pub proc: ProcId,
    /// Its process.
    pub pid: u32,
    /// Its actors, in the order of their identities, the first [`ACTORS_MAX`] of them.
    pub actors: Vec<ActorReport>,
    /// How many more there are.
    pub more: u64,
}

impl ProcReport {
    /// A report of these actors.
    pub fn new(proc: ProcId, pid: u32, actors: Vec<ActorReport>, more: u64) -> ProcReport {
        ProcReport { proc, pid, actors, more }
    }
}
