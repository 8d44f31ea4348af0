//! Strided sub-boxes of an extent.

use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bounded::BoundedVec;
use super::{DIMENSIONS_MAX, Extent, Point, RANKS_MAX, Slice};

/// The name of the dimension that a slice by rank makes.
const RANKS: &str = "ranks";

/// A view of a whole extent: a box of it, with ranks of its own. Cloning shares the parts.
///
/// ```
/// use mesh::{extent, shape::Region};
///
/// let whole = Region::whole(&extent!(hosts = 2, gpus = 4));
/// let view = whole.try_slice(("gpus", 1..3))?;
/// assert_eq!(view.extent(), extent!(hosts = 2, gpus = 2));
/// assert_eq!(view.base_ranks().collect::<Vec<_>>(), [1, 2, 5, 6]);
/// assert_eq!(view.view_rank(5), Some(2));
/// # Ok::<(), mesh::shape::RegionError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Region {
    /// The view's names and sizes: valid, or without dimensions (`SHAPE-2`).
    extent: Extent,
    /// For each dimension, how far the base rank moves; 0 where the size is 1 (`SHAPE-3`).
    strides: Arc<[usize]>,
    /// The base rank of view rank 0.
    offset: usize,
}

/// Why a [`Region`] cannot be sliced so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// It has no such dimension.
    #[error("no dimension `{dimension}` in {extent}")]
    NoSuchDimension {
        /// The name asked for.
        dimension: String,
        /// What there is.
        extent: Extent,
    },
    /// The slice reaches beyond the dimension, or the ranks.
    #[error("{slice} is out of bounds of {extent}, which has {}", bounds(.slice, .size))]
    OutOfBounds {
        /// The slice asked for.
        slice: Slice,
        /// The size of the dimension, or the number of ranks.
        size: usize,
        /// What there is.
        extent: Extent,
    },
    /// The slice would keep nothing.
    #[error("{slice} of {extent} keeps nothing")]
    Empty {
        /// The slice asked for.
        slice: Slice,
        /// What there is.
        extent: Extent,
    },
    /// The ranks asked for do not lie at equal distances in the whole extent.
    #[error("{slice} of the view {extent} do not lie evenly in the whole: slice by dimension, as `(\"{}\", 0..1)`",
        .extent.dims().next().map_or(RANKS, |(name, _)| name))]
    NotFlat {
        /// The slice asked for.
        slice: Slice,
        /// What there is.
        extent: Extent,
    },
}

fn bounds(slice: &Slice, size: &usize) -> String {
    match &slice.dimension {
        Some(name) => format!("{name}=0..{size}"),
        None => format!("ranks 0..{size}"),
    }
}

impl Region {
    /// The region of all ranks of `extent`; an empty one if `extent` is not [valid](Extent::validate).
    pub fn whole(extent: &Extent) -> Region {
        if extent.validate().is_err() {
            return Region { extent: Extent::default(), strides: Arc::default(), offset: 0 };
        }
        let mut inner = extent.num_ranks();
        let strides = extent.dims().map(|(_, size)| {
            inner /= size;
            if size == 1 { 0 } else { inner }
        });
        Region { extent: extent.clone(), strides: strides.collect(), offset: 0 }
    }

    /// The part of the region that `slice` names: `("gpus", 0..4)`, `("hosts", 2)`, or by rank `0..4`; see [`Slice`].
    /// A slice by rank is a region `[ranks=k]`.
    ///
    /// # Errors
    /// [`RegionError`], when there is no such dimension, when it does not reach so far, when nothing would be left, and
    /// for ranks of a view that do not lie evenly in the whole (a single rank always does).
    pub fn try_slice(&self, slice: impl Into<Slice>) -> Result<Region, RegionError> {
        let slice = slice.into();
        match slice.dimension.clone() {
            Some(name) => self.slice_dimension(&name, slice),
            None => self.slice_ranks(slice),
        }
    }

    fn slice_dimension(&self, name: &str, slice: Slice) -> Result<Region, RegionError> {
        let Some(index) = self.extent.dims().position(|(other, _)| other == name) else {
            return Err(RegionError::NoSuchDimension {
                dimension: name.to_owned(),
                extent: self.extent.clone(),
            });
        };
        let size = self.extent.size(name).unwrap_or(0);
        let (start, len) = self.resolve(slice, size)?;
        let mut strides = self.strides.clone();
        let offset = self.offset + start * strides[index];
        if len == 1 {
            Arc::make_mut(&mut strides)[index] = 0;
        }
        let extent = self.extent.resized(|other, size| if other == name { len } else { size });
        Ok(Region { extent, strides, offset })
    }

    fn slice_ranks(&self, slice: Slice) -> Result<Region, RegionError> {
        let (start, len) = self.resolve(slice.clone(), self.num_ranks())?;
        let (step, block) = self.flat_suffix();
        if start / block != (start + len - 1) / block {
            return Err(RegionError::NotFlat { slice, extent: self.extent.clone() });
        }
        Ok(Region {
            extent: Extent::new([(RANKS, len)]),
            strides: [if len == 1 { 0 } else { step }].into(),
            offset: self.nth(start),
        })
    }

    /// Start and length of `slice` in `0..size`; not empty.
    fn resolve(&self, slice: Slice, size: usize) -> Result<(usize, usize), RegionError> {
        let (start, end) = (slice.start, slice.end.unwrap_or(size));
        let extent = self.extent.clone();
        if start > size || end > size {
            return Err(RegionError::OutOfBounds { slice, size, extent });
        }
        if start >= end {
            return Err(RegionError::Empty { slice, extent });
        }
        Ok((start, end - start))
    }

    /// The longest run of inner dimensions that lie evenly in the base: their step, and how many ranks they make.
    fn flat_suffix(&self) -> (usize, usize) {
        let (mut step, mut block) = (1, 1);
        for ((_, size), &stride) in self.extent.dims().zip(self.strides.iter()).rev() {
            if size == 1 {
                continue;
            }
            if block == 1 {
                step = stride;
            } else if stride != step * block {
                break;
            }
            block *= size;
        }
        (step, block)
    }

    /// The base rank of a view rank that is known to exist.
    fn nth(&self, view_rank: usize) -> usize {
        let mut rest = view_rank;
        let mut base_rank = self.offset;
        for ((_, size), &stride) in self.extent.dims().zip(self.strides.iter()).rev() {
            base_rank += rest % size * stride;
            rest /= size;
        }
        base_rank
    }

    /// How many ranks the view has.
    pub fn num_ranks(&self) -> usize {
        self.extent.num_ranks()
    }

    /// Whether it has no rank: only a region made of an extent that is not valid.
    pub fn is_empty(&self) -> bool {
        self.num_ranks() == 0
    }

    /// The rank in the whole extent of the view's rank; `None` when the view has no such rank.
    pub fn base_rank(&self, view_rank: usize) -> Option<usize> {
        (view_rank < self.num_ranks()).then(|| self.nth(view_rank))
    }

    /// The view's rank of a rank of the whole extent; `None` when it is outside the view.
    pub fn view_rank(&self, base_rank: usize) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let mut rest = base_rank.checked_sub(self.offset)?;
        let mut view_rank = 0;
        for ((_, size), &stride) in self.extent.dims().zip(self.strides.iter()) {
            // Each stride is longer than all that lies within it (`SHAPE-2`), so that the quotient is the coordinate.
            let coordinate = rest.checked_div(stride).unwrap_or(0);
            if coordinate >= size {
                return None;
            }
            view_rank = view_rank * size + coordinate;
            rest -= coordinate * stride;
        }
        (rest == 0).then_some(view_rank)
    }

    /// The ranks in the whole extent, in the order of the view's ranks, which is ascending.
    pub fn base_ranks(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + '_ {
        let num_ranks = self.num_ranks();
        let (step, block) = self.flat_suffix();
        let flat = block == num_ranks;
        (0..num_ranks).map(move |rank| if flat { self.offset + rank * step } else { self.nth(rank) })
    }

    /// Names and sizes of the view.
    pub fn extent(&self) -> Extent {
        self.extent.clone()
    }

    /// The view's rank with its coordinates in the view; `None` when the view has no such rank.
    pub fn point(&self, view_rank: usize) -> Option<Point> {
        self.extent.point(view_rank)
    }

    /// Whether a rank of the whole extent is in the view.
    pub fn contains(&self, base_rank: usize) -> bool {
        self.view_rank(base_rank).is_some()
    }

    /// Whether the two views, of one whole extent, share a rank. Costs a look at each rank of the smaller one.
    pub fn overlaps(&self, other: &Region) -> bool {
        let (few, many) = if self.num_ranks() <= other.num_ranks() { (self, other) } else { (other, self) };
        let Some(last) = many.num_ranks().checked_sub(1) else { return false };
        let (first, last) = (many.offset, many.nth(last));
        few.base_ranks()
            .skip_while(|&rank| rank < first)
            .take_while(|&rank| rank <= last)
            .any(|rank| many.contains(rank))
    }

    /// A region of parts from outside, if `SHAPE-2` holds for it.
    fn of_parts(extent: Extent, strides: &[u64], offset: u64) -> Result<Region, &'static str> {
        if extent.dims().len() != strides.len() {
            return Err("a region has one stride for each dimension");
        }
        let mut kept = vec![0; strides.len()];
        let mut span = 0_u64;
        for (i, (_, size)) in extent.dims().enumerate().rev() {
            if size == 1 {
                continue;
            }
            if strides[i] <= span {
                return Err("a region's strides overlap");
            }
            span = strides[i]
                .checked_mul(size as u64 - 1)
                .and_then(|reach| reach.checked_add(span))
                .ok_or("a region's stride is out of bounds")?;
            kept[i] = usize::try_from(strides[i]).map_err(|_| "a region's stride is out of bounds")?;
        }
        let last = offset.checked_add(span).filter(|&last| last < RANKS_MAX as u64);
        match (last, usize::try_from(offset)) {
            (Some(_), Ok(offset)) => Ok(Region { extent, strides: kept.into(), offset }),
            _ => Err("a region's ranks are out of bounds"),
        }
    }
}

impl From<&Extent> for Region {
    fn from(extent: &Extent) -> Region {
        Region::whole(extent)
    }
}

/// The view's extent, and where it begins unless that is rank 0: `[hosts=1, gpus=8] from rank 16`.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.extent)?;
        if self.offset == 0 { Ok(()) } else { write!(f, " from rank {}", self.offset) }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} +{} by {:?}", self.extent, self.offset, self.strides)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let strides: Vec<u64> = self.strides.iter().map(|&stride| stride as u64).collect();
        let mut region = serializer.serialize_struct("Region", 3)?;
        region.serialize_field("extent", &self.extent)?;
        region.serialize_field("strides", &strides)?;
        region.serialize_field("offset", &(self.offset as u64))?;
        region.end()
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Region, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Region")]
        struct Wire {
            extent: Extent,
            strides: BoundedVec<u64, DIMENSIONS_MAX>,
            offset: u64,
        }
        let Wire { extent, strides, offset } = Wire::deserialize(deserializer)?;
        Region::of_parts(extent, &strides.0, offset).map_err(D::Error::custom)
    }
}
