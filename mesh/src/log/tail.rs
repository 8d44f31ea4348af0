//! The last lines of a child's stderr.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the last lines, up to a bound. Cloning shares them.
#[derive(Clone, Debug)]
pub struct StderrTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    max: usize,
}

impl StderrTail {
    /// Starts empty, and keeps at most `max` lines.
    pub fn new(max: usize) -> StderrTail {
        StderrTail { lines: Arc::default(), max }
    }

    /// Appends a line; the oldest beyond the bound is forgotten.
    pub fn push(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(line.to_owned());
        if lines.len() > self.max {
            lines.pop_front();
        }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
