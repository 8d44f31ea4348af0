//! Runs of equal values: what a mesh of thousands of equal values is stored as.

use std::ops::Range;
use std::sync::OnceLock;

/// Values by rank, with neighbours that are equal stored once.
///
/// A run is found by its end, so a rank costs the logarithm of the runs. Values may be copied at need, by the function
/// that was at hand where they were collapsed: what is done with a mesh later asks for no more bounds.
pub(super) struct Runs<T> {
    /// Where each run ends; ascending, none empty. Run 0 begins at rank 0.
    ends: Vec<usize>,
    /// One value a run.
    values: Vec<T>,
    copy: fn(&T) -> T,
    /// One value a rank, for those who ask for a slice.
    each: OnceLock<Vec<T>>,
}

impl<T> Runs<T> {
    /// No rank yet.
    pub(super) fn new() -> Runs<T>
    where
        T: Clone,
    {
        Runs { ends: Vec::new(), values: Vec::new(), copy: T::clone, each: OnceLock::new() }
    }

    /// How many ranks.
    pub(super) fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// How many runs.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Appends `count` ranks of one value, to the last run if it is the same.
    pub(super) fn push(&mut self, count: usize, value: T)
    where
        T: PartialEq,
    {
        match (self.values.last(), self.ends.last_mut()) {
            (Some(last), Some(end)) if *last == value => *end += count,
            _ => self.push_run(count, value),
        }
    }

    /// Appends a run, whatever is before it.
    pub(super) fn push_run(&mut self, count: usize, value: T) {
        if count > 0 {
            self.ends.push(self.len() + count);
            self.values.push(value);
            self.each.take();
        }
    }

    fn run_of(&self, rank: usize) -> usize {
        self.ends.partition_point(|end| *end <= rank)
    }

    fn start(&self, run: usize) -> usize {
        run.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    pub(super) fn get(&self, rank: usize) -> Option<&T> {
        self.values.get(self.run_of(rank))
    }

    /// The value of a rank, which becomes a run of its own.
    pub(super) fn get_mut(&mut self, rank: usize) -> Option<&mut T> {
        if rank >= self.len() {
            return None;
        }
        self.split_at(rank);
        self.split_at(rank + 1);
        self.each.take();
        let run = self.run_of(rank);
        self.values.get_mut(run)
    }

    /// Makes a run begin at `rank`, unless one does or all ranks are below it. Gives which run begins there.
    fn split_at(&mut self, rank: usize) -> usize {
        let run = self.run_of(rank);
        if run == self.ends.len() || self.start(run) == rank {
            return run;
        }
        let value = (self.copy)(&self.values[run]);
        self.ends.insert(run, rank);
        self.values.insert(run, value);
        run + 1
    }

    /// Gives all `ranks` one value. They are ranks that there are, and at least one.
    pub(super) fn set(&mut self, ranks: Range<usize>, value: T)
    where
        T: PartialEq,
    {
        self.each.take();
        let first = self.split_at(ranks.start);
        let after = self.split_at(ranks.end);
        let joins_left = first > 0 && self.values[first - 1] == value;
        let joins_right = self.values.get(after).is_some_and(|next| *next == value);
        // The run that is kept is the one whose end is right already: the neighbour to the right, or the last covered.
        let from = if joins_left { first - 1 } else { first };
        let to = if joins_right { after } else { after - 1 };
        self.ends.drain(from..to);
        self.values.drain(from..to);
        self.values[from] = value;
    }

    /// Ranks and value of each run, in rank order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Range<usize>, &T)> {
        self.values.iter().enumerate().map(|(run, value)| (self.start(run)..self.ends[run], value))
    }

    /// As [`iter`](Runs::iter), of those that have some of `ranks`, which are ranks that there are, and no more of them.
    pub(super) fn iter_in(&self, ranks: Range<usize>) -> impl Iterator<Item = (Range<usize>, &T)> {
        let first = self.run_of(ranks.start);
        let values = self.values.iter().enumerate().skip(first);
        values.map_while(move |(run, value)| {
            let within = self.start(run).max(ranks.start)..self.ends[run].min(ranks.end);
            (!within.is_empty()).then_some((within, value))
        })
    }

    /// One value a rank.
    pub(super) fn each(&self) -> &[T] {
        self.each.get_or_init(|| {
            let copies = |(ranks, value)| Range::map(ranks, move |_| (self.copy)(value));
            self.iter().flat_map(copies).collect()
        })
    }

    /// One value a rank.
    pub(super) fn into_each(mut self) -> Vec<T> {
        if let Some(each) = self.each.take() {
            return each;
        }
        let mut each = Vec::with_capacity(self.len());
        for (value, end) in self.values.into_iter().zip(self.ends) {
            while each.len() + 1 < end {
                each.push((self.copy)(&value));
            }
            each.push(value);
        }
        each
    }
}

impl<T: Clone> Clone for Runs<T> {
    fn clone(&self) -> Runs<T> {
        let (ends, values) = (self.ends.clone(), self.values.clone());
        Runs { ends, values, copy: self.copy, each: OnceLock::new() }
    }
}
