//! The log of what happened in a root value, for replay: equal seeds give equal logs. Off unless asked for.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock;

/// The most lines a log keeps; later ones are counted only.
const LINES_MAX: usize = 1 << 20;

#[derive(Default)]
struct Inner {
    on: AtomicBool,
    started: Mutex<Option<tokio::time::Instant>>,
    lines: Mutex<Vec<String>>,
}

/// A log of events. Cloning shares it.
#[derive(Clone, Default)]
pub struct EventLog(Arc<Inner>);

impl EventLog {
    /// Starts to record, with times counted from now.
    pub fn record(&self) {
        *self.0.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::now());
        self.0.on.store(true, Ordering::Relaxed);
    }

    /// Adds a line, if recording. `text` is only run then.
    pub fn note<T: fmt::Display>(&self, text: impl FnOnce() -> T) {
        if !self.0.on.load(Ordering::Relaxed) {
            return;
        }
        let started =
            self.0.started.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(clock::now);
        let line = format!("{:>9} {}", clock::now().duration_since(started).as_micros(), text());
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
    }

    /// The lines so far: microseconds since the start, and what happened.
    pub fn lines(&self) -> Vec<String> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").field("on", &self.0.on).finish_non_exhaustive()
    }
}
