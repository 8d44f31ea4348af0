//! What to keep of a region.

use std::fmt;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};
use std::sync::Arc;

/// What [`Region::try_slice`](super::Region::try_slice) keeps: indices of one dimension, or ranks.
///
/// | written | keeps |
/// |---|---|
/// | `("gpus", 0..4)`, and the other ranges of `usize` | these indices of `gpus` |
/// | `("gpus", 2)` | one index; the dimension stays, of size 1 |
/// | `0..4`, and the other ranges of `usize` | these ranks, as `[ranks=4]` |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// `None`: by rank.
    pub(super) dimension: Option<Arc<str>>,
    pub(super) start: usize,
    /// One past the last; `None`: to the end.
    pub(super) end: Option<usize>,
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.dimension {
            Some(name) => write!(f, "{name}={}..", self.start)?,
            None => write!(f, "ranks {}..", self.start)?,
        }
        self.end.map_or(Ok(()), |end| end.fmt(f))
    }
}

/// Implements `From` for one kind of range, by dimension and by rank.
macro_rules! slice_from {
    ($($range:ty: $this:ident => $start:expr, $end:expr;)*) => {$(
        impl From<(&str, $range)> for Slice {
            fn from((name, $this): (&str, $range)) -> Slice {
                Slice { dimension: Some(name.into()), start: $start, end: $end }
            }
        }
        impl From<$range> for Slice {
            fn from($this: $range) -> Slice {
                Slice { dimension: None, start: $start, end: $end }
            }
        }
    )*};
}

// An end that would overflow is out of bounds either way.
slice_from! {
    Range<usize>: range => range.start, Some(range.end);
    RangeInclusive<usize>: range => *range.start(), Some(range.end().saturating_add(1));
    RangeFrom<usize>: range => range.start, None;
    RangeTo<usize>: range => 0, Some(range.end);
    RangeToInclusive<usize>: range => 0, Some(range.end.saturating_add(1));
    RangeFull: _range => 0, None;
    usize: index => index, Some(index.saturating_add(1));
}
