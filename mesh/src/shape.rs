//! Shapes: how the ranks of a mesh are arranged in named dimensions, and views of them.
//!
//! An [`Extent`] names the sizes, a [`Point`] is one rank with its coordinates, a [`Region`] is a strided sub-box whose
//! own ranks (*view ranks*) map to ranks of the whole extent (*base ranks*). This module does **not** know what runs at a
//! rank, or where.
//!
//! ```text
//! [hosts=2, gpus=4]      gpus ►              slice(("gpus", 1..3))        view rank  0 1 2 3
//!                hosts   0  1  2  3    ─►    1  2                    ─►   base rank  1 2 5 6
//!                  ▼     4  5  6  7          5  6                         [hosts=2, gpus=2]
//! ```
//!
//! Invariants
//! - `SHAPE-1` ranks are row-major: the last dimension varies fastest.
//! - `SHAPE-2` every [`Region`] is either empty, or made of a valid extent with all of its base ranks below
//!   [`RANKS_MAX`], distinct and ascending in view rank.
//! - `SHAPE-3` two regions are equal exactly when names, sizes and base ranks are: the stride of a dimension of size 1
//!   is kept as 0.
//! - `SHAPE-4` on the wire sizes are `u64`; what does not make a valid, non-empty shape does not decode, and nothing is
//!   allocated beyond [`DIMENSIONS_MAX`] entries (`PEER-1`).

pub(crate) mod bounded;
mod extent;
mod point;
mod region;
mod slice;

pub use extent::{Extent, ExtentError};
pub use point::Point;
pub use region::{Region, RegionError};
pub use slice::Slice;

/// The most dimensions of an extent.
pub const DIMENSIONS_MAX: usize = 16;

/// The most ranks of an extent: every rank fits a `u32`.
pub const RANKS_MAX: usize = u32::MAX as usize;

/// Builds an [`Extent`](crate::shape::Extent): `extent!(hosts = 4, gpus = 8)` is `[hosts=4, gpus=8]`.
///
/// A size is any expression of an integer type. Nothing is checked here but by
/// [`Extent::validate`](crate::shape::Extent::validate), which whoever makes a mesh calls; a size that is no `usize`
/// (a negative one) counts as 0, which it refuses.
///
/// ```
/// use mesh::extent;
///
/// let gpus = 8_u32;
/// assert_eq!(extent!(hosts = 2 + 2, gpus = gpus).to_string(), "[hosts=4, gpus=8]");
/// ```
#[macro_export]
macro_rules! extent {
    ($($name:ident = $size:expr),* $(,)?) => {
        $crate::shape::Extent::__of_macro(&[
            $((::core::stringify!($name), $crate::shape::Extent::__size($size))),*
        ])
    };
}

#[cfg(test)]
mod tests;
