//! One rank with its coordinates.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::Extent;

/// One rank of an [`Extent`], with a coordinate in each of its dimensions: rank 11 of `[hosts=4, gpus=8]` is
/// `hosts=1, gpus=3`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Point {
    extent: Extent,
    /// Below `extent.num_points()`, so that no product of sizes has overflowed.
    #[serde(serialize_with = "rank_as_u64")]
    rank: usize,
}

impl Point {
    /// The point of `rank`, when `extent` has it.
    pub(super) fn new(extent: Extent, rank: usize) -> Option<Point> {
        (rank < extent.num_points()).then_some(Point { extent, rank })
    }

    /// The point of a `rank` that `extent` is known to have.
    pub(super) fn within(extent: Extent, rank: usize) -> Point {
        debug_assert!(rank < extent.num_points(), "rank {rank} is one of {extent}");
        Point { extent, rank }
    }

    /// The rank, row-major.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The extent it is a point of.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// The coordinate in the dimension `name`.
    pub fn get(&self, name: &str) -> Option<usize> {
        self.coordinates().find(|&(other, _)| other == name).map(|(_, coordinate)| coordinate)
    }

    /// Names and coordinates, the slowest dimension first.
    pub fn coordinates(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut inner = self.extent.num_ranks();
        let mut rest = self.rank;
        self.extent.dims().map(move |(name, size)| {
            inner /= size; // not 0: the extent has a rank
            let coordinate = rest / inner;
            rest %= inner;
            (name, coordinate)
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, coordinate)) in self.coordinates().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={coordinate}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} ({self}) of {}", self.rank, self.extent)
    }
}

fn rank_as_u64<S: serde::Serializer>(rank: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(*rank as u64)
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Point")]
        struct Wire {
            extent: Extent,
            rank: u64,
        }
        let Wire { extent, rank } = Wire::deserialize(deserializer)?;
        let no_such_rank = || D::Error::custom(format_args!("{extent} has no rank {rank}"));
        let index = usize::try_from(rank).map_err(|_| no_such_rank())?;
        Point::new(extent.clone(), index).ok_or_else(no_such_rank)
    }
}
