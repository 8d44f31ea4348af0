//! Reads one pipe of a child to its end.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::line::{LINE_LEN_MAX, LineCutter, Piece};
use super::record::Record;
use super::sink::{LogSink, StreamKind};
use super::tail::StderrTail;

/// How much is read at once, in bytes.
const READ_LEN: usize = 2 * LINE_LEN_MAX;

/// Reads `reader` to its end and gives each line to `sink` and, if there is one, to `tail`. A read error counts as the
/// end. Records of procs further down go to `sink` alone.
///
/// # Cancel safety
/// Dropping it forwards the unfinished line (`LOG-1`); what is still in the pipe stays there.
pub async fn pump(
    mut reader: impl AsyncRead + Unpin,
    prefix: &str,
    stream: StreamKind,
    sink: &LogSink,
    tail: Option<&StderrTail>,
) {
    let mut lines = Lines { cutter: LineCutter::default(), out: Out { prefix, stream, sink, tail } };
    let mut buffer = vec![0; READ_LEN];
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        lines.push(&buffer[..count]);
        // A child that floods is always ready: others are to run between.
        tokio::task::consume_budget().await;
    }
}

/// The lines of one pipe on their way; forwards the last one when it goes.
struct Lines<'a> {
    cutter: LineCutter,
    out: Out<'a>,
}

impl Lines<'_> {
    fn push(&mut self, bytes: &[u8]) {
        // A record is looked at where it ends: its line goes on behind it, and a mark lets out what came before it.
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut record = None;
            self.cutter.push(part, |piece| match piece {
                Piece::Line(line) => self.out.line(line),
                Piece::Record(bytes) => record = Some(bytes.to_vec()),
            });
            let Some(bytes) = record else { continue };
            let text = |piece: Piece<'_>| match piece {
                Piece::Line(line) | Piece::Record(line) => self.out.line(line),
            };
            match Record::decode(&bytes) {
                Some(record) => {
                    if let Record::Mark(_) = record {
                        self.cutter.flush(text);
                    }
                    self.out.sink.record(self.out.prefix, record);
                }
                None => self.cutter.push_foreign(&bytes, text),
            }
        }
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.cutter.finish(|piece| match piece {
            Piece::Line(line) | Piece::Record(line) => self.out.line(line),
        });
    }
}

/// Where the lines of one pipe go.
struct Out<'a> {
    prefix: &'a str,
    stream: StreamKind,
    sink: &'a LogSink,
    tail: Option<&'a StderrTail>,
}

impl Out<'_> {
    fn line(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Some(tail) = self.tail {
            tail.push(&text);
        }
        self.sink.line(self.prefix, self.stream, &text);
    }
}
