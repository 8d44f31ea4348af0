//! Where lines go.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Which output of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

/// What takes lines: the seam for forwarding them to another host. Called on a runtime's thread: it must not block
/// for long.
pub trait LogWriter: Send + Sync {
    /// Takes one line.
    ///
    /// # Errors
    /// Whatever keeps it from taking the line. The line is then lost, and the child is read on (`LOG-2`).
    fn write_line(&self, line: LogLine) -> io::Result<()>;
}

/// Where the lines of children go. Cloning shares it.
#[derive(Clone)]
pub struct LogSink {
    writer: Option<Arc<dyn LogWriter>>,
}

impl LogSink {
    /// Prints `[workers/3] line` to the same output of this process.
    pub fn console() -> LogSink {
        LogSink::new(Console)
    }

    /// Collects the lines in memory, the last [`MEMORY_LINES_MAX`] of them.
    pub fn memory() -> (LogSink, MemoryLog) {
        let log = MemoryLog::default();
        (LogSink::new(log.clone()), log)
    }

    /// Forgets them.
    pub fn none() -> LogSink {
        LogSink { writer: None }
    }

    /// Gives them to `writer`.
    pub fn new(writer: impl LogWriter + 'static) -> LogSink {
        LogSink { writer: Some(Arc::new(writer)) }
    }

    /// Takes one line; a failure of the writer is ignored (`LOG-2`).
    pub fn line(&self, prefix: &str, stream: StreamKind, text: &str) {
        if let Some(writer) = &self.writer {
            let line = LogLine { prefix: prefix.to_owned(), stream, text: text.to_owned() };
            let _ = writer.write_line(line);
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
