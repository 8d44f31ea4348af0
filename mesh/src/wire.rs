//! What travels between processes, as bytes and values: codec, envelopes, frames, the hello, the session. Pure: no
//! socket, no clock, no task.
//!
//! ```text
//! message ─codec─► Payload ─► Envelope { to, headers, body } ─codec─► Frame { kind, seq, head, parts } ─► bytes
//! ```
//!
//! Invariants
//! - `WIRE-1` every length from outside is bounded before anything is allocated for it (`PEER-1`).
//! - `WIRE-2` decoding never panics, and bytes left over are an error.
//! - `WIRE-3` nothing on the wire is of a platform's size: `usize` travels as `u64`.

pub mod auth;
pub mod cast;
pub mod codec;
pub mod envelope;
pub mod frame;
pub mod heads;
pub mod hello;
pub mod pulse;
pub mod session;

#[cfg(test)]
pub(crate) mod testing;
