//! The output of child processes, a line at a time (`PROC-4`).
//!
//! [`pump`] reads one pipe of one child, cuts it into lines and gives each to a [`LogSink`] under the name of its
//! proc; the last lines of stderr are kept in a [`StderrTail`] for the report of its end. This module does not know
//! what a process is. A host that is a process of its own hands what its procs say to the process that has started it,
//! as records between the lines of its own pipes: [`LogSink::upward`]. In the same way a child hands on its events of
//! `tracing`, with their fields, and the marks of a flush, which so stand behind all that was written before them.
//!
//! ```text
//! pipe ─► pump ─┬─ line ≤ 4 KiB ─► LogSink ─► files ─► fold ─► console │ memory │ LogWriter
//!               │      └─ stderr ─► StderrTail (the last 20)
//!               └─ record ─┬─ line of a proc further down ─► LogSink
//!                          ├─ event ─► LogSink ─► this process's subscriber; a line if it has none
//!                          └─ mark ─► answered when all before it is shown
//! ```
//!
//! The sink is called by whoever reads the pipe, which so reads no faster than the sink takes, and a child that prints
//! faster waits at its full pipe: what is held of it here is one line.
//!
//! Invariants
//! - `LOG-1` no byte of a child is lost between its pipe and the sink: a longer line is forwarded in pieces, an
//!   unfinished last line is forwarded at the end, also when the pump is dropped.
//! - `LOG-2` a pipe is read on even when the sink fails: a child never blocks on our console.
//! - `LOG-3` a line on the console is written in one piece.
//! - `LOG-4` a mark is answered after everything that its process wrote to that output before it was shown.

mod event;
mod files;
mod fold;
mod forward;
mod line;
mod pump;
mod record;
mod replay;
mod sink;
mod tail;

pub use self::event::{EventLevel, FIELD_LEN_MAX, FIELDS_MAX, FieldValue, LogEvent};
pub(crate) use self::forward::forward_events;
pub use self::forward::{TRACE_LEVEL_AUTO, trace_level};
pub use self::line::LINE_LEN_MAX;
pub use self::pump::pump;
pub use self::record::RECORD_LEN_MAX;
pub use self::sink::{LogLine, LogMark, LogSink, LogWriter, MEMORY_LINES_MAX, MemoryLog, StreamKind};
pub use self::tail::StderrTail;

#[cfg(test)]
mod tests;
