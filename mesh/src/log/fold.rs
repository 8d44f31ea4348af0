//! Lines of many ranks that are alike become one.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::event::LogEvent;
use super::sink::{LogLine, LogWriter, StreamKind};

/// How many different lines wait for their like; with one more all are shown.
const GROUPS_MAX: usize = 1024;

/// What lines that are alike have in common: the mesh, the output, and the text with its numbers left out.
type Alike = (String, StreamKind, Vec<String>);

/// Lines that are alike.
struct Group {
    ranks: BTreeSet<u64>,
    count: u64,
    /// What stands where the first line has a number; `None` where another line has another.
    numbers: Vec<Option<String>>,
}

#[derive(Default)]
struct Held {
    /// In the order in which the first line of each came.
    groups: Vec<(Alike, Group)>,
    places: FxHashMap<Alike, usize>,
    /// Raised when they are shown, so that a timer of earlier ones does not show later ones.
    round: u64,
}

struct Shared {
    held: Mutex<Held>,
    next: Arc<dyn LogWriter>,
}

/// Holds lines back for a time, and shows those that are alike as one.
pub(super) struct Fold {
    shared: Arc<Shared>,
    window: Duration,
}

/// The pieces of text between the numbers, and the numbers.
fn split_numbers(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut pieces, mut numbers) = (vec![String::new()], Vec::new());
    let mut in_number = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            if !std::mem::replace(&mut in_number, true) {
                numbers.push(String::new());
                pieces.push(String::new());
            }
            numbers.last_mut().expect("one was pushed at its first digit").push(c);
        } else {
            in_number = false;
            pieces.last_mut().expect("there is one from the start").push(c);
        }
    }
    (pieces, numbers)
}

/// Ranks as `0-2,5`.
fn ranges(ranks: &BTreeSet<u64>) -> String {
    let mut text = String::new();
    let mut ranks = ranks.iter().copied().peekable();
    while let Some(first) = ranks.next() {
        let mut last = first;
        while ranks.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        let comma = if text.is_empty() { "" } else { "," };
        let _ = match last {
            last if last == first => write!(text, "{comma}{first}"),
            last => write!(text, "{comma}{first}-{last}"),
        };
    }
    text
}

fn line_of((mesh, stream, pieces): Alike, group: &Group) -> LogLine {
    let mut prefix = mesh;
    if !group.ranks.is_empty() {
        let _ = write!(prefix, "/{}", ranges(&group.ranks));
    }
    if group.count > 1 {
        let _ = write!(prefix, " ×{}", group.count);
    }
    let mut numbers = group.numbers.iter();
    let text = pieces.iter().enumerate().fold(String::new(), |mut text, (n, piece)| {
        if n > 0 {
            text.push_str(numbers.next().and_then(Option::as_deref).unwrap_or("#"));
        }
        text + piece
    });
    LogLine { prefix, stream, text }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what is held, under the lock: nothing that comes later is shown before it.
    fn show(&self, mut held: MutexGuard<'_, Held>) -> io::Result<()> {
        held.round += 1;
        held.places.clear();
        let mut shown = Ok(());
        for (alike, group) in std::mem::take(&mut held.groups) {
            shown = shown.and(self.next.write_line(line_of(alike, &group)));
        }
        shown
    }
}

impl Fold {
    pub(super) fn new(next: Arc<dyn LogWriter>, window: Duration) -> Fold {
        Fold { shared: Arc::new(Shared { held: Mutex::default(), next }), window }
    }
}

impl LogWriter for Fold {
    fn write_line(&self, line: LogLine) -> io::Result<()> {
        // Without a runtime nobody would show it later.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.shared.next.write_line(line);
        };
        let (mesh, rank) = match line.prefix.rsplit_once('/') {
            Some((mesh, rank)) => (mesh.to_owned(), rank.parse::<u64>().ok()),
            None => (line.prefix.clone(), None),
        };
        let mesh = if rank.is_none() { line.prefix } else { mesh };
        let (pieces, numbers) = split_numbers(&line.text);
        let alike = (mesh, line.stream, pieces);
        let mut held = self.shared.held();
        match held.places.get(&alike).copied() {
            Some(place) => {
                let group = &mut held.groups[place].1;
                group.count += 1;
                group.ranks.extend(rank);
                for (known, number) in group.numbers.iter_mut().zip(numbers) {
                    if *known != Some(number) {
                        *known = None;
                    }
                }
                Ok(())
            }
            None => {
                let place = held.groups.len();
                let numbers = numbers.into_iter().map(Some).collect();
                let group = Group { ranks: rank.into_iter().collect(), count: 1, numbers };
                held.places.insert(alike.clone(), place);
                held.groups.push((alike, group));
                if place + 1 >= GROUPS_MAX {
                    return self.shared.show(held);
                }
                if place == 0 {
                    let (shared, round, window) = (self.shared.clone(), held.round, self.window);
                    runtime.spawn(async move {
                        tokio::time::sleep(window).await;
                        let held = shared.held();
                        if held.round == round {
                            let _ = shared.show(held);
                        }
                    });
                }
                Ok(())
            }
        }
    }

    fn write_event(&self, event: LogEvent) -> io::Result<()> {
        if super::replay::replay(&event) {
            return Ok(());
        }
        let text = event.to_string();
        self.write_line(LogLine { prefix: event.proc, stream: StreamKind::Stderr, text })
    }

    fn flush(&self) {
        let _ = self.shared.show(self.shared.held());
        self.shared.next.flush();
    }
}

/// What is held when nobody is left to write is shown (`LOG-1`).
impl Drop for Fold {
    fn drop(&mut self) {
        self.flush();
    }
}
