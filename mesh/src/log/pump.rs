//! Reads one pipe of a child to its end.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::line::{LINE_LEN_MAX, LineCutter};
use super::sink::{LogSink, StreamKind};
use super::tail::StderrTail;

/// How much is read at once, in bytes.
const READ_LEN: usize = 2 * LINE_LEN_MAX;

/// Reads `reader` to its end and gives each line to `sink` and, if there is one, to `tail`. A read error counts as the
/// end.
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
        lines.cutter.push(&buffer[..count], |line| lines.out.line(line));
    }
}

/// The lines of one pipe on their way; forwards the last one when it goes.
struct Lines<'a> {
    cutter: LineCutter,
    out: Out<'a>,
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.cutter.finish(|line| self.out.line(line));
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
