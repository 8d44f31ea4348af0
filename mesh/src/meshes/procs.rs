//! Meshes of procs.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use mesh_macros::quiet;
use serde::{Deserialize, Serialize};

use super::actors::{ActorMesh, ActorMeshRef};
use super::create::{self, MeshStopError, SpawnError};
use super::flush::FlushLogsError;
use super::hosted::{Ends, HostsWatch, OnLoss};
use super::hosts::{Allocator, HostMesh, HostMeshRef, is_own};
use super::owned::Owned;
use crate::actor::{Actor, ActorRef, Caller, Scope};
use crate::addr::{ActorAddr, ProcAddr};
use crate::agent::{
    ActorKind, ActorSpec, HOST_AGENT, HostAgent, NotEnsured, PROC_AGENT, ProcAgent, ProcKind, Whole,
};
use crate::bootstrap::{BootstrapCommand, ProcSetup};
use crate::call::{CallError, Callee};
use crate::cast::Members;
use crate::ident::{ActorId, Label, MeshId, ProcId, Uid};
use crate::port::{Holder, encoded_count};
use crate::registry::{ActorTypeNotRegistered, IntoSpec, RemoteSpawn, Spec};
use crate::request::{Cast, HolderNames, Ports};
use crate::resource::{GetState, ResourceState, WaitRankStatus};
use crate::shape::{Extent, Region, RegionError, Slice};
use crate::supervision::RankPolicy;
use crate::value::{Status, StatusClass, ValueMesh};

/// How the procs of a mesh are started.
///
/// ```no_run
/// # use mesh::prelude::*;
/// # async fn example(cx: &Client) -> mesh::Result<()> {
/// use mesh::meshes::ProcOptions;
///
/// // Four procs on each host, a processor and a graphics card for each.
/// let card = |n: u32| mesh::ProcSetup::default().env("CUDA_VISIBLE_DEVICES", n.to_string()).cpus([n]);
/// let options = ProcOptions::default().setup(|setup| setup.cwd("/var/tmp")).slots((0..4).map(card));
/// let procs = this_host(cx).await?.spawn_procs_with(cx, extent!(gpus = 4), options).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProcOptions {
    /// The name of the mesh; by default that of its last dimension.
    pub name: Option<Label>,
    /// The program, if not this one.
    pub command: Option<BootstrapCommand>,
    /// Settings that the procs get beside those they inherit: environment variable (`MESH_…`) and value.
    pub config: Vec<(String, String)>,
    /// Their environment, working directory, processors, and a command around them.
    pub setup: ProcSetup,
    /// The same for the first, the second, … proc of each host, on top; none, or as many as each host gets.
    pub slots: Vec<ProcSetup>,
    /// What becomes of the mesh when one of its procs has died; the others go on, by default.
    pub policy: RankPolicy,
    /// Hosts that get no procs until one of the others is lost: see [`spares`](ProcOptions::spares).
    pub spares: Option<HostMeshRef>,
}

impl ProcOptions {
    /// Names the mesh.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> ProcOptions {
        self.name = Some(name.into());
        self
    }

    /// Runs another program, one that calls `mesh::init()`.
    #[must_use]
    pub fn command(mut self, command: BootstrapCommand) -> ProcOptions {
        self.command = Some(command);
        self
    }

    /// Gives the procs a setting, by its environment variable.
    #[must_use]
    pub fn config(mut self, variable: impl Into<String>, value: impl Into<String>) -> ProcOptions {
        self.config.push((variable.into(), value.into()));
        self
    }

    /// Declares the surroundings of all procs.
    #[must_use]
    pub fn setup(mut self, declare: impl FnOnce(ProcSetup) -> ProcSetup) -> ProcOptions {
        self.setup = declare(self.setup);
        self
    }

    /// Declares the surroundings of each proc of a host, on top of those of all; as many as each host gets.
    #[must_use]
    pub fn slots(mut self, slots: impl IntoIterator<Item = ProcSetup>) -> ProcOptions {
        self.slots = slots.into_iter().collect();
        self
    }

    /// Declares what becomes of the mesh when one of its procs has died.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// # use mesh::prelude::*;
    /// # struct Idle;
    /// # #[actor] impl Idle { #[new] fn new() -> Self { Idle } #[handler] fn nothing(&self) {} }
    /// use mesh::meshes::ProcOptions;
    /// use mesh::{RankPolicy, RestartPolicy};
    ///
    /// // A proc that dies is there again after 100 ms, with the actors that were spawned on it; three times a minute.
    /// let options = ProcOptions::default().policy(RankPolicy::RespawnRank(RestartPolicy::DEFAULT));
    /// let procs = this_host(cx).await?.spawn_procs_with(cx, extent!(workers = 4), options).await?;
    /// # procs.spawn(cx, "idle", Idle::spec()).await?.nothing().call(cx).await?;
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    #[must_use]
    pub fn policy(mut self, policy: RankPolicy) -> ProcOptions {
        self.policy = policy;
        self
    }

    /// Declares hosts that stand in when one of those with procs is lost, with `RankPolicy::RespawnRank`: the procs of the
    /// lost host come back there, with the actors that were spawned on them, under the same references. Without spares, or
    /// when no spare is left, they come back on the next host of the mesh.
    ///
    /// The loss of a host is told to the owner of the hosts as before: `on_failure` decides whether that goes on. Messages
    /// that come between the loss and the return are held; those that were on their way fail. Only the owner of the procs
    /// and the hosts of their mesh, with all below them, find the procs where they are then; to others they are
    /// unreachable. Ports that the constructors of their actors were given are not counted as held after the return.
    ///
    /// ```no_run
    /// # use mesh::prelude::*;
    /// # async fn example(cx: &Client) -> mesh::Result<()> {
    /// use mesh::meshes::ProcOptions;
    /// use mesh::{RankPolicy, RestartPolicy};
    ///
    /// let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 4))).await?;
    /// let spare = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(spares = 1))).await?;
    /// let options = ProcOptions::default()
    ///     .policy(RankPolicy::RespawnRank(RestartPolicy::DEFAULT))
    ///     .spares(&spare);
    /// let procs = hosts.spawn_procs_with(cx, extent!(gpus = 2), options).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn spares(mut self, hosts: &HostMeshRef) -> ProcOptions {
        self.spares = Some(hosts.clone());
        self
    }
}

/// How the actors of a mesh are started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ActorOptions {
    /// What becomes of the mesh when one of its actors has failed; the others go on, by default.
    pub policy: RankPolicy,
}

impl ActorOptions {
    /// Declares what becomes of the mesh when one of its actors has failed. An actor with `#[actor(restart(..))]` is made anew
    /// first, as often as that says, unless this says it: `RankPolicy::RespawnRank`. What becomes of it when a whole proc
    /// dies is said where the procs are spawned.
    #[must_use]
    pub fn policy(mut self, policy: RankPolicy) -> ActorOptions {
        self.policy = policy;
        self
    }
}

/// A spawn under way. It is one type for whatever an actor is made from, so that what does not fit is one error.
pub type Spawning<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// A view of a mesh of procs: can be sliced and sent, and does not keep the procs alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcMeshRef {
    id: MeshId,
    members: Members,
    view: Region,
    /// Whether its ranks come back when a host is lost.
    returns: bool,
}

#[quiet]
impl ProcMeshRef {
    pub(super) fn new(id: MeshId, members: Members, view: Region, returns: bool) -> ProcMeshRef {
        ProcMeshRef { id, members, view, returns }
    }

    /// Which mesh.
    pub fn id(&self) -> &MeshId {
        &self.id
    }

    /// The shape of the view.
    pub fn extent(&self) -> Extent {
        self.view.extent()
    }

    /// How many procs the view has.
    pub fn len(&self) -> usize {
        self.view.num_ranks()
    }

    /// Whether the view has no procs; a mesh has at least one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address of a rank's proc.
    pub fn proc(&self, rank: usize) -> Option<ProcAddr> {
        self.members.proc(u32::try_from(self.view.base_rank(rank)?).ok()?)
    }

    /// A part of the mesh: by rank, `2..4`, or by a named dimension, `("gpus", 0..2)`.
    ///
    /// # Panics
    /// When there is no such part, as slicing does; see [`try_slice`](ProcMeshRef::try_slice).
    #[track_caller]
    pub fn slice(&self, slice: impl Into<Slice>) -> ProcMeshRef {
        match self.try_slice(slice) {
            Ok(part) => part,
            Err(error) => panic!("mesh {}: {error}", self.id),
        }
    }

    /// A part of the mesh, if there is one.
    ///
    /// # Errors
    /// [`RegionError`], naming the dimension and its bounds.
    pub fn try_slice(&self, slice: impl Into<Slice>) -> Result<ProcMeshRef, RegionError> {
        Ok(ProcMeshRef { view: self.view.try_slice(slice)?, ..self.clone() })
    }

    /// Starts one actor on every proc, and waits until all run. The mesh belongs to whoever holds the value that is
    /// returned; its failures go to `cx`.
    ///
    /// # Errors
    /// [`SpawnError`]: an unregistered type fails here, before anything is sent; what fails at a rank names it.
    ///
    /// # Cancel safety
    /// Dropping it stops the actors that were made.
    pub fn spawn<'a, A: RemoteSpawn>(
        &'a self,
        cx: &'a impl Caller,
        name: impl Into<Label>,
        spec: impl IntoSpec<Actor = A>,
    ) -> Spawning<'a, Result<ActorMesh<A>, SpawnError>> {
        self.spawn_with(cx, name, spec, ActorOptions::default())
    }

    /// As [`spawn`](ProcMeshRef::spawn), with a policy.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub fn spawn_with<'a, A: RemoteSpawn>(
        &'a self,
        cx: &'a impl Caller,
        name: impl Into<Label>,
        spec: impl IntoSpec<Actor = A>,
        options: ActorOptions,
    ) -> Spawning<'a, Result<ActorMesh<A>, SpawnError>> {
        Box::pin(self.start_mesh(cx.scope(), name.into(), spec.into_spec(), options))
    }

    async fn start_mesh<A: RemoteSpawn>(
        &self,
        scope: Scope<'_>,
        label: Label,
        from: Spec<A>,
        options: ActorOptions,
    ) -> Result<ActorMesh<A>, SpawnError> {
        let id = MeshId { uid: scope.outbox.entropy().uid(), label };
        let (members, extent) = self.whole();
        let view = Region::whole(&extent);
        let agents: Cast<ProcAgent> = create::agents(PROC_AGENT, members.clone(), view.clone());
        let naming: HolderNames = Arc::new({
            let (members, id) = (members.clone(), id.clone());
            move |rank| member_of(&members, &id, rank)
        });
        let mut spec = actor_spec::<A>(scope, Some((id.clone(), extent)), &from, Some(naming))?;
        match options.policy {
            RankPolicy::FailRank => {}
            RankPolicy::FailMesh => {
                spec.whole = Some(Whole { members: members.clone(), view: view.clone() });
            }
            RankPolicy::RespawnRank(policy) => spec.restart = Some(policy),
        }
        let ends = spec.whole.clone();
        // From here on what there is of it is ours: dropped, as when this future is, it is stopped.
        let owned = Owned::new(scope, agents.clone(), id.clone());
        create::create::<ActorKind>(scope, &agents, &id, spec).await?;
        let watch = ends.and_then(|whole| self.watch_hosts(scope, Ends::Actors(id.uid, whole)));
        let mesh = Arc::new(crate::request::CastMesh::new(id, members));
        Ok(ActorMesh::new(ActorMeshRef::new(Cast::new(mesh, view)), owned, watch))
    }

    /// Watches the hosts of these procs, if they are not the caller's own, for what ends when one is lost. Of procs that
    /// come back, who brings them back sees to it.
    fn watch_hosts(&self, scope: Scope<'_>, ends: Ends) -> Option<HostsWatch> {
        let agents = self.host_agents()?;
        let Members::Mesh { hosts, .. } = &self.members else { return None };
        let on_loss = OnLoss { tells: false, ends: Some(ends), returning: None };
        let is_watched = !self.returns && !is_own(hosts, scope);
        is_watched.then(|| HostsWatch::start(scope, &agents, &self.id, on_loss, None))
    }

    /// The members of a mesh over this view: its own ranks start at 0.
    fn whole(&self) -> (Members, Extent) {
        let extent = self.view.extent();
        let is_whole = self.members.len() == self.view.num_ranks() && self.view.base_rank(0) == Some(0);
        if is_whole {
            return (self.members.clone(), extent);
        }
        let procs: Arc<[ProcAddr]> = (0..self.len()).filter_map(|rank| self.proc(rank)).collect();
        (Members::Listed(procs), extent)
    }

    /// Starts a single actor on the proc of a rank, outside any mesh, and waits until it runs.
    ///
    /// # Errors
    /// [`GspawnError`], when the type is not registered, or the proc does not answer or refuses.
    ///
    /// # Cancel safety
    /// Dropping it may leave the actor running until its proc ends.
    pub fn gspawn<'a, A: RemoteSpawn>(
        &'a self,
        cx: &'a impl Caller,
        rank: usize,
        name: impl Into<Label>,
        spec: impl IntoSpec<Actor = A>,
    ) -> Spawning<'a, Result<ActorRef<A>, GspawnError>> {
        Box::pin(self.start_one(cx.scope(), rank, name.into(), spec.into_spec()))
    }

    async fn start_one<A: RemoteSpawn>(
        &self,
        scope: Scope<'_>,
        rank: usize,
        name: Label,
        from: Spec<A>,
    ) -> Result<ActorRef<A>, GspawnError> {
        let Some(proc) = self.proc(rank) else { return Err(GspawnError::NoRank { rank, ranks: self.len() }) };
        let spec = actor_spec::<A>(scope, None, &from, None)?;
        let agent: ActorRef<ProcAgent> = ActorRef::at(proc.actor(PROC_AGENT, "proc_agent".into()));
        let made = agent.gspawn(name, spec).call(&scope).await?;
        runs(&scope, &agent, made.map_err(|reason| GspawnError::Failed { reason })?).await
    }

    /// Gives the actor that is the only one of its name on the proc of a rank, and starts it if there is none; waits until
    /// it runs. Whoever else asks for it with the same type and parameters gets the same one.
    ///
    /// It belongs to who asked first, and ends with that; the next who asks starts another. One that has failed is not given
    /// out: it is started again, unless its proc takes no new actors, which the error says.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// # use mesh::prelude::*;
    /// # struct Registry { names: Vec<String> }
    /// # #[actor] impl Registry {
    /// #     #[new] fn new() -> Self { Registry { names: Vec::new() } }
    /// #     #[handler] fn add(&mut self, name: String) -> u64 { self.names.push(name); self.names.len() as u64 }
    /// # }
    /// let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?;
    /// let registry = procs.ensure(cx, 0, "registry", Registry::spec()).await?;
    /// let the_same = procs.ensure(cx, 0, "registry", Registry::spec()).await?;
    /// assert_eq!(registry, the_same);
    /// # registry.add("a".into()).call(cx).await?;
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`GspawnError`]: [`Conflict`](GspawnError::Conflict), when there is an actor of that name that is another.
    ///
    /// # Cancel safety
    /// Dropping it may leave the actor running until its owner or its proc ends.
    pub fn ensure<'a, A: RemoteSpawn>(
        &'a self,
        cx: &'a impl Caller,
        rank: usize,
        name: impl Into<Label>,
        spec: impl IntoSpec<Actor = A>,
    ) -> Spawning<'a, Result<ActorRef<A>, GspawnError>> {
        Box::pin(self.start_only(cx.scope(), rank, name.into(), spec.into_spec()))
    }

    async fn start_only<A: RemoteSpawn>(
        &self,
        scope: Scope<'_>,
        rank: usize,
        name: Label,
        from: Spec<A>,
    ) -> Result<ActorRef<A>, GspawnError> {
        let Some(proc) = self.proc(rank) else { return Err(GspawnError::NoRank { rank, ranks: self.len() }) };
        let spec = ActorSpec { only: true, ..actor_spec::<A>(scope, None, &from, None)? };
        let agent: ActorRef<ProcAgent> = ActorRef::at(proc.actor(PROC_AGENT, "proc_agent".into()));
        let ensured = agent.ensure(name.clone(), spec).call(&scope).await?;
        let addr = ensured.map_err(|why| match why {
            NotEnsured::Conflict(there) => GspawnError::Conflict { name, there },
            NotEnsured::Failed(reason) => GspawnError::Failed { reason },
        })?;
        runs(&scope, &agent, addr).await
    }

    /// The procs that the members of a mesh live in, where they are those of a mesh.
    pub(super) fn of_members(members: &Members, view: &Region) -> Option<ProcMeshRef> {
        let Members::Mesh { procs, .. } = members else { return None };
        Some(ProcMeshRef::new(procs.clone(), members.clone(), view.clone(), false))
    }

    pub(super) fn region(&self) -> &Region {
        &self.view
    }

    pub(super) fn proc_agents(&self) -> Cast<ProcAgent> {
        create::agents(PROC_AGENT, self.members.clone(), self.view.clone())
    }

    pub(super) fn host_agents(&self) -> Option<Cast<HostAgent>> {
        match &self.members {
            Members::Mesh { hosts, per_host, .. } => {
                let hosts = Members::Hosts { hosts: hosts.clone(), per_host: *per_host };
                Some(create::agents(HOST_AGENT, hosts, self.view.clone()))
            }
            Members::Hosts { .. } | Members::Listed(_) => None,
        }
    }

    /// What the hosts say of every proc: process id, exit. `None` for procs that no host manages.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn states(
        &self,
        cx: &impl Caller,
    ) -> Option<ValueMesh<Result<ResourceState<crate::agent::ProcState>, crate::call::RankError>>> {
        let agents = self.host_agents()?;
        Some(create::request(&agents, GetState::<ProcKind>::new(self.id.uid)).call_each(cx).await)
    }
}

/// A single actor could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GspawnError {
    /// There is no such rank.
    #[error("the mesh has ranks 0..{ranks}, not {rank}")]
    NoRank {
        /// The rank asked for.
        rank: usize,
        /// How many there are.
        ranks: usize,
    },
    /// Its type or parameters cannot be sent.
    #[error(transparent)]
    Spec(#[from] SpawnError),
    /// The proc's agent did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is another of that name, which is to be the only one.
    #[error("there is another `{name}`: {there}")]
    Conflict {
        /// The name.
        name: Label,
        /// What it is.
        there: String,
    },
    /// The proc refused, or the actor did not come up.
    #[error("the actor did not come up: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
}

/// Waits until a single actor runs.
async fn runs<A: Actor>(
    cx: &impl Caller,
    agent: &ActorRef<ProcAgent>,
    addr: ActorAddr,
) -> Result<ActorRef<A>, GspawnError> {
    let wait = WaitRankStatus::<ActorKind>::new(addr.id.uid, StatusClass::Running);
    let overlay = agent.message(wait).call(cx).await?;
    match overlay.get(0) {
        Some(Status::Running) => Ok(ActorRef::at(addr)),
        other => {
            let reason = other.map_or_else(|| "its status is unknown".to_owned(), Status::to_string);
            Err(GspawnError::Failed { reason })
        }
    }
}

/// Who, in a mesh, holds the ports that its constructor was given, by rank.
fn member_of(members: &Members, id: &MeshId, rank: u32) -> Holder {
    let (proc, at) = members.proc(rank).map(|proc| (proc.id, proc.at)).unzip();
    let proc = proc.unwrap_or_else(|| ProcId::single(Uid(0), "nowhere".into()));
    let actor = ActorId::new(proc, id.uid, id.label.clone());
    Holder { callee: Callee { actor, handler: None, rank: Some(rank) }, at }
}

/// The spec that travels.
fn actor_spec<A: RemoteSpawn>(
    scope: Scope<'_>,
    mesh: Option<(MeshId, Extent)>,
    spec: &Spec<A>,
    naming: Option<HolderNames>,
) -> Result<ActorSpec, SpawnError> {
    let residents = scope.outbox.residents();
    let type_name = match residents.as_ref().and_then(|residents| residents.registered_name(A::TYPE_ID)) {
        Some(name) => name,
        None => {
            let registered = residents.map_or(0, |residents| residents.registered());
            return Err(SpawnError::NotRegistered(ActorTypeNotRegistered::of::<A>(registered)));
        }
    };
    let encoded = encoded_count();
    let params: Bytes = spec.encode()?.body;
    let ports = Ports::encoded_since(encoded, naming);
    let (owner, type_id) = (scope.owner(), A::TYPE_ID);
    Ok(ActorSpec {
        type_name,
        type_id,
        mesh,
        params,
        owner,
        incarnation: 1,
        restart: None,
        whole: None,
        only: false,
        ports,
    })
}

/// A mesh of procs, and its owner: dropping it stops the procs.
///
/// It is used as a [`ProcMeshRef`], which it derefs to.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// # use mesh::prelude::*;
/// # struct Counter { n: i64 }
/// # #[actor] impl Counter {
/// #     #[new] fn new(n: i64) -> Self { Counter { n } }
/// #     #[handler] fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// let procs: ProcMesh = this_host(cx).await?.spawn_procs(cx, extent!(workers = 4)).await?;
/// let all = procs.spawn(cx, "all", Counter::spec(0)).await?;
/// let half = procs.slice(0..2).spawn(cx, "half", Counter::spec(0)).await?;
/// assert_eq!((all.control().len(), half.control().len()), (4, 2));
/// procs.control().stop(cx).await?; // ends the processes, and the actors in them
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
pub struct ProcMesh {
    view: ProcMeshRef,
    /// Where the loss of a host is not told by others. Dropped before the stop is sent.
    watch: Option<HostsWatch>,
    owned: Owned<ProcKind>,
    /// Hosts that were made for this mesh alone.
    hosts: Option<HostMesh>,
}

impl ProcMesh {
    pub(super) fn new(view: ProcMeshRef, owned: Owned<ProcKind>, watch: Option<HostsWatch>) -> ProcMesh {
        ProcMesh { view, watch, owned, hosts: None }
    }

    /// Turns an allocation into procs: one on each of its hosts.
    ///
    /// # Errors
    /// [`SpawnError`], when a host or a proc does not come up; nothing is left running.
    ///
    /// # Cancel safety
    /// Not cancel safe: what was started is stopped when the client ends.
    pub async fn allocate(cx: &impl Caller, allocator: &impl Allocator) -> Result<ProcMesh, SpawnError> {
        let hosts = HostMesh::allocate(cx, allocator).await?;
        let procs = hosts.spawn_procs(cx, Extent::new([("procs", 1)])).await?;
        Ok(ProcMesh { hosts: Some(hosts), ..procs })
    }

    /// What there is beside spawning: a view to send, stop.
    pub fn control(&self) -> ProcMeshControl<'_> {
        ProcMeshControl(self)
    }
}

impl std::ops::Deref for ProcMesh {
    type Target = ProcMeshRef;

    fn deref(&self) -> &ProcMeshRef {
        &self.view
    }
}

impl std::fmt::Debug for ProcMesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProcMesh({} {})", self.view.id, self.view.view)
    }
}

/// What there is of an owned mesh of procs beside spawning.
pub struct ProcMeshControl<'a>(&'a ProcMesh);

impl ProcMeshControl<'_> {
    pub(super) fn view(&self) -> &ProcMeshRef {
        &self.0.view
    }

    /// A view that can be stored and sent.
    pub fn to_ref(&self) -> ProcMeshRef {
        self.0.view.clone()
    }

    /// Waits until everything that the procs have written to stdout and stderr so far is shown where their lines go, lines
    /// that wait to be folded included. Of procs that have ended all is shown that they wrote.
    ///
    /// It is a barrier, not a request: what a handler printed before it answered is shown when this returns. What is
    /// still in a buffer of the program, such as that of a `BufWriter`, is not written yet. Of an attached host the lines
    /// are shown by the program that is the host.
    ///
    /// # Errors
    /// [`FlushLogsError`], naming the ranks whose output may not be shown yet.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn flush_logs(&self, cx: &impl Caller) -> Result<(), FlushLogsError> {
        self.0.view.flush_logs(cx).await
    }

    /// Ends every proc, and waits until they have ended: their actors are drained first.
    ///
    /// # Errors
    /// [`MeshStopError`], naming the ranks that failed or did not end in time.
    ///
    /// # Cancel safety
    /// Dropping it does not undo the stop.
    pub async fn stop(&self, cx: &impl Caller) -> Result<(), MeshStopError> {
        let mesh = self.0;
        let Some(agents) = mesh.view.host_agents() else { return Ok(()) };
        if let Some(watch) = &mesh.watch {
            watch.end_returns();
        }
        let outcome = create::stop::<ProcKind>(cx.scope(), &agents, &mesh.view.id, "it was stopped").await;
        mesh.owned.disarm();
        if let Some(hosts) = &mesh.hosts {
            hosts.control().stop(cx).await?;
        }
        outcome
    }
}

/// The proc that the caller runs in, as a mesh of one.
pub fn this_proc(cx: &impl Caller) -> ProcMeshRef {
    let addr = cx.scope().outbox.addr();
    let id = MeshId { uid: addr.id.uid, label: addr.id.label.clone() };
    let view = Region::whole(&Extent::new([("procs", 1)]));
    ProcMeshRef::new(id, Members::Listed([addr].into()), view, false)
}
