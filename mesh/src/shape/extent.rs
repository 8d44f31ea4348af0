//! Named sizes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::BoundedVec;
use super::{DIMENSIONS_MAX, Point, RANKS_MAX};

/// Ordered, named sizes, such as `[hosts=4, gpus=8]`. Cloning shares them.
///
/// Making one checks nothing; [`validate`](Extent::validate) does, and so do decoding and
/// [`concat`](Extent::concat).
///
/// ```
/// use mesh::extent;
///
/// let extent = extent!(hosts = 4, gpus = 8);
/// assert_eq!(extent.num_ranks(), 32);
/// assert_eq!(extent.point(11).unwrap().to_string(), "hosts=1, gpus=3");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Extent {
    dimensions: Arc<[Dimension]>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Dimension {
    name: Arc<str>,
    size: usize,
}

/// What is wrong with an [`Extent`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtentError {
    /// It has no dimension, so no rank.
    #[error("the extent has no dimensions, so no ranks: write `extent!(workers = 4)`")]
    NoDimensions,
    /// A dimension has size 0, so there is no rank.
    #[error("dimension `{dimension}` of {extent} is empty: a size is between 1 and {RANKS_MAX}")]
    Empty {
        /// Which dimension.
        dimension: String,
        /// The extent.
        extent: Extent,
    },
    /// Two dimensions have one name.
    #[error("dimension `{dimension}` occurs twice in {extent}")]
    Duplicate {
        /// Which name.
        dimension: String,
        /// The extent.
        extent: Extent,
    },
    /// There are more than [`RANKS_MAX`] ranks.
    #[error("{extent} has more than {RANKS_MAX} ranks")]
    TooLarge {
        /// The extent.
        extent: Extent,
    },
    /// There are more than [`DIMENSIONS_MAX`] dimensions.
    #[error("an extent has at most {DIMENSIONS_MAX} dimensions, this one {count}")]
    TooManyDimensions {
        /// How many.
        count: usize,
    },
}

impl Extent {
    /// Makes an extent of names and sizes, the slowest dimension first. Nothing is checked.
    pub fn new(dims: impl IntoIterator<Item = (impl Into<Arc<str>>, usize)>) -> Extent {
        let dimensions = dims.into_iter().map(|(name, size)| Dimension { name: name.into(), size }).collect();
        Extent { dimensions }
    }

    #[doc(hidden)]
    pub fn __of_macro(dims: &[(&str, usize)]) -> Extent {
        Extent::new(dims.iter().map(|&(name, size)| (name.strip_prefix("r#").unwrap_or(name), size)))
    }

    #[doc(hidden)]
    pub fn __size(size: impl TryInto<usize>) -> usize {
        size.try_into().unwrap_or(0)
    }

    /// Checks that a mesh can have this extent.
    ///
    /// # Errors
    /// [`ExtentError`], naming the dimension, when there is no rank, when a name occurs twice, and when there are more
    /// than [`DIMENSIONS_MAX`] dimensions or [`RANKS_MAX`] ranks.
    pub fn validate(&self) -> Result<(), ExtentError> {
        let count = self.dimensions.len();
        if count == 0 {
            return Err(ExtentError::NoDimensions);
        }
        if count > DIMENSIONS_MAX {
            return Err(ExtentError::TooManyDimensions { count });
        }
        let mut names = BTreeSet::new();
        for (name, size) in self.dims() {
            if size == 0 {
                return Err(ExtentError::Empty { dimension: name.to_owned(), extent: self.clone() });
            }
            if !names.insert(name) {
                return Err(ExtentError::Duplicate { dimension: name.to_owned(), extent: self.clone() });
            }
        }
        if self.num_ranks() > RANKS_MAX {
            return Err(ExtentError::TooLarge { extent: self.clone() });
        }
        Ok(())
    }

    /// The number of ranks: the product of the sizes, 0 without dimensions, `usize::MAX` where it does not fit.
    pub fn num_ranks(&self) -> usize {
        if self.dimensions.is_empty() {
            return 0;
        }
        self.dims().fold(1, |product: usize, (_, size)| product.saturating_mul(size))
    }

    /// The size of the dimension `name`.
    pub fn size(&self, name: &str) -> Option<usize> {
        self.dims().find(|&(other, _)| other == name).map(|(_, size)| size)
    }

    /// Names and sizes, the slowest dimension first.
    pub fn dims(&self) -> impl DoubleEndedIterator<Item = (&str, usize)> + ExactSizeIterator {
        self.dimensions.iter().map(|dimension| (&*dimension.name, dimension.size))
    }

    /// The dimensions of `self`, then those of `inner`: `[hosts=4]` with `[gpus=8]` is `[hosts=4, gpus=8]`, in which
    /// rank = `8 * host + gpu`.
    ///
    /// # Errors
    /// [`ExtentError`], when the result is not valid; names that both have are a
    /// [`Duplicate`](ExtentError::Duplicate).
    pub fn concat(&self, inner: &Extent) -> Result<Extent, ExtentError> {
        let dimensions = self.dimensions.iter().chain(inner.dimensions.iter()).cloned().collect();
        let extent = Extent { dimensions };
        extent.validate()?;
        Ok(extent)
    }

    /// The coordinates of `rank`; `None` when there is no such rank, or the extent has more than [`RANKS_MAX`].
    pub fn point(&self, rank: usize) -> Option<Point> {
        Point::new(self.clone(), rank)
    }

    /// All points, in rank order; none when the extent has more than [`RANKS_MAX`].
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + ExactSizeIterator + use<> {
        let extent = self.clone();
        (0..self.num_points()).map(move |rank| Point::within(extent.clone(), rank))
    }

    /// The number of ranks, if it is a number that arithmetic on ranks is exact for; otherwise 0.
    pub(super) fn num_points(&self) -> usize {
        Some(self.num_ranks()).filter(|&count| count <= RANKS_MAX).unwrap_or(0)
    }

    /// The same names in the same order, with other sizes.
    pub(super) fn resized(&self, sizes: impl Fn(&str, usize) -> usize) -> Extent {
        Extent {
            dimensions: self
                .dimensions
                .iter()
                .map(|Dimension { name, size }| Dimension { name: name.clone(), size: sizes(name, *size) })
                .collect(),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, (name, size)) in self.dims().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={size}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A sequence of name and `u64`.
impl Serialize for Extent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.dims().map(|(name, size)| (name, size as u64)))
    }
}

impl<'de> Deserialize<'de> for Extent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Extent, D::Error> {
        let BoundedVec(dims) = BoundedVec::<(Arc<str>, u64), DIMENSIONS_MAX>::deserialize(deserializer)?;
        // A size that does not fit is above the bound on ranks, which `validate` reports.
        let dims = dims.into_iter().map(|(name, size)| (name, usize::try_from(size).unwrap_or(usize::MAX)));
        let extent = Extent::new(dims);
        extent.validate().map_err(D::Error::custom)?;
        Ok(extent)
    }
}
