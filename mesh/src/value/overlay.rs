//! The statuses of some ranks, on their way to a status mesh.

use std::ops::Range;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Status;
use crate::shape::bounded::BoundedVec;

/// The most runs of ranks that an overlay from outside may have.
pub const OVERLAY_LEN_MAX: usize = 1 << 20;

/// The statuses of some ranks, in the caller's view (`VERB-2`): runs of ranks of one status, sorted by rank, each rank
/// at most once, and neighbours of one status in one run (`VALUE-3`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct StatusOverlay {
    runs: Vec<Run>,
}

/// Ranks of one status.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Run {
    start: u32,
    /// Behind the last: above `start`.
    end: u32,
    status: Status,
}

impl Serialize for StatusOverlay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.runs.iter().map(|run| (run.start, run.end, &run.status)))
    }
}

impl<'de> Deserialize<'de> for StatusOverlay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusOverlay, D::Error> {
        let BoundedVec(wire) = BoundedVec::<(u32, u32, Status), OVERLAY_LEN_MAX>::deserialize(deserializer)?;
        let (mut overlay, mut above) = (StatusOverlay::new(), 0);
        for (start, end, status) in wire {
            if start < above || end <= start {
                return Err(D::Error::custom(format_args!(
                    "the ranks of a status overlay are not ascending at rank {start}"
                )));
            }
            above = end;
            overlay.push(Run { start, end, status });
        }
        Ok(overlay)
    }
}

impl StatusOverlay {
    /// Speaks of no rank: what a holder of nothing answers.
    pub fn new() -> StatusOverlay {
        StatusOverlay::default()
    }

    /// Speaks of one rank.
    ///
    /// # Panics
    /// For rank `u32::MAX`, which no mesh has.
    pub fn single(rank: u32, status: Status) -> StatusOverlay {
        StatusOverlay::uniform(rank..rank + 1, status)
    }

    /// Says the same of some ranks.
    pub fn uniform(ranks: Range<u32>, status: Status) -> StatusOverlay {
        let mut overlay = StatusOverlay::new();
        if !ranks.is_empty() {
            overlay.push(Run { start: ranks.start, end: ranks.end, status });
        }
        overlay
    }

    /// Ranks and their status, ascending.
    pub fn runs(&self) -> impl Iterator<Item = (Range<u32>, &Status)> {
        self.runs.iter().map(|run| (run.start..run.end, &run.status))
    }

    /// The status of each rank, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &Status)> {
        self.runs().flat_map(|(ranks, status)| ranks.map(move |rank| (rank, status)))
    }

    /// The status of `rank`, if the overlay speaks of it.
    pub fn get(&self, rank: u32) -> Option<&Status> {
        let run = self.runs.get(self.runs.partition_point(|run| run.end <= rank))?;
        (run.start <= rank).then_some(&run.status)
    }

    /// How many ranks it speaks of.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| (run.end - run.start) as usize).sum()
    }

    /// Whether it speaks of no rank.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Appends a run that begins at or behind the end of the last.
    fn push(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.end == run.start && last.status == run.status => last.end = run.end,
            _ => self.runs.push(run),
        }
    }

    /// Takes in `right`, which wins where both speak of a rank. Costs the runs of both, or of `right` alone where it
    /// begins after `self` ends, as it does when the parts of a tree arrive in order.
    pub fn merge(&mut self, right: StatusOverlay) {
        let Some(first) = right.runs.first() else { return };
        if self.runs.last().is_none_or(|last| last.end <= first.start) {
            right.runs.into_iter().for_each(|run| self.push(run));
            return;
        }
        let mut left = std::mem::take(&mut self.runs).into_iter();
        let mut next = left.next();
        for over in right.runs {
            while let Some(under) = next.take() {
                if under.start >= over.end {
                    next = Some(under);
                    break;
                }
                let (before, behind) = (under.start..under.end.min(over.start), over.end..under.end);
                if !before.is_empty() {
                    let status = under.status.clone();
                    self.push(Run { start: before.start, end: before.end, status });
                }
                next =
                    if behind.is_empty() { left.next() } else { Some(Run { start: behind.start, ..under }) };
                if next.as_ref().is_some_and(|next| next.start >= over.end) {
                    break;
                }
            }
            self.push(over);
        }
        next.into_iter().chain(left).for_each(|run| self.push(run));
    }
}

/// Of two statuses for one rank the later wins.
impl FromIterator<(u32, Status)> for StatusOverlay {
    fn from_iter<I: IntoIterator<Item = (u32, Status)>>(entries: I) -> StatusOverlay {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|entry| entry.0); // stable: the later of two stays the later
        entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        let mut overlay = StatusOverlay::new();
        entries.into_iter().for_each(|(rank, status)| overlay.merge(StatusOverlay::single(rank, status)));
        overlay
    }
}
