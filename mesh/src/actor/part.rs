//! Actors of several blocks: how one that another does not know of is found out, in words that name no hash.
//!
//! A part is known by the hash of its name, which is all of it that a type can carry. So the missing impl itself is never
//! asked for: a method is found on what there is, and else, by autoref, on a fallback that asks for the impl of a trait
//! without a number, which nothing has.

use std::marker::PhantomData;

use mesh_macros::quiet;

use super::traits::{Actor, Exporter};

/// A further block of an actor, `#[actor(part = name)]`; `NAME` is the hash of its name.
pub trait Part<const NAME: u64>: Actor {
    /// Names every message of the block.
    fn exports<E: Exporter<Self>>(exporter: &mut E);
}

/// The word of an actor's first block that it knows of a part.
pub trait Lists<const NAME: u64>: Actor {}

/// A part of the actor `A`, written and listed or not.
#[derive(Debug)]
pub struct PartOf<A, const NAME: u64>(PhantomData<fn() -> A>);

impl<A, const NAME: u64> PartOf<A, NAME> {
    /// The part of this name.
    pub const OF: PartOf<A, NAME> = PartOf(PhantomData);
}

/// Where the first block lists it.
pub trait ListedPart {
    /// Does nothing.
    fn listed(&self) {}
}
impl<A: Lists<NAME>, const NAME: u64> ListedPart for PartOf<A, NAME> {}

/// Asks whether the first block lists the part, where it does not.
#[diagnostic::on_unimplemented(
    message = "the first block of `{Self}` does not list this part",
    label = "not listed, so its handlers would never be called",
    note = "list it there: `#[actor(parts(…))]`"
)]
pub trait ListsThisPart {}

/// Where the first block does not list it.
#[quiet]
pub trait UnlistedPart<A> {
    /// Cannot be called.
    fn listed(&self)
    where
        A: ListsThisPart,
    {
    }
}
impl<A, const NAME: u64> UnlistedPart<A> for &PartOf<A, NAME> {}

/// Where there is a block of this name.
pub trait WrittenPart<A: Actor> {
    /// Names every message of the block.
    fn show<E: Exporter<A>>(&self, exporter: &mut E);
}
impl<A: Part<NAME>, const NAME: u64> WrittenPart<A> for PartOf<A, NAME> {
    fn show<E: Exporter<A>>(&self, exporter: &mut E) {
        <A as Part<NAME>>::exports(exporter);
    }
}

/// Asks whether there is a block of this name, where there is none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no block for this part",
    label = "no `#[actor(part = …)]` block of this name",
    note = "write another block of the actor, in any module of its crate: `#[actor(part = …)] impl {Self} {{ … }}`"
)]
pub trait HasThisPart {}

/// Where there is no block of this name.
#[quiet]
pub trait UnwrittenPart<A> {
    /// Cannot be called.
    fn show<E>(&self, _: &mut E)
    where
        A: HasThisPart,
    {
    }
}
impl<A, const NAME: u64> UnwrittenPart<A> for &PartOf<A, NAME> {}
