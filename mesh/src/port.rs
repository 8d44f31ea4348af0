//! Ports: typed receiving ends in a proc, and the table that finds them.
//!
//! A port is where replies and streamed items arrive. It does not know actors or routes: what arrives is handed to a
//! [`PortSink`].
//!
//! Invariants
//! - `PORT-1` a port number is never used twice in the life of a proc.
//! - `PORT-2` the number of open ports is bounded, so that what answers them is too.
//! - `PORT-3` a once port takes one item; a later one finds it closed.
//! - `PORT-4` a port that nobody can post to any more ends, as far as that is known (`inlet`).

mod accumulating;
mod inlet;
mod lending;
mod receive;
mod table;

pub use accumulating::AccumulatingPort;
pub use inlet::Here;
pub(crate) use inlet::Inlet;
pub use lending::Holder;
pub(crate) use lending::{Lends, LentOn, Naming, encoded, encoded_count, encoded_since};
pub use receive::{Accumulator, Fold, OncePort, Port, PortClosed};
pub(crate) use receive::{ItemSink, NewPort, OnceSink, PortGuard};
pub use table::{CallWait, Holds, LentItem, Next, PortItem, PortSink, PortTable, PortsExhausted};

#[cfg(test)]
mod tests;
