//! Resources: named things that an agent manages, and the verbs they are managed with.
//!
//! A kind of thing implements [`Resource`]; its agent keeps a [`ResourceTable`] and says where with
//! `#[actor(resource(R = self.table))]`. The verbs are handled here, once, for every kind:
//!
//! | verb | reply | |
//! |---|---|---|
//! | [`CreateOrUpdate`] | none | idempotent by id; the outcome is state (`VERB-1`) |
//! | [`Stop`], [`StopAll`] | none | idempotent |
//! | [`GetState`], [`List`] | the state, all states | |
//! | [`GetRankStatus`] | an overlay at the caller's rank | at once (`VERB-2`) |
//! | [`WaitRankStatus`] | the same | when the status is reached, or can no longer be |
//! | [`StreamState`] | overlays of states at the caller's rank, to a port | now, and at each change (`VERB-2`) |
//! | [`StreamRankStatus`] | the same, of statuses alone | the same |
//!
//! Overlays of statuses and of states are merged on their way: what is the same at many ranks is one run. So are those of a
//! kind of your own, if the agent is not generic: `resource(…)` makes them known to every gateway of the program.
//!
//! A resource is found by its id and by the base rank that the message was cast to, so that one message creates a
//! different member at each rank.

mod table;
mod verbs;

use std::marker::PhantomData;

use mesh_macros::quiet;
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Context, Exporter};
use crate::ident::Uid;
use crate::message::{CallerMerges, MergeEntry, RemoteArg};
use crate::reduce::Merge;
pub use table::{Details, ENDED_MAX, ResourceState, ResourceTable, StateOverlay};
pub(crate) use verbs::stop_one;
pub use verbs::{
    CreateOrUpdate, GetRankStatus, GetState, List, Stop, StopAll, StreamRankStatus, StreamState,
    WaitRankStatus,
};

/// Which resource: the id it was asked for by, and the base rank of the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// The id.
    pub uid: Uid,
    /// The rank in the whole mesh; 0 for a message that was not cast.
    pub rank: u32,
}

/// What a creation or a stop came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<S> {
    /// It is done; the state, if there is one.
    Done(S),
    /// It goes on; the agent reports with [`ResourceTable::set`].
    Later,
}

/// A kind of named thing that an agent manages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of resource",
    label = "does not implement `mesh::Resource`",
    note = "write `impl mesh::Resource for {Self}`: its agent, spec and state, and how it is created and stopped"
)]
#[quiet]
pub trait Resource: Sized + Send + 'static {
    /// The actor that manages it.
    type Agent: Manages<Self>;
    /// What is wanted.
    type Spec: RemoteArg + Clone + PartialEq + Sync;
    /// What is seen. It is told once of neighbouring ranks that are alike, so it is best without what only tells them apart.
    type State: RemoteArg + Clone + PartialEq + Sync;
    /// The kind's name; part of the protocol.
    const NAME: &'static str;

    /// Makes it. Called once a key.
    fn create(
        agent: &mut Self::Agent,
        cx: &Context<Self::Agent>,
        key: ResourceKey,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Progress<Self::State>, String>> + Send;

    /// Ends it. Called once a key, and not for what failed.
    fn stop(
        agent: &mut Self::Agent,
        cx: &Context<Self::Agent>,
        key: ResourceKey,
        why: &str,
    ) -> impl Future<Output = Result<Progress<()>, String>> + Send;

    /// Changes it to another spec. By default that is a conflict, which is recorded and changes nothing.
    fn update(
        agent: &mut Self::Agent,
        cx: &Context<Self::Agent>,
        key: ResourceKey,
        spec: &Self::Spec,
    ) -> impl Future<Output = Result<Self::State, SpecConflict>> + Send {
        let _ = (agent, cx, key, spec);
        async { Err(SpecConflict) }
    }
}

/// A resource of this id exists with another spec, and its kind does not update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the resource exists with another spec")]
pub struct SpecConflict;

/// An agent that manages resources of kind `R`. Implemented by `#[actor(resource(R = self.table))]`.
#[diagnostic::on_unimplemented(
    message = "actor `{Self}` does not manage `{R}`",
    label = "does not manage it",
    note = "add `#[actor(resource({R} = self.some_table))]`, where the field is a `ResourceTable<{R}>`"
)]
pub trait Manages<R: Resource<Agent = Self>>: Actor {
    /// The table of this kind.
    fn table(&mut self) -> &mut ResourceTable<R>;
}

/// What gateways need to know to merge the states of a kind, [`KindMerge::ENTRY`]; of what is no kind there is none of its
/// own, and that of [`CallerMerges`] is found.
#[derive(Debug)]
pub struct KindMerge<R>(PhantomData<R>);

impl<R: Resource> KindMerge<R> {
    /// Of the overlays of a [`StreamState`].
    pub const ENTRY: MergeEntry = MergeEntry::of::<StateOverlay<R::State>, Merge>();
}

impl<R> CallerMerges for KindMerge<R> {}

/// Exports the verbs of a kind.
pub fn export_resource<A, R, E>(exporter: &mut E)
where
    A: Manages<R>,
    R: Resource<Agent = A>,
    E: Exporter<A>,
{
    exporter.remote::<CreateOrUpdate<R>>();
    exporter.remote::<Stop<R>>();
    exporter.remote::<StopAll<R>>();
    exporter.remote::<GetState<R>>();
    exporter.remote::<GetRankStatus<R>>();
    exporter.remote::<WaitRankStatus<R>>();
    exporter.remote::<StreamState<R>>();
    exporter.remote::<StreamRankStatus<R>>();
    exporter.remote::<List<R>>();
}
