//! The output of child processes, a line at a time (`PROC-4`).
//!
//! [`pump`] reads one pipe of one child, cuts it into lines and gives each to a [`LogSink`] under the name of its
//! proc; the last lines of stderr are kept in a [`StderrTail`] for the report of its end. This module does not know
//! what a process is, nor how lines travel between hosts: a sink of one's own ([`LogWriter`]) does that.
//!
//! ```text
//! pipe ─► pump ─► line ≤ 4 KiB ─► LogSink ─► console │ memory │ LogWriter
//!                     └─ stderr ─► StderrTail (the last 20)
//! ```
//!
//! Invariants
//! - `LOG-1` no byte of a child is lost between its pipe and the sink: a longer line is forwarded in pieces, an
//!   unfinished last line is forwarded at the end, also when the pump is dropped.
//! - `LOG-2` a pipe is read on even when the sink fails: a child never blocks on our console.
//! - `LOG-3` a line on the console is written in one piece.

mod line;
mod pump;
mod sink;
mod tail;

pub use self::line::LINE_LEN_MAX;
pub use self::pump::pump;
pub use self::sink::{LogLine, LogSink, LogWriter, MEMORY_LINES_MAX, MemoryLog, StreamKind};
pub use self::tail::StderrTail;

#[cfg(test)]
mod tests;
