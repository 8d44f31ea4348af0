//! Joining lists, merging maps and sets.

#![expect(clippy::disallowed_types, reason = "users' replies may be hash maps; their order is not used here")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map, hash_map};
use std::hash::{BuildHasher, Hash};
use std::ops::AddAssign;

use mesh_macros::quiet;

use super::Reducer;
use crate::value::{StandingOverlay, StatusOverlay};

/// Joins vectors, or text, in rank order.
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Concat;

/// Merges maps and sets: all keys are kept, and the values of equal keys are added with `+=`, the value of lower ranks on
/// the left. Integers overflow there as they do everywhere in Rust. A
/// [`StatusOverlay`] is merged by rank, the right one winning, a [`StandingOverlay`] (such as a
/// [`StateOverlay`](crate::resource::StateOverlay)) so that the newest of each rank wins.
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Merge;

#[diagnostic::do_not_recommend]
impl<T> Reducer<Vec<T>> for Concat {
    fn reduce(&self, mut left: Vec<T>, right: Vec<T>) -> Vec<T> {
        left.extend(right);
        left
    }
}

#[diagnostic::do_not_recommend]
impl Reducer<String> for Concat {
    fn reduce(&self, mut left: String, right: String) -> String {
        left.push_str(&right);
        left
    }
}

#[diagnostic::do_not_recommend]
impl<K: Ord, V: AddAssign> Reducer<BTreeMap<K, V>> for Merge {
    fn reduce(&self, mut left: BTreeMap<K, V>, right: BTreeMap<K, V>) -> BTreeMap<K, V> {
        for (key, value) in right {
            match left.entry(key) {
                btree_map::Entry::Occupied(mut entry) => *entry.get_mut() += value,
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
            }
        }
        left
    }
}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash, V: AddAssign, S: BuildHasher> Reducer<HashMap<K, V, S>> for Merge {
    fn reduce(&self, mut left: HashMap<K, V, S>, right: HashMap<K, V, S>) -> HashMap<K, V, S> {
        for (key, value) in right {
            match left.entry(key) {
                hash_map::Entry::Occupied(mut entry) => *entry.get_mut() += value,
                hash_map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
            }
        }
        left
    }
}

#[diagnostic::do_not_recommend]
impl<T: Ord> Reducer<BTreeSet<T>> for Merge {
    fn reduce(&self, mut left: BTreeSet<T>, mut right: BTreeSet<T>) -> BTreeSet<T> {
        left.append(&mut right);
        left
    }
}

#[diagnostic::do_not_recommend]
impl<T: Eq + Hash, S: BuildHasher> Reducer<HashSet<T, S>> for Merge {
    fn reduce(&self, mut left: HashSet<T, S>, right: HashSet<T, S>) -> HashSet<T, S> {
        left.extend(right);
        left
    }
}

#[diagnostic::do_not_recommend]
impl Reducer<StatusOverlay> for Merge {
    fn reduce(&self, mut left: StatusOverlay, right: StatusOverlay) -> StatusOverlay {
        left.merge(right);
        left
    }
}

#[diagnostic::do_not_recommend]
impl<D: Clone + PartialEq> Reducer<StandingOverlay<D>> for Merge {
    fn reduce(&self, mut left: StandingOverlay<D>, right: StandingOverlay<D>) -> StandingOverlay<D> {
        left.merge_where(right, |left, right| right.follows(left));
        left
    }
}
