//! Meshes of actors.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use mesh_macros::quiet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::create::{self, MeshStopError};
use super::hosted::HostsWatch;
use super::owned::Owned;
use crate::actor::{Actor, ActorRef, Api, Caller, Remote};
use crate::agent::{ActorKind, PROC_AGENT, ProcAgent};
use crate::ident::MeshId;
use crate::reduce::Merge;
use crate::request::{Cast, Request};
use crate::resource::GetRankStatus;
use crate::shape::{Extent, Region, RegionError, Slice};
use crate::value::{Status, StatusMesh};

/// A view of a mesh of actors: can be sliced and sent, and does not keep the mesh alive.
///
/// The handlers are methods of the generated `…Api`, through `Deref`; all else is under
/// [`control`](ActorMeshRef::control).
#[quiet]
pub struct ActorMeshRef<A: Actor>(A::Api<Cast<A>>);

impl<A: Actor> ActorMeshRef<A> {
    pub(super) fn new(cast: Cast<A>) -> ActorMeshRef<A> {
        ActorMeshRef(A::Api::new(cast))
    }

    fn cast_target(&self) -> &Cast<A> {
        self.0.target()
    }

    /// The same actors, as those of another type. Nothing checks that they are.
    pub(crate) fn of_type<B: Actor>(&self) -> ActorMeshRef<B> {
        let cast = self.cast_target();
        ActorMeshRef::new(Cast::new(cast.mesh().clone(), cast.view().clone()))
    }

    /// The actor of a rank.
    ///
    /// # Panics
    /// When there is no such rank, as indexing does; see [`ActorMeshControl::try_rank`].
    #[track_caller]
    pub fn rank(&self, rank: usize) -> ActorRef<A> {
        match self.control().try_rank(rank) {
            Some(actor) => actor,
            None => panic!("mesh {} has ranks 0..{}, not {rank}", self.control().id(), self.control().len()),
        }
    }

    /// A part of the mesh: by rank, `2..4`, or by a named dimension, `("gpus", 0..2)`.
    ///
    /// # Panics
    /// When there is no such part, as slicing does; see [`ActorMeshControl::try_slice`].
    #[track_caller]
    pub fn slice(&self, slice: impl Into<Slice>) -> ActorMeshRef<A> {
        match self.control().try_slice(slice) {
            Ok(part) => part,
            Err(error) => panic!("mesh {}: {error}", self.control().id()),
        }
    }

    /// A request with a message of its own type: for hand-written [`Handler`](crate::actor::Handler)s. That the
    /// actors handle it is checked by the verb.
    pub fn message<M>(&self, message: M) -> Request<'_, Cast<A>, M> {
        Request::new(self.cast_target(), message)
    }

    /// What there is beside its messages: shape, status.
    pub fn control(&self) -> ActorMeshControl<'_, A> {
        ActorMeshControl { mesh: self, owned: None }
    }
}

impl<A: Actor> Clone for ActorMeshRef<A> {
    fn clone(&self) -> ActorMeshRef<A> {
        ActorMeshRef::new(self.cast_target().clone())
    }
}

impl<A: Actor> Deref for ActorMeshRef<A> {
    type Target = A::Api<Cast<A>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<A: Actor> fmt::Debug for ActorMeshRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorMeshRef({} {})", self.cast_target().mesh().id(), self.cast_target().view())
    }
}

impl<A: Actor> PartialEq for ActorMeshRef<A> {
    fn eq(&self, other: &Self) -> bool {
        self.cast_target() == other.cast_target()
    }
}

impl<A: Actor> Eq for ActorMeshRef<A> {}

impl<A: Actor> Hash for ActorMeshRef<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cast_target().hash(state);
    }
}

impl<A: Actor> Serialize for ActorMeshRef<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.cast_target().serialize(serializer)
    }
}

impl<'de, A: Actor> Deserialize<'de> for ActorMeshRef<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(ActorMeshRef::new(Cast::deserialize(deserializer)?))
    }
}

/// What there is of a mesh of actors beside its messages.
pub struct ActorMeshControl<'a, A: Actor> {
    mesh: &'a ActorMeshRef<A>,
    owned: Option<&'a Arc<Owned<ActorKind>>>,
}

impl<A: Actor> ActorMeshControl<'_, A> {
    fn cast_target(&self) -> &Cast<A> {
        self.mesh.cast_target()
    }

    pub(super) fn agents(&self) -> Cast<ProcAgent> {
        let cast = self.cast_target();
        create::agents(PROC_AGENT, cast.mesh().members().clone(), cast.view().clone())
    }

    /// Which mesh.
    pub fn id(&self) -> &MeshId {
        self.cast_target().mesh().id()
    }

    /// The part of it that this is a view of.
    pub fn region(&self) -> &Region {
        self.cast_target().view()
    }

    /// The shape of the view.
    pub fn extent(&self) -> Extent {
        self.region().extent()
    }

    /// How many ranks the view has.
    pub fn len(&self) -> usize {
        self.region().num_ranks()
    }

    /// Whether the view has no ranks; a mesh has at least one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The actor of a rank, if there is one.
    pub fn try_rank(&self, rank: usize) -> Option<ActorRef<A>> {
        let addr = self.cast_target().addr(rank)?;
        Some(ActorRef::from_target(Remote::new(addr, u32::try_from(rank).ok())))
    }

    /// A part of the mesh.
    ///
    /// # Errors
    /// [`RegionError`], naming the dimension and its bounds.
    pub fn try_slice(&self, slice: impl Into<Slice>) -> Result<ActorMeshRef<A>, RegionError> {
        let cast = self.cast_target();
        Ok(ActorMeshRef::new(Cast::new(cast.mesh().clone(), cast.view().try_slice(slice)?)))
    }

    /// Where every rank is in its life, asked of the agents. A rank whose agent does not answer is `Failed`.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn status(&self, cx: &impl Caller) -> StatusMesh {
        let agents = self.agents();
        let id = self.id().uid;
        let asked =
            create::request(&agents, GetRankStatus::<ActorKind>::new(id)).reduce(Merge).call(cx).await;
        let (overlay, failed) = match asked {
            Ok(overlay) => (Some(overlay), Vec::new()),
            Err(error) => (error.partial, error.failed),
        };
        let mut statuses = StatusMesh::placeholder(self.region().clone());
        overlay.iter().for_each(|overlay| {
            statuses.apply(overlay);
        });
        for failed in failed {
            let rank = failed.rank as usize;
            statuses.set(rank..rank + 1, Status::failed(failed));
        }
        statuses
    }

    /// Ends every actor of the view, and waits until they have ended. What they have queued is handled first.
    ///
    /// # Errors
    /// [`MeshStopError`], naming the ranks that failed or did not end in time.
    ///
    /// # Cancel safety
    /// Dropping it does not undo the stop.
    pub async fn stop(&self, cx: &impl Caller) -> Result<(), MeshStopError> {
        let outcome =
            create::stop::<ActorKind>(cx.scope(), &self.agents(), self.id(), "it was stopped").await;
        if let Some(owned) = self.owned {
            owned.disarm();
        }
        outcome
    }
}

/// A mesh of actors, and its owner: dropping it stops the actors.
///
/// It is used as an [`ActorMeshRef`], which it derefs to.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// # use mesh::prelude::*;
/// # struct Counter { n: i64 }
/// # #[actor] impl Counter {
/// #     #[new] fn new(n: i64) -> Self { Counter { n } }
/// #     #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// let procs = this_host(cx).await?.spawn_procs(cx, extent!(hosts = 2, gpus = 2)).await?;
/// let counters: ActorMesh<Counter> = procs.spawn(cx, "counters", Counter::spec(0)).await?;
/// counters.add(1).cast(cx)?; // to all four
/// counters.rank(3).add(1).send(cx)?; // to one
/// counters.slice(("gpus", 1..2)).add(10).cast(cx)?; // to ranks 1 and 3
/// assert_eq!(counters.add(0).call(cx).await?.values(), [1, 11, 1, 12]);
/// counters.control().stop(cx).await?;
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
#[quiet]
pub struct ActorMesh<A: Actor> {
    view: ActorMeshRef<A>,
    owned: Arc<Owned<ActorKind>>,
    /// Ends it when a host is lost, if it does not go on then.
    _watch: Option<HostsWatch>,
}

impl<A: Actor> ActorMesh<A> {
    pub(super) fn new(
        view: ActorMeshRef<A>,
        owned: Owned<ActorKind>,
        watch: Option<HostsWatch>,
    ) -> ActorMesh<A> {
        ActorMesh { view, owned: Arc::new(owned), _watch: watch }
    }

    /// What there is beside its messages: shape, status, a view to send, stop.
    pub fn control(&self) -> ActorMeshControl<'_, A> {
        ActorMeshControl { mesh: &self.view, owned: Some(&self.owned) }
    }
}

impl<A: Actor> Deref for ActorMesh<A> {
    type Target = ActorMeshRef<A>;

    fn deref(&self) -> &ActorMeshRef<A> {
        &self.view
    }
}

impl<A: Actor> From<&ActorMesh<A>> for ActorMeshRef<A> {
    fn from(mesh: &ActorMesh<A>) -> ActorMeshRef<A> {
        mesh.view.clone()
    }
}

impl<A: Actor> ActorMeshControl<'_, A> {
    /// A view of the same ranks that can be stored and sent.
    pub fn to_ref(&self) -> ActorMeshRef<A> {
        self.mesh.clone()
    }
}

impl<A: Actor> fmt::Debug for ActorMesh<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorMesh({} {})", self.control().id(), self.control().region())
    }
}
