//! Sums, maxima, minima.

use std::cmp::Ordering;
use std::time::Duration;

use mesh_macros::quiet;

use super::Reducer;

/// Adds numbers and durations.
///
/// Integers and `Duration` saturate: a sum that does not fit is the largest value (or the smallest), never a panic and
/// never a small number. A sum of signed integers depends on the grouping once a part of it has saturated; one of
/// floats, in its last digits, always.
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sum;

/// Keeps the greatest; of equals, that of the lowest rank.
///
/// Floats are ordered by `total_cmp`: a NaN is greater than all numbers, so it shows.
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Max;

/// Keeps the least; of equals, that of the lowest rank.
///
/// Floats are ordered by `total_cmp`: a positive NaN is greater than all numbers, so it is kept only if all are.
#[quiet]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Min;

/// What [`Sum`] adds: numbers, `Duration`, and types of your own that implement it.
pub trait Addend {
    /// `self + right`. Must be associative, and should saturate.
    #[must_use]
    fn plus(self, right: Self) -> Self;
}

/// What [`Max`] and [`Min`] compare: numbers, text, `Duration`, tuples of these, and types of your own that implement it
/// (by `Ord::cmp`, most often).
pub trait TotalOrder {
    /// The order of the two. Must be total.
    fn total_order(&self, other: &Self) -> Ordering;
}

#[diagnostic::do_not_recommend]
impl<T: Addend> Reducer<T> for Sum {
    fn reduce(&self, left: T, right: T) -> T {
        left.plus(right)
    }
}

#[diagnostic::do_not_recommend]
impl<T: TotalOrder> Reducer<T> for Max {
    fn reduce(&self, left: T, right: T) -> T {
        if right.total_order(&left).is_gt() { right } else { left }
    }
}

#[diagnostic::do_not_recommend]
impl<T: TotalOrder> Reducer<T> for Min {
    fn reduce(&self, left: T, right: T) -> T {
        if right.total_order(&left).is_lt() { right } else { left }
    }
}

macro_rules! saturating_addends {
    ($($type:ty),*) => {$(
        impl Addend for $type {
            fn plus(self, right: $type) -> $type {
                self.saturating_add(right)
            }
        }
    )*};
}

macro_rules! ordered {
    ($($type:ty),*) => {$(
        impl TotalOrder for $type {
            fn total_order(&self, other: &$type) -> Ordering {
                self.cmp(other)
            }
        }
    )*};
}

macro_rules! floats {
    ($($type:ty),*) => {$(
        impl Addend for $type {
            fn plus(self, right: $type) -> $type {
                self + right
            }
        }
        impl TotalOrder for $type {
            fn total_order(&self, other: &$type) -> Ordering {
                self.total_cmp(other)
            }
        }
    )*};
}

macro_rules! ordered_tuples {
    ($($(($type:ident, $index:tt)),+;)*) => {$(
        /// The first element that differs decides.
        impl<$($type: TotalOrder),+> TotalOrder for ($($type,)+) {
            fn total_order(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$index.total_order(&other.$index)))+
            }
        }
    )*};
}

saturating_addends!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, Duration);
ordered!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, Duration, bool, char, String);
floats!(f32, f64);
ordered_tuples! {
    (A, 0), (B, 1);
    (A, 0), (B, 1), (C, 2);
    (A, 0), (B, 1), (C, 2), (D, 3);
}
