//! What is known of some ranks, on its way to a mesh of all.

use std::ops::Range;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Standing, Status, ValueMesh};
use crate::shape::Region;
use crate::shape::bounded::BoundedVec;

/// The most runs of ranks that an overlay from outside may have.
pub const OVERLAY_LEN_MAX: usize = 1 << 20;

/// Values of some ranks, in the caller's view (`VERB-2`): runs of ranks of one value, sorted by rank, each rank at most
/// once, and neighbours of one value in one run (`VALUE-3`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Overlay<V> {
    runs: Vec<Run<V>>,
}

/// The statuses of some ranks.
pub type StatusOverlay = Overlay<Status>;

/// The statuses of some ranks, with how new each is, and what `D` tells beside them. [`Merge`](crate::Merge) keeps the
/// newest of each rank.
pub type StandingOverlay<D = ()> = Overlay<Standing<D>>;

/// Ranks of one value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Run<V> {
    start: u32,
    /// Behind the last: above `start`.
    end: u32,
    value: V,
}

impl<V> Default for Overlay<V> {
    fn default() -> Overlay<V> {
        Overlay { runs: Vec::new() }
    }
}

impl<V: Serialize> Serialize for Overlay<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.runs.iter().map(|run| (run.start, run.end, &run.value)))
    }
}

impl<'de, V: Deserialize<'de> + PartialEq> Deserialize<'de> for Overlay<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Overlay<V>, D::Error> {
        let BoundedVec(wire) = BoundedVec::<(u32, u32, V), OVERLAY_LEN_MAX>::deserialize(deserializer)?;
        let (mut overlay, mut above) = (Overlay::default(), 0);
        for (start, end, value) in wire {
            if start < above || end <= start {
                return Err(D::Error::custom(format_args!(
                    "the ranks of an overlay are not ascending at rank {start}"
                )));
            }
            above = end;
            overlay.push(Run { start, end, value });
        }
        Ok(overlay)
    }
}

impl<V: PartialEq> Overlay<V> {
    /// Speaks of no rank: what a holder of nothing answers.
    pub fn new() -> Overlay<V> {
        Overlay::default()
    }

    /// Speaks of one rank.
    ///
    /// # Panics
    /// For rank `u32::MAX`, which no mesh has.
    pub fn single(rank: u32, value: V) -> Overlay<V> {
        Overlay::uniform(rank..rank + 1, value)
    }

    /// Says the same of some ranks.
    pub fn uniform(ranks: Range<u32>, value: V) -> Overlay<V> {
        let mut overlay = Overlay::new();
        if !ranks.is_empty() {
            overlay.push(Run { start: ranks.start, end: ranks.end, value });
        }
        overlay
    }

    /// Ranks and their value, ascending.
    pub fn runs(&self) -> impl Iterator<Item = (Range<u32>, &V)> {
        self.runs.iter().map(|run| (run.start..run.end, &run.value))
    }

    /// The value of each rank, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &V)> {
        self.runs().flat_map(|(ranks, value)| ranks.map(move |rank| (rank, value)))
    }

    /// The value of `rank`, if the overlay speaks of it.
    pub fn get(&self, rank: u32) -> Option<&V> {
        let run = self.runs.get(self.runs.partition_point(|run| run.end <= rank))?;
        (run.start <= rank).then_some(&run.value)
    }

    /// How many ranks it speaks of.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| (run.end - run.start) as usize).sum()
    }

    /// Whether it speaks of no rank.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// One value for each rank of `region`, whose ranks those of the overlay are; `None` where it does not speak of one.
    /// Costs the runs.
    ///
    /// ```
    /// use mesh::{Status, ValueMesh, extent};
    /// use mesh::shape::Region;
    /// use mesh::value::StatusOverlay;
    ///
    /// let overlay = StatusOverlay::uniform(1..4, Status::Running);
    /// let mesh = overlay.to_mesh(&Region::whole(&extent!(workers = 4)));
    /// assert_eq!((mesh[0].as_ref(), mesh[3].as_ref()), (None, Some(&Status::Running)));
    /// assert_eq!(mesh.runs().count(), 2);
    /// ```
    pub fn to_mesh(&self, region: &Region) -> ValueMesh<Option<V>>
    where
        V: Clone,
    {
        let mut mesh = ValueMesh::uniform(region.clone(), None);
        for (ranks, value) in self.runs() {
            mesh.set(ranks.start as usize..ranks.end as usize, Some(value.clone()));
        }
        mesh
    }

    /// Appends a run that begins at or behind the end of the last.
    fn push(&mut self, run: Run<V>) {
        match self.runs.last_mut() {
            Some(last) if last.end == run.start && last.value == run.value => last.end = run.end,
            _ => self.runs.push(run),
        }
    }

    /// Takes in `right`, which wins where both speak of a rank. Costs the runs of both, or of `right` alone where it
    /// begins after `self` ends, as it does when the parts of a tree arrive in order.
    pub fn merge(&mut self, right: Overlay<V>)
    where
        V: Clone,
    {
        self.merge_where(right, |_, _| true);
    }

    /// As [`merge`](Overlay::merge), but where both speak of a rank `right` wins if `wins` says so of its value, which is
    /// the second.
    pub fn merge_where(&mut self, right: Overlay<V>, wins: impl Fn(&V, &V) -> bool)
    where
        V: Clone,
    {
        let Some(first) = right.runs.first() else { return };
        if self.runs.last().is_none_or(|last| last.end <= first.start) {
            right.runs.into_iter().for_each(|run| self.push(run));
            return;
        }
        let mut lefts = std::mem::take(&mut self.runs).into_iter();
        let mut rights = right.runs.into_iter();
        let (mut left, mut right) = (lefts.next(), rights.next());
        loop {
            match (left.take(), right.take()) {
                (Some(mut ours), Some(mut theirs)) => {
                    // What only one of the two speaks of, before the other begins.
                    let until = ours.start.max(theirs.start);
                    for one in [&mut ours, &mut theirs] {
                        let end = one.end.min(until);
                        if one.start < end {
                            self.push(Run { start: one.start, end, value: one.value.clone() });
                            one.start = end;
                        }
                    }
                    // What both speak of, if they do.
                    let end = ours.end.min(theirs.end);
                    if ours.start < ours.end && theirs.start < theirs.end {
                        let value =
                            if wins(&ours.value, &theirs.value) { &theirs.value } else { &ours.value };
                        self.push(Run { start: until, end, value: value.clone() });
                        (ours.start, theirs.start) = (end, end);
                    }
                    left = if ours.start < ours.end { Some(ours) } else { lefts.next() };
                    right = if theirs.start < theirs.end { Some(theirs) } else { rights.next() };
                }
                (Some(run), None) => {
                    self.push(run);
                    left = lefts.next();
                }
                (None, Some(run)) => {
                    self.push(run);
                    right = rights.next();
                }
                (None, None) => return,
            }
        }
    }
}

/// Of two values for one rank the later wins.
impl<V: Clone + PartialEq> FromIterator<(u32, V)> for Overlay<V> {
    fn from_iter<I: IntoIterator<Item = (u32, V)>>(entries: I) -> Overlay<V> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|entry| entry.0); // stable: the later of two stays the later
        entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        let mut overlay = Overlay::new();
        entries.into_iter().for_each(|(rank, value)| overlay.merge(Overlay::single(rank, value)));
        overlay
    }
}
