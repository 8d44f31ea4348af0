//! How replies are merged on their way back: the [`Reducer`] trait, and the built-in ones.
//!
//! | reducer | merges |
//! |---|---|
//! | [`Sum`] | numbers, `Duration`: added, saturating |
//! | [`Max`], [`Min`] | numbers, text, `Duration`, tuples of these, your own [`TotalOrder`] |
//! | [`Concat`] | `Vec`, `String`: joined in rank order |
//! | [`Collect`] | [`Overlay`](crate::value::Overlay): the value of each rank, equal neighbours as one run |
//! | [`Merge`] | maps: values of equal keys are added; sets: united; `StatusOverlay`: the right one wins, `StandingOverlay`, `StateOverlay`: the newest of each rank |
//! | each of these | `Result<T, E>` of what it merges: the values, or the error of the lowest rank that has one |
//! | none | nothing: without `.reduce(..)` a call collects the reply of each rank, as a `ValueMesh` |
//! | `(A, B)` to `(A, B, C, D)` | tuples, each element by its own reducer |
//!
//! This module does **not** know where a merge happens: the gateways on the way do it for the reducers and types that
//! they know (built-in ones; the states of a kind by `#[actor(resource(…))]`; yours by `#[handler(reduce = R)]` or
//! [`register_reducer!`](crate::register_reducer)), the caller for the rest.
//!
//! Invariants
//! - `REDUCE-1` replies are folded in rank order: `left` is always of lower ranks than `right`. How they are grouped is
//!   not defined, so a reducer must be associative. It need not be commutative.
//! - `REDUCE-2` a reply is taken into a result exactly once, so a reducer need not be idempotent.

mod collections;
mod numbers;

pub use collections::{Collect, Concat, Merge};
pub use numbers::{Addend, Max, Min, Sum, TotalOrder};

/// Merges two replies of type `T` into one.
///
/// It must be **associative**: `reduce(reduce(a, b), c)` equals `reduce(a, reduce(b, c))`, since the grouping follows the
/// tree. `left` is always the reply of lower ranks (`REDUCE-1`). It must not block, and a panic in it fails the call.
///
/// ```
/// use mesh::reduce::Reducer;
///
/// /// Keeps the longest line; of two of one length, that of the lowest rank.
/// struct Longest;
///
/// impl Reducer<String> for Longest {
///     fn reduce(&self, left: String, right: String) -> String {
///         if right.len() > left.len() { right } else { left }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "replies of type `{T}` cannot be reduced with `{Self}`",
    label = "`{Self}` does not reduce `{T}`",
    note = "built-in reducers: `Sum` (numbers, `Duration`), `Max`, `Min` (the same and `String`), `Concat` (`Vec`, `String`), `Collect` (`Overlay`), `Merge` (sets, and maps of values with `+=`), and tuples of reducers for tuples",
    note = "or write one: `impl mesh::reduce::Reducer<{T}> for MyReducer`; for a type of your own, `Addend` makes it fit `Sum`, and `TotalOrder` `Max` and `Min`"
)]
pub trait Reducer<T>: Send + Sync + 'static {
    /// Merges the reply of lower ranks, `left`, and that of higher ranks, `right`.
    fn reduce(&self, left: T, right: T) -> T;
}

/// Folds `values`, which are in rank order, from the left; `None` when there is none.
pub fn fold<T, R: Reducer<T> + ?Sized>(reducer: &R, values: impl IntoIterator<Item = T>) -> Option<T> {
    values.into_iter().reduce(|left, right| reducer.reduce(left, right))
}

/// Implements reduction of the replies of a handler that may say no. Not for every reducer of `T` at once: the compiler
/// would look for reducers of results of results without end.
macro_rules! reduce_results {
    ($($reducer:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T, E> Reducer<Result<T, E>> for $reducer
        where
            $reducer: Reducer<T>,
        {
            fn reduce(&self, left: Result<T, E>, right: Result<T, E>) -> Result<T, E> {
                Ok(Reducer::<T>::reduce(self, left?, right?))
            }
        }
    )*};
}

reduce_results!(Sum, Max, Min, Concat, Collect, Merge);

/// Implements reduction of a tuple by a tuple of reducers.
macro_rules! reduce_tuples {
    ($($(($reducer:ident, $value:ident, $index:tt)),+;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($value,)+ $($reducer: Reducer<$value>),+> Reducer<($($value,)+)> for ($($reducer,)+) {
            fn reduce(&self, left: ($($value,)+), right: ($($value,)+)) -> ($($value,)+) {
                ($(self.$index.reduce(left.$index, right.$index),)+)
            }
        }
    )*};
}

reduce_tuples! {
    (R0, T0, 0), (R1, T1, 1);
    (R0, T0, 0), (R1, T1, 1), (R2, T2, 2);
    (R0, T0, 0), (R1, T1, 1), (R2, T2, 2), (R3, T3, 3);
}

#[cfg(test)]
mod tests;
