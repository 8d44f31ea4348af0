//! What travels up a pipe between the lines: lines of procs further down, events with their fields, marks of a flush.
//!
//! ```text
//! 0x1e │ "mesh" │ one codec body, stuffed │ \n
//! ```
//! A record may stand in the middle of a line, which goes on behind it. Stuffed means that line ends and marks in the
//! body are written as two bytes, so that the record is one line of its own to whoever does not know it. What looks like
//! a record and does not decode is text.

use std::io::{self, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::event::LogEvent;
use super::sink::{LogLine, LogMark, StreamKind};
use crate::wire::codec::Payload;

/// The byte that begins a record, as in RFC 7464.
pub(super) const RECORD_MARK: u8 = 0x1e;

/// The longest record, in bytes as written; longer ones are text.
pub const RECORD_LEN_MAX: usize = 32 << 10;

const TAG: &[u8] = b"mesh";
const ESCAPE: u8 = 0x1d;
const ESCAPED: [(u8, u8); 4] = [(b'\n', b'n'), (b'\r', b'r'), (RECORD_MARK, b'm'), (ESCAPE, b'e')];

/// What is not a line of the process itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// A line of a proc that the process has started.
    Line(LogLine),
    /// An event of `tracing`; its proc is empty if it is the process's own.
    Event(LogEvent),
    /// Everything that was written before is to be shown.
    Mark(LogMark),
}

impl Record {
    /// As it is written; `None` for what does not encode, or is too long.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let body = Payload::of(self).ok()?.body;
        let mut out = Vec::with_capacity(body.len() + TAG.len() + 2);
        out.push(RECORD_MARK);
        out.extend_from_slice(TAG);
        for byte in &body {
            match ESCAPED.iter().find(|(plain, _)| plain == byte) {
                Some((_, code)) => out.extend([ESCAPE, *code]),
                None => out.push(*byte),
            }
        }
        out.push(b'\n');
        (out.len() <= RECORD_LEN_MAX).then_some(out)
    }

    /// Reads what stands between the mark and the line end.
    pub(super) fn decode(bytes: &[u8]) -> Option<Record> {
        let mut stuffed = bytes.strip_prefix(TAG)?.iter();
        let mut body = Vec::with_capacity(stuffed.len());
        while let Some(byte) = stuffed.next() {
            body.push(match *byte {
                ESCAPE => {
                    let code = stuffed.next()?;
                    ESCAPED.iter().find(|(_, escaped)| escaped == code)?.0
                }
                plain => plain,
            });
        }
        Payload { body: Bytes::from(body), parts: Vec::new() }.get().ok()
    }

    /// Writes it to an output of this process, behind everything that was written there before.
    pub(super) fn write_to(&self, stream: StreamKind) -> io::Result<()> {
        let Some(bytes) = self.encode() else { return Err(io::ErrorKind::InvalidData.into()) };
        match stream {
            StreamKind::Stdout => {
                let mut out = io::stdout().lock();
                out.flush()?;
                out.write_all(&bytes)?;
                out.flush()
            }
            StreamKind::Stderr => io::stderr().lock().write_all(&bytes),
        }
    }
}
