//! Actors: the traits that `#[actor]` implements, the cell that holds one, and the loop that runs it.
//!
//! ```text
//! Request ──► Parcel { handler, headers, message in place } ──► Mailbox ──► loop ──► A::handle / A::handle_plain
//!                                                                             └────► reply slot: local, or a port
//! ```
//!
//! An actor sends through its proc's `Outbox` and is found through `Residents`; it does not know the proc itself.
//!
//! Invariants
//! - `ACTOR-1` `on_start` completes before any message is handled.
//! - `ACTOR-2` every accepted message is handled, or its caller is told why not, whatever ends the actor: stop,
//!   panic, abort, the end of the runtime.
//! - `ACTOR-3` at the end: close the mailbox, record, tell the supervisor, publish (`SUP-6`).
//! - `ACTOR-4` the children of an actor end with it, before its `on_stop`, and before it is made anew.
//! - `ACTOR-5` an actor that is made anew keeps its cell and its mailbox: see `restart`.
//! - `ACTOR-6` a failure is heard after the messages that were accepted before it, the last ones of what failed among them.

mod behind;
mod blocking;
mod cell;
mod chain;
mod context;
mod far;
mod handle;
mod held;
mod look;
mod owned;
mod panic;
mod parcel;
mod part;
mod remake;
mod reply;
mod restart;
mod run;
mod slot;
mod spawn;
mod step;
mod traits;

pub use blocking::{Blocking, BlockingError};
pub use cell::{ActorCounters, ActorStatus, Cell, Control};
pub use chain::CallChain;
pub use context::{Caller, Context, Scope};
pub(crate) use context::{default_label, value_cannot_be_made_anew};
pub use handle::{ActorControl, ActorHandle, ActorRef, Local, Remote};
pub use panic::install_panic_hook;
pub(crate) use panic::panic_text;
pub use parcel::{Deferred, Letter, Parcel, ParcelHeaders, Plain, RareHeaders};
pub use part::{
    HasThisPart, ListedPart, Lists, ListsThisPart, Part, PartOf, UnlistedPart, UnwrittenPart, WrittenPart,
};
pub use remake::{Remake, ask as ask_to_remake};
pub use reply::{Arrival, Reply, ReplyTo, ReplyWait};
pub use restart::{Make, Making};
pub use run::{Scheduler, Shared};
pub use spawn::{Birth, Newborn, OrphanSupervisor, SpawnEnv, SpawnOptions, Supervisor, spawn_actor};
pub use traits::{
    Actor, Api, Exported, Exporter, Exports, Handler, Handles, HookResult, NameByParameters, NoName, OwnName,
    ShowAll, ShowNothing, Target, handle_plain,
};

pub use crate::gateway::FAILURE;

/// The handler that an owner hears of what is no failure through.
pub const EVENT: u64 = crate::ident::name_hash("mesh.event");

#[cfg(test)]
mod tests;
