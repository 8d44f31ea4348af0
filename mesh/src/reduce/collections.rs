//! Joining lists, merging maps and sets.

#![expect(clippy::disallowed_types, reason = "users' replies may be hash maps; their order is not used here")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map, hash_map};
use std::hash::{BuildHasher, Hash};
use std::ops::AddAssign;

use mesh_macros::quiet;

use super::Reducer;
use crate::value::{Overlay, StandingOverlay, StatusOverlay};

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

/// Collects what ranks say of themselves: an [`Overlay`] with the value of each, at its rank, where neighbours of one value are
/// one run. So a mesh of thousands that mostly agrees costs each gateway on the way a few runs;
/// [`to_mesh`](Overlay::to_mesh) makes a [`ValueMesh`](crate::ValueMesh) of it. A call without a reducer collects the replies
/// of all ranks as they are.
///
/// ```
/// use mesh::prelude::*;
/// use mesh::value::Overlay;
///
/// #[derive(Default)]
/// struct Worker {
///     version: u32,
/// }
///
/// #[actor]
/// impl Worker {
///     #[new]
///     fn new() -> Self {
///         Worker::default()
///     }
///
///     /// Which version it has, at its rank in the caller's view.
///     #[handler(reduce = Collect)]
///     fn version(&self, cx: &Context<Self>) -> Overlay<u32> {
///         let rank = cx.cast_point().map_or(0, |point| point.rank);
///         Overlay::single(rank, self.version)
///     }
/// }
///
/// # #[mesh::main]
/// # async fn main(cx: &Client) -> mesh::Result<()> {
/// # let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?;
/// let workers = procs.spawn(cx, "workers", Worker::spec()).await?;
/// let versions = workers.version().reduce(Collect).call(cx).await?;
/// assert_eq!(versions.runs().collect::<Vec<_>>(), [(0..4, &0)]);
/// # Ok(())
/// # }
/// ```
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Collect;

#[diagnostic::do_not_recommend]
impl<V: Clone + PartialEq> Reducer<Overlay<V>> for Collect {
    /// Where both speak of a rank, the right one wins.
    fn reduce(&self, mut left: Overlay<V>, right: Overlay<V>) -> Overlay<V> {
        left.merge(right);
        left
    }
}

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
