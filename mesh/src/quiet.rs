//! Lends bounds and structs a place in another file, so that rustc shows users no source of ours beneath their errors: what
//! `#[mesh_macros::quiet]` goes through. How that works is told in `mesh-codegen`'s `quiet`. This module knows
//! nothing of the bounds.

/// Hands an item on, with `here` for the place that its bounds begin at.
#[cfg(not(doc))]
macro_rules! elsewhere {
    ($($item:tt)*) => { ::mesh_macros::begin_elsewhere! { here { $($item)* } } };
}
/// rustdoc leads from an item to the place that it begins at.
#[cfg(doc)]
macro_rules! elsewhere {
    ($($item:tt)*) => { $($item)* };
}
pub(crate) use elsewhere;
