//! How encoded replies are merged on their way back: by the gateways that know reply type and reducer.
//!
//! A call that asks for a reducer names the pair by a number; a gateway that has the pair in its table merges what it
//! gathers, any other sends it on as it is, and the caller merges the rest. So the result does not depend on who merges:
//! replies of neighbouring ranks only, lower ranks on the left (`REDUCE-1`).

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustc_hash::FxHasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::reduce::{Collect, Concat, Max, Merge, Min, Reducer, Sum, fold};
use crate::value::{Overlay, StandingOverlay, StatusOverlay};
use crate::wire::codec::Payload;

/// Merges the encoded replies of neighbouring ranks, in rank order, each as often as its number says; `None` when they
/// do not decode or the merge panics.
pub type MergeReplies = fn(&[(&Payload, u32)]) -> Option<Payload>;

/// A reducer for replies of one type, as gateways know it.
#[derive(Clone, Copy, Debug)]
pub struct MergeEntry {
    id: fn() -> u64,
    merge: MergeReplies,
}

inventory::collect!(MergeEntry);

/// The number of the pair `T`, `R`: the same in every process of one build.
pub(crate) fn merge_id<T: 'static, R: 'static>() -> u64 {
    let mut hasher = FxHasher::default();
    TypeId::of::<(T, R)>().hash(&mut hasher);
    hasher.finish()
}

impl MergeEntry {
    /// Of the replies `T` and the reducer `R`, which has no state: every process makes its own.
    pub const fn of<T, R>() -> MergeEntry
    where
        T: Serialize + DeserializeOwned + Clone + 'static,
        R: Reducer<T> + Default,
    {
        const { assert!(size_of::<R>() == 0, "a reducer that has state is not merged on the way") };
        MergeEntry::stateless::<T, R>()
    }

    const fn stateless<T, R>() -> MergeEntry
    where
        T: Serialize + DeserializeOwned + Clone + 'static,
        R: Reducer<T> + Default,
    {
        MergeEntry { id: merge_id::<T, R>, merge: merge_replies::<T, R> }
    }

    /// The entry of a number.
    pub(crate) fn find(id: u64) -> Option<MergeReplies> {
        let user = inventory::iter::<MergeEntry>.into_iter();
        BUILT_IN
            .iter()
            .copied()
            .flatten()
            .chain(user)
            .find(|entry| (entry.id)() == id)
            .map(|entry| entry.merge)
    }
}

/// The entry of a pair, [`Mergeable::ENTRY`], where there can be one. A pair that gateways cannot merge has none of its
/// own, and gets that of [`CallerMerges`]: the caller merges it.
#[derive(Debug)]
pub struct Mergeable<T, R>(PhantomData<(T, R)>);

impl<T, R> Mergeable<T, R>
where
    T: Serialize + DeserializeOwned + Clone + 'static,
    R: Reducer<T> + Default,
{
    /// What gateways need to know to merge it; a reducer with state is the caller's.
    pub const ENTRY: MergeEntry =
        if size_of::<R>() == 0 { MergeEntry::stateless::<T, R>() } else { CALLER_MERGES };
}

/// The entry of a pair that has none.
const CALLER_MERGES: MergeEntry = MergeEntry { id: merge_id::<(), ()>, merge: |_| None };

/// Of every pair: found where [`Mergeable`] has no entry of its own.
pub trait CallerMerges {
    /// One that merges nothing.
    const ENTRY: MergeEntry = CALLER_MERGES;
}

impl<T, R> CallerMerges for Mergeable<T, R> {}

fn merge_replies<T, R>(replies: &[(&Payload, u32)]) -> Option<Payload>
where
    T: Serialize + DeserializeOwned + Clone + 'static,
    R: Reducer<T> + Default,
{
    // The user's code runs here: a panic in it is met again, and told, where the caller merges.
    let merged = catch_unwind(AssertUnwindSafe(|| {
        let mut values = Vec::with_capacity(replies.len());
        for (payload, times) in replies {
            let value: T = payload.get().ok()?;
            values.extend(std::iter::repeat_n(value, *times as usize));
        }
        Payload::of(&fold(&R::default(), values)?).ok()
    }));
    merged.ok().flatten()
}

/// Lists entries: the reducers of a group with each of its types.
macro_rules! entries {
    ($([$($reducer:ident),*] $types:tt;)*) => { &[$($(entries!(@each $reducer $types),)*)*] };
    (@each $reducer:ident ($($type:ty),*)) => { &[$(MergeEntry::of::<$type, $reducer>()),*] };
}

/// What every program merges on the way: the built-in reducers, for the types that programs count with.
const BUILT_IN: &[&[MergeEntry]] = entries! {
    [Sum, Max, Min] (
        i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64, Duration
    );
    [Max, Min] (bool, char, String);
    [Concat] (String, Vec<String>, Vec<u8>, Vec<u32>, Vec<u64>, Vec<i64>, Vec<f32>, Vec<f64>);
    [Collect] (Overlay<bool>, Overlay<u32>, Overlay<u64>, Overlay<i64>, Overlay<String>);
    [Merge] (
        StatusOverlay, StandingOverlay, BTreeMap<String, u64>, BTreeMap<String, i64>, BTreeMap<u64, u64>, BTreeSet<String>, BTreeSet<u64>
    );
};

/// Lets gateways merge replies with a reducer of your own on their way back, as they do with the built-in ones: without
/// it the caller merges them. The reducer has no state, and its replies are `Clone`.
///
/// `#[handler(reduce = R)]` does this for the replies of its handler, where `R` and they are such, and the actor is not
/// generic; it is not to be repeated here.
///
/// ```
/// use mesh::Reducer;
///
/// /// Keeps the longest line; of two of one length, that of the lowest rank.
/// #[derive(Default)]
/// struct Longest;
///
/// impl Reducer<String> for Longest {
///     fn reduce(&self, left: String, right: String) -> String {
///         if right.len() > left.len() { right } else { left }
///     }
/// }
///
/// mesh::register_reducer!(Longest => String);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! register_reducer {
    ($($reducer:ty => $reply:ty),+ $(,)?) => {
        $($crate::__private::inventory::submit! { $crate::__private::MergeEntry::of::<$reply, $reducer>() })+
    };
}

#[cfg(test)]
mod tests;
