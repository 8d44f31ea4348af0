//! One value per rank.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Index, Range};

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::runs::Runs;
use crate::shape::bounded::BoundedVec;
use crate::shape::{Point, Region};

/// The most values that a value mesh from outside may hold. Values of no bytes, such as `()`, have no other bound.
pub const VALUES_LEN_MAX: usize = 1 << 24;

/// The most runs of equal values that `Display` prints.
const RUNS_PRINTED_MAX: usize = 32;

/// Exactly one value for each rank of a [`Region`], in rank order.
///
/// It prints with runs of equal values collapsed: `[1, 2 ×3, 7]`. Where the type allows it ([`collapse`], [`uniform`],
/// statuses, what came over a link collapsed), it is stored so, and what costs the number of ranks elsewhere costs the
/// number of runs.
///
/// [`collapse`]: ValueMesh::collapse
/// [`uniform`]: ValueMesh::uniform
///
/// ```
/// use mesh::{extent, shape::Region, value::ValueMesh};
///
/// let replies = ValueMesh::new(Region::whole(&extent!(workers = 4)), vec![13, 13, 13, 13])?;
/// assert_eq!(replies[2], 13);
/// assert_eq!(replies.to_string(), "[13 ×4]");
/// # Ok::<(), mesh::value::ValueMeshError>(())
/// ```
pub struct ValueMesh<T> {
    region: Region,
    /// As many as `region` has ranks (`VALUE-1`).
    store: Store<T>,
}

#[derive(Clone)]
enum Store<T> {
    Each(Vec<T>),
    Runs(Box<Runs<T>>),
}

/// Why values and a region do not make a [`ValueMesh`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueMeshError {
    /// There are more or fewer values than ranks.
    #[error("{values} values for the {} ranks of {region}", .region.num_ranks())]
    Length {
        /// How many values there are.
        values: usize,
        /// The region.
        region: Region,
    },
}

impl<T> ValueMesh<T> {
    /// The values of the ranks of `region`, in rank order.
    ///
    /// # Errors
    /// [`ValueMeshError::Length`], unless there are as many values as ranks.
    pub fn new(region: Region, values: Vec<T>) -> Result<ValueMesh<T>, ValueMeshError> {
        if values.len() == region.num_ranks() {
            Ok(ValueMesh { region, store: Store::Each(values) })
        } else {
            Err(ValueMeshError::Length { values: values.len(), region })
        }
    }

    /// The value that `of_rank` gives for each rank of `region`.
    pub fn from_fn(region: Region, of_rank: impl FnMut(usize) -> T) -> ValueMesh<T> {
        let values = (0..region.num_ranks()).map(of_rank).collect();
        ValueMesh { region, store: Store::Each(values) }
    }

    /// One value for every rank of `region`, stored once.
    pub fn uniform(region: Region, value: T) -> ValueMesh<T>
    where
        T: Clone,
    {
        let mut runs = Runs::new();
        runs.push_run(region.num_ranks(), value);
        ValueMesh { region, store: Store::Runs(Box::new(runs)) }
    }

    /// Stores neighbours that are equal once.
    #[must_use]
    pub fn collapse(self) -> ValueMesh<T>
    where
        T: Clone + PartialEq,
    {
        let Store::Each(values) = self.store else { return self };
        let mut runs = Runs::new();
        for value in values {
            runs.push(1, value);
        }
        ValueMesh { region: self.region, store: Store::Runs(Box::new(runs)) }
    }

    /// The view whose ranks have these values.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// How many values, which is how many ranks.
    pub fn len(&self) -> usize {
        match &self.store {
            Store::Each(values) => values.len(),
            Store::Runs(runs) => runs.len(),
        }
    }

    /// Whether there is no rank.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `rank`; `None` when there is no such rank.
    pub fn get(&self, rank: usize) -> Option<&T> {
        match &self.store {
            Store::Each(values) => values.get(rank),
            Store::Runs(runs) => runs.get(rank),
        }
    }

    /// The value of `rank`, to be changed; `None` when there is no such rank.
    pub fn get_mut(&mut self, rank: usize) -> Option<&mut T> {
        match &mut self.store {
            Store::Each(values) => values.get_mut(rank),
            Store::Runs(runs) => runs.get_mut(rank),
        }
    }

    /// Gives all `ranks` one value, as far as there are such ranks. Costs the number of runs.
    pub fn set(&mut self, ranks: Range<usize>, value: T)
    where
        T: Clone + PartialEq,
    {
        let ranks = ranks.start..ranks.end.min(self.len());
        if ranks.is_empty() {
            return;
        }
        match &mut self.store {
            Store::Each(values) => values[ranks].fill(value),
            Store::Runs(runs) => runs.set(ranks, value),
        }
    }

    /// Each value with its point: rank and coordinates in the view.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Point, &T)> + ExactSizeIterator {
        self.region.extent().points().map(|point| {
            let value = &self[point.rank()];
            (point, value)
        })
    }

    /// The values in rank order as they are stored: each with the ranks that have it. Neighbours may have equal values.
    pub fn runs(&self) -> impl Iterator<Item = (Range<usize>, &T)> {
        let (each, runs) = match &self.store {
            Store::Each(values) => {
                (Some(values.iter().enumerate().map(|(rank, value)| (rank..rank + 1, value))), None)
            }
            Store::Runs(runs) => (None, Some(runs.iter())),
        };
        each.into_iter().flatten().chain(runs.into_iter().flatten())
    }

    /// As [`runs`](ValueMesh::runs), of those that have some of `ranks`, and no more of them.
    pub(crate) fn runs_in(&self, ranks: Range<usize>) -> impl Iterator<Item = (Range<usize>, &T)> {
        let start = ranks.start.min(self.len());
        let ranks = start..ranks.end.min(self.len()).max(start);
        let (each, runs) = match &self.store {
            Store::Each(values) => {
                let each = ranks.clone().zip(&values[ranks]);
                (Some(each.map(|(rank, value)| (rank..rank + 1, value))), None)
            }
            Store::Runs(runs) => (None, Some(runs.iter_in(ranks))),
        };
        each.into_iter().flatten().chain(runs.into_iter().flatten())
    }

    /// The same region with what `join` makes of each pair of runs. Costs the runs of both.
    ///
    /// # Panics
    /// When the two have not as many ranks.
    pub(crate) fn zip_runs<U, V: Clone + PartialEq>(
        &self,
        other: &ValueMesh<U>,
        mut join: impl FnMut(&T, &U) -> V,
    ) -> ValueMesh<V> {
        assert_eq!(self.len(), other.len(), "two meshes of as many ranks");
        let mut joined = Runs::new();
        for (ranks, ours) in self.runs() {
            for (part, theirs) in other.runs_in(ranks) {
                joined.push(part.len(), join(ours, theirs));
            }
        }
        ValueMesh { region: self.region.clone(), store: Store::Runs(Box::new(joined)) }
    }

    /// The values, in rank order, one for each rank: where they are stored as runs, they are spread out once.
    pub fn values(&self) -> &[T] {
        match &self.store {
            Store::Each(values) => values,
            Store::Runs(runs) => runs.each(),
        }
    }

    /// The values, in rank order, without their region.
    pub fn into_values(self) -> Vec<T> {
        match self.store {
            Store::Each(values) => values,
            Store::Runs(runs) => runs.into_each(),
        }
    }

    /// The same region with what `change` makes of each value.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> ValueMesh<U> {
        let region = self.region.clone();
        ValueMesh { region, store: Store::Each(self.into_values().into_iter().map(change).collect()) }
    }

    /// The same region with what `change` makes of each run of equal values, so that it costs the number of runs.
    pub fn map_runs<U: Clone + PartialEq>(&self, mut change: impl FnMut(&T) -> U) -> ValueMesh<U> {
        let mut mapped = Runs::new();
        for (ranks, value) in self.runs() {
            mapped.push(ranks.len(), change(value));
        }
        ValueMesh { region: self.region.clone(), store: Store::Runs(Box::new(mapped)) }
    }
}

impl<T: Clone> Clone for ValueMesh<T> {
    fn clone(&self) -> ValueMesh<T> {
        ValueMesh { region: self.region.clone(), store: self.store.clone() }
    }
}

/// Equal values are equal, however they are stored.
impl<T: PartialEq> PartialEq for ValueMesh<T> {
    fn eq(&self, other: &ValueMesh<T>) -> bool {
        if self.region != other.region {
            return false;
        }
        let (mut ours, mut theirs) = (self.runs(), other.runs());
        let (mut our, mut their) = (ours.next(), theirs.next());
        while let (Some((our_ranks, our_value)), Some((their_ranks, their_value))) = (&our, &their) {
            if our_value != their_value {
                return false;
            }
            let (our_end, their_end) = (our_ranks.end, their_ranks.end);
            if our_end <= their_end {
                our = ours.next();
            }
            if their_end <= our_end {
                their = theirs.next();
            }
        }
        true
    }
}

impl<T: Eq> Eq for ValueMesh<T> {}

impl<T: Hash> Hash for ValueMesh<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.region.hash(state);
        // By rank, since equal meshes may be stored as different runs.
        for (ranks, value) in self.runs() {
            ranks.for_each(|_| value.hash(state));
        }
    }
}

/// As the values print, with runs of equal text collapsed; in the long form (`{:#?}`) each value by itself.
impl<T: fmt::Debug> fmt::Debug for ValueMesh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Values<'a, T>(&'a ValueMesh<T>);
        impl<T: fmt::Debug> fmt::Debug for Values<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if f.alternate() {
                    return f.debug_list().entries((0..self.0.len()).map(|rank| &self.0[rank])).finish();
                }
                self.0.print_runs(f, |value| format!("{value:?}"))
            }
        }
        f.debug_struct("ValueMesh").field("region", &self.region).field("values", &Values(self)).finish()
    }
}

impl<T: Serialize> Serialize for ValueMesh<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut mesh = serializer.serialize_struct("ValueMesh", 2)?;
        mesh.serialize_field("region", &self.region)?;
        mesh.serialize_field("runs", &WireRuns(self))?;
        mesh.end()
    }
}

/// The runs as they travel: how many ranks, and their value.
struct WireRuns<'a, T>(&'a ValueMesh<T>);

impl<T: Serialize> Serialize for WireRuns<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = match &self.0.store {
            Store::Each(values) => values.len(),
            Store::Runs(runs) => runs.count(),
        };
        let mut seq = serializer.serialize_seq(Some(count))?;
        for (ranks, value) in self.0.runs() {
            let len = u32::try_from(ranks.len()).map_err(|_| S::Error::custom("a run is too long"))?;
            seq.serialize_element(&(len, value))?;
        }
        seq.end()
    }
}

impl<'de, T: Deserialize<'de> + Clone> Deserialize<'de> for ValueMesh<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ValueMesh<T>, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "ValueMesh")]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Wire<T> {
            region: Region,
            runs: BoundedVec<(u32, T), VALUES_LEN_MAX>,
        }
        let Wire { region, runs: BoundedVec(wire) } = Wire::deserialize(deserializer)?;
        let mut runs = Runs::new();
        for (len, value) in wire {
            let len = usize::try_from(len).map_err(|_| D::Error::custom("a run is too long"))?;
            if len == 0 || len > VALUES_LEN_MAX - runs.len() {
                return Err(D::Error::custom("a run of values is empty, or longer than all may be"));
            }
            runs.push_run(len, value);
        }
        if runs.len() == region.num_ranks() {
            return Ok(ValueMesh { region, store: Store::Runs(Box::new(runs)) });
        }
        Err(D::Error::custom(ValueMeshError::Length { values: runs.len(), region }))
    }
}

impl<T, E> ValueMesh<Result<T, E>> {
    /// All values, or the first error in rank order.
    ///
    /// # Errors
    /// The error of the lowest rank that has one.
    pub fn transpose(self) -> Result<ValueMesh<T>, E> {
        let region = self.region.clone();
        let values = self.into_values().into_iter().collect::<Result<_, E>>()?;
        Ok(ValueMesh { region, store: Store::Each(values) })
    }
}

/// # Panics
/// When there is no such rank; [`get`](ValueMesh::get) does not.
impl<T> Index<usize> for ValueMesh<T> {
    type Output = T;

    fn index(&self, rank: usize) -> &T {
        match self.get(rank) {
            Some(value) => value,
            None => out_of_bounds(rank, &self.region),
        }
    }
}

#[cold]
#[track_caller]
fn out_of_bounds(rank: usize, region: &Region) -> ! {
    panic!("rank {rank} is not one of the {} ranks of {region}", region.num_ranks())
}

impl<T> IntoIterator for ValueMesh<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_values().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a ValueMesh<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.values().iter()
    }
}

/// Runs of values with equal text are collapsed, and after 32 runs the rest is counted: `[0, 1 ×3, … 9,968 more]`. A
/// precision (`{:.2}`) goes to each value.
impl<T: fmt::Display> fmt::Display for ValueMesh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = f.precision();
        self.print_runs(f, |value| match precision {
            Some(precision) => format!("{value:.precision$}"),
            None => value.to_string(),
        })
    }
}

impl<T> ValueMesh<T> {
    fn print_runs(&self, f: &mut fmt::Formatter<'_>, text: impl Fn(&T) -> String) -> fmt::Result {
        let mut texts = self.runs().map(|(ranks, value)| (ranks.len(), text(value))).peekable();
        let mut printed = 0;
        f.write_str("[")?;
        for run in 0..RUNS_PRINTED_MAX {
            let Some((mut count, text)) = texts.next() else { break };
            while let Some((more, _)) = texts.next_if(|(_, next)| *next == text) {
                count += more;
            }
            let comma = if run == 0 { "" } else { ", " };
            write!(f, "{comma}{text}")?;
            if count > 1 {
                write!(f, " ×{}", Grouped(count))?;
            }
            printed += count;
        }
        if printed < self.len() {
            write!(f, ", … {} more", Grouped(self.len() - printed))?;
        }
        f.write_str("]")
    }
}

/// A number with its digits in groups of three: `9,968`.
struct Grouped(usize);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            let comma = if i > 0 && (digits.len() - i).is_multiple_of(3) { "," } else { "" };
            write!(f, "{comma}{digit}")?;
        }
        Ok(())
    }
}
