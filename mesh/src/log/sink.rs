//! Where lines go.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::LogEvent;
use super::files::Files;
use super::fold::Fold;
use super::record::Record;
use super::replay;
use crate::request::PortRef;

/// Which output of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StreamKind {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// One line of a child.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// Whose: the name of the proc, such as `workers/3`.
    pub prefix: String,
    /// Which output.
    pub stream: StreamKind,
    /// The text, without its line end; what is not UTF-8 is replaced.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.prefix, self.text)
    }
}

/// Follows what a proc has written to one output, and is answered where that is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LogMark {
    /// Which output.
    pub stream: StreamKind,
    /// Where it is answered to.
    pub port: PortRef<StreamKind>,
}

/// What takes lines: the seam for forwarding them to another host. Called on a runtime's thread: it must not block
/// for long.
pub trait LogWriter: Send + Sync {
    /// Takes one line.
    ///
    /// # Errors
    /// Whatever keeps it from taking the line. The line is then lost, and the child is read on (`LOG-2`).
    fn write_line(&self, line: LogLine) -> io::Result<()>;

    /// Takes one event of `tracing`. By default it is handed to this process's own subscriber, with the proc as a field,
    /// and written as a line of stderr if there is none.
    ///
    /// # Errors
    /// As [`write_line`](LogWriter::write_line).
    fn write_event(&self, event: LogEvent) -> io::Result<()> {
        if replay::replay(&event) {
            return Ok(());
        }
        let text = event.to_string();
        self.write_line(LogLine { prefix: event.proc, stream: StreamKind::Stderr, text })
    }

    /// Lets go of what it holds back.
    fn flush(&self) {}
}

/// Answers the mark of a flush, when everything before it was taken.
type OnMark = Arc<dyn Fn(&LogMark) + Send + Sync>;

/// Where the lines of children go. Cloning shares it.
#[derive(Clone)]
pub struct LogSink {
    writer: Option<Arc<dyn LogWriter>>,
    on_mark: Option<OnMark>,
}

impl LogSink {
    /// Prints `[workers/3] line` to the same output of this process.
    pub fn console() -> LogSink {
        LogSink::new(Console)
    }

    /// Hands everything on to the process that has started this one, which knows how to read it.
    pub fn upward() -> LogSink {
        let on_mark = |mark: &LogMark| _ = Record::Mark(mark.clone()).write_to(mark.stream);
        LogSink { on_mark: Some(Arc::new(on_mark)), ..LogSink::new(Upward) }
    }

    /// Collects the lines in memory, the last [`MEMORY_LINES_MAX`] of them.
    pub fn memory() -> (LogSink, MemoryLog) {
        let log = MemoryLog::default();
        (LogSink::new(log.clone()), log)
    }

    /// Forgets them.
    pub fn none() -> LogSink {
        LogSink { writer: None, on_mark: None }
    }

    /// Gives them to `writer`.
    pub fn new(writer: impl LogWriter + 'static) -> LogSink {
        LogSink { writer: Some(Arc::new(writer)), on_mark: None }
    }

    /// Shows lines of the ranks of a mesh that are alike but for their numbers as one: `[workers/0-63 ×64] text`, with
    /// `#` for the numbers that differ. A line waits for its like for `window`.
    #[must_use]
    pub fn folded(self, window: Duration) -> LogSink {
        let LogSink { writer, on_mark } = self;
        let writer = writer.map(|writer| Arc::new(Fold::new(writer, window)) as Arc<dyn LogWriter>);
        LogSink { writer, on_mark }
    }

    /// Writes the lines to files as well, one for each output of each proc, made as they are needed:
    /// `dir/workers-3.stdout.log`. They are appended to. Procs of one name share their files.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn with_files(self, dir: impl Into<PathBuf>) -> io::Result<LogSink> {
        let LogSink { writer, on_mark } = self;
        Ok(LogSink { writer: Some(Arc::new(Files::new(dir.into(), writer)?)), on_mark })
    }

    /// Has marks answered by `answer`.
    pub(crate) fn answering(self, answer: impl Fn(&LogMark) + Send + Sync + 'static) -> LogSink {
        LogSink { on_mark: Some(Arc::new(answer)), ..self }
    }

    /// Takes one line; a failure of the writer is ignored (`LOG-2`).
    pub fn line(&self, prefix: &str, stream: StreamKind, text: &str) {
        if let Some(writer) = &self.writer {
            let line = LogLine { prefix: prefix.to_owned(), stream, text: text.to_owned() };
            let _ = writer.write_line(line);
        }
    }

    /// Takes a record that came up a pipe of the proc `prefix`.
    pub(super) fn record(&self, prefix: &str, record: Record) {
        match (record, &self.writer) {
            (Record::Line(line), Some(writer)) => _ = writer.write_line(line),
            (Record::Event(event), Some(writer)) => {
                let proc = if event.proc.is_empty() { prefix.to_owned() } else { event.proc };
                let _ = writer.write_event(LogEvent { proc, ..event });
            }
            (Record::Line(_) | Record::Event(_), None) => {}
            (Record::Mark(mark), _) => self.mark(&mark),
        }
    }

    /// Everything that was taken before is shown, then the mark is answered.
    pub(crate) fn mark(&self, mark: &LogMark) {
        self.flush();
        if let Some(on_mark) = &self.on_mark {
            on_mark(mark);
        }
    }

    /// Marks what this process has written so far, on both outputs.
    pub(crate) fn mark_both(&self, port: &PortRef<StreamKind>) {
        for stream in [StreamKind::Stdout, StreamKind::Stderr] {
            self.mark(&LogMark { stream, port: port.clone() });
        }
    }

    /// Shows what is held back, such as lines that wait for their like.
    pub fn flush(&self) {
        if let Some(writer) = &self.writer {
            writer.flush();
        }
    }
}

impl Default for LogSink {
    fn default() -> LogSink {
        LogSink::console()
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.writer.is_some() { "LogSink" } else { "LogSink(none)" })
    }
}

struct Console;

impl LogWriter for Console {
    fn write_line(&self, line: LogLine) -> io::Result<()> {
        let text = format!("{line}\n");
        match line.stream {
            StreamKind::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            StreamKind::Stderr => io::stderr().lock().write_all(text.as_bytes()),
        }
    }
}

/// As records, to whoever reads our own outputs.
struct Upward;

impl LogWriter for Upward {
    fn write_line(&self, line: LogLine) -> io::Result<()> {
        let stream = line.stream;
        Record::Line(line).write_to(stream)
    }

    fn write_event(&self, event: LogEvent) -> io::Result<()> {
        Record::Event(event).write_to(StreamKind::Stderr)
    }
}

/// The most lines a [`MemoryLog`] holds; then the oldest is forgotten.
pub const MEMORY_LINES_MAX: usize = 1 << 16;

/// The lines of a [`LogSink::memory`]. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    lines: Arc<Mutex<VecDeque<LogLine>>>,
}

impl MemoryLog {
    /// What was collected, oldest first.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl LogWriter for MemoryLog {
    fn write_line(&self, line: LogLine) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MEMORY_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
        Ok(())
    }
}
