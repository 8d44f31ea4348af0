//! Lines into files: one for each output of each proc.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::event::LogEvent;
use super::sink::{LogLine, LogWriter, StreamKind};

/// How many files are held open; beyond it all are closed, and opened again as they are needed.
const OPEN_MAX: usize = 256;

/// Writes to files, and hands on.
pub(super) struct Files {
    dir: PathBuf,
    open: Mutex<BTreeMap<String, File>>,
    next: Option<Arc<dyn LogWriter>>,
}

impl Files {
    pub(super) fn new(dir: PathBuf, next: Option<Arc<dyn LogWriter>>) -> io::Result<Files> {
        fs::create_dir_all(&dir)?;
        Ok(Files { dir, open: Mutex::default(), next })
    }

    fn append(&self, prefix: &str, stream: StreamKind, text: &str) -> io::Result<()> {
        let name = file_name(prefix, stream);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_MAX && !open.contains_key(&name) {
            open.clear();
        }
        let mut file = match open.get(&name) {
            Some(file) => file,
            None => {
                let file = OpenOptions::new().create(true).append(true).open(self.dir.join(&name))?;
                open.entry(name).or_insert(file)
            }
        };
        file.write_all(format!("{text}\n").as_bytes())
    }
}

/// The file of a proc's output; nothing in it leads out of the directory.
fn file_name(prefix: &str, stream: StreamKind) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
    let name: String = prefix.chars().map(plain).collect();
    let stream = if stream == StreamKind::Stdout { "stdout" } else { "stderr" };
    format!("{name}.{stream}.log")
}

impl LogWriter for Files {
    fn write_line(&self, line: LogLine) -> io::Result<()> {
        let written = self.append(&line.prefix, line.stream, &line.text);
        match &self.next {
            Some(next) => next.write_line(line).and(written),
            None => written,
        }
    }

    fn write_event(&self, event: LogEvent) -> io::Result<()> {
        let written = self.append(&event.proc, StreamKind::Stderr, &event.to_string());
        match &self.next {
            Some(next) => next.write_event(event).and(written),
            None => written,
        }
    }

    fn flush(&self) {
        if let Some(next) = &self.next {
            next.flush();
        }
    }
}
