//! Meshes of hosts, and where they come from.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::create::{self, MeshStopError, SpawnError};
use super::hosted::{Ends, HostsWatch, OnLoss};
use super::owned::Owned;
use super::procs::{ProcMesh, ProcMeshRef, ProcOptions};
use super::returning::{Notes, Returning};
use crate::actor::{Caller, Scope};
use crate::addr::{ActorAddr, ChannelAddr, Location};
use crate::agent::{HOST_AGENT, HostAgent, ProcKind, ProcSpec, ShutdownHost, Whole};
use crate::bootstrap::{BootstrapCommand, ChildKind, ProcSetup};
use crate::cast::Members;
use crate::gateway::DoorError;
use crate::host::ChildSpec;
use crate::ident::{ActorId, GatewayId, Label, MeshId, ProcId};
use crate::request::{Cast, MeshCallError};
use crate::shape::{Extent, Region};
use crate::supervision::RankPolicy;
use crate::value::ValueMesh;

/// A view of a mesh of hosts: can be sent, and does not keep the hosts alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostMeshRef {
    id: MeshId,
    hosts: Arc<[Arc<Location>]>,
    /// The shape of the hosts; `None` for a single one that takes no part in the shape of its procs.
    extent: Option<Extent>,
    /// Who hears of the end of the hosts; `None` for hosts that run by themselves.
    owner: Option<ActorId>,
}

impl HostMeshRef {
    /// Which mesh.
    pub fn id(&self) -> &MeshId {
        &self.id
    }

    /// The shape: `[hosts=1]` for a single host.
    pub fn extent(&self) -> Extent {
        self.extent.clone().unwrap_or_else(|| Extent::new([("hosts", self.hosts.len())]))
    }

    /// How many hosts there are.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there are none; a mesh has at least one.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Starts procs: on each host as many as `per_host` has ranks. The mesh belongs to whoever holds the value that is
    /// returned; its failures go to `cx`. Its shape is that of the hosts, then that of `per_host`; on `this_host`, that
    /// of `per_host` alone.
    ///
    /// # Errors
    /// [`SpawnError`]: an empty extent fails here, before anything is sent; what fails at a rank names it.
    ///
    /// # Cancel safety
    /// Dropping it stops the procs that were started.
    pub async fn spawn_procs(&self, cx: &impl Caller, per_host: Extent) -> Result<ProcMesh, SpawnError> {
        self.spawn_procs_with(cx, per_host, ProcOptions::default()).await
    }

    /// As [`spawn_procs`](HostMeshRef::spawn_procs), with a name, a program, settings.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn spawn_procs_with(
        &self,
        cx: &impl Caller,
        per_host: Extent,
        options: ProcOptions,
    ) -> Result<ProcMesh, SpawnError> {
        per_host.validate()?;
        let extent = match &self.extent {
            Some(hosts) => hosts.concat(&per_host)?,
            None => per_host.clone(),
        };
        let scope = cx.scope();
        let last = per_host.dims().next_back().map_or("procs", |(name, _)| name);
        let label = options.name.unwrap_or_else(|| Label::new(last));
        let id = MeshId { uid: scope.outbox.entropy().uid(), label };
        let returns = matches!(options.policy, RankPolicy::RespawnRank(_));
        // What comes back with a proc is known here too, where the host may be lost and the caller not.
        let notes = (returns && !self.is_own(scope)).then(Arc::<Notes>::default);
        let noted = match &notes {
            Some(notes) => Some(scope.outbox.open_sink(notes.clone())?),
            None => None,
        };
        let (guardian, noted) = noted.unzip();
        let child = ChildSpec {
            kind: ChildKind::Proc,
            incarnation: scope.outbox.entropy().next_u64(),
            command: options.command,
            config: options.config,
            setup: options.setup,
            slots: options.slots,
            mesh: Some(id.uid),
            returns,
            guardian,
            life: 0,
        };
        let per_host = u32::try_from(per_host.num_ranks()).unwrap_or(u32::MAX);
        let slots = child.slots.len();
        if slots > 0 && slots != per_host as usize {
            return Err(SpawnError::Slots { slots, per_host });
        }
        let view = Region::whole(&extent);
        let agents = self.agents(per_host, view.clone());
        let owned = Owned::new(scope, agents.clone(), id.clone());
        let whole = (options.policy == RankPolicy::FailMesh)
            .then(|| Whole { members: agents.mesh().members().clone(), view: view.clone() });
        let ends = whole.clone().map(Ends::Procs);
        let spec = ProcSpec { policy: options.policy, whole, ..proc_spec(scope, &id, child) };
        create::create::<ProcKind>(scope, &agents, &id, spec.clone()).await?;
        let spares = options.spares.map(|spares| spares.hosts.to_vec()).unwrap_or_default();
        let returning =
            notes.map(|notes| Returning::new(spec, (self.hosts.clone(), per_host), spares, notes));
        let comes_back = returning.is_some();
        let on_loss = OnLoss { tells: !self.loss_is_told_to(scope), ends, returning };
        let is_watched = on_loss.tells || comes_back || (on_loss.ends.is_some() && !self.is_own(scope));
        let watch = is_watched.then(|| HostsWatch::start(scope, &agents, &id, on_loss, noted));
        let members = Members::Mesh { procs: id.clone(), hosts: self.hosts.clone(), per_host };
        Ok(ProcMesh::new(ProcMeshRef::new(id, members, view, comes_back), owned, watch))
    }

    /// Whether the caller ends with these hosts.
    fn is_own(&self, scope: Scope<'_>) -> bool {
        is_own(&self.hosts, scope)
    }

    /// Whether a caller hears of the loss of these hosts, or ends with it.
    fn loss_is_told_to(&self, scope: Scope<'_>) -> bool {
        self.is_own(scope) || self.owner.as_ref().is_some_and(|owner| *owner == scope.owner().id)
    }

    /// The agent of each host, and where.
    pub(crate) fn agent_addrs(&self) -> Vec<ActorAddr> {
        let agents = self.agents(1, Region::whole(&self.extent()));
        (0..self.len()).filter_map(|rank| agents.addr(rank)).collect()
    }

    /// The host agents, once for each of `per_host` ranks.
    fn agents(&self, per_host: u32, view: Region) -> Cast<HostAgent> {
        create::agents(HOST_AGENT, Members::Hosts { hosts: self.hosts.clone(), per_host }, view)
    }
}

/// Whether all of these are the host that the caller's process is, or is a child of.
pub(super) fn is_own(hosts: &[Arc<Location>], scope: Scope<'_>) -> bool {
    let own = scope.outbox.gateway().location();
    hosts.iter().all(|host| host.gateway == own.gateway)
}

fn proc_spec(scope: Scope<'_>, mesh: &MeshId, child: ChildSpec) -> ProcSpec {
    let policy = RankPolicy::FailRank;
    ProcSpec { mesh: mesh.clone(), child, owner: scope.owner(), policy, whole: None }
}

/// The host that the caller's process is, or is a child of.
///
/// # Errors
/// None today: the host of a client is there when the client is.
///
/// # Cancel safety
/// Cancel safe.
pub async fn this_host(cx: &impl Caller) -> Result<HostMeshRef, SpawnError> {
    let location = cx.scope().outbox.gateway().location();
    let id = MeshId { uid: location.gateway.uid, label: "this_host".into() };
    Ok(HostMeshRef { id, hosts: [location].into(), extent: None, owner: None })
}

/// A host could not be attached to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// There are no addresses.
    #[error("no addresses were given")]
    Empty,
    /// A host did not answer, or refused.
    #[error("host {addr}: {source}")]
    Host {
        /// Where.
        addr: ChannelAddr,
        /// Why.
        source: DoorError,
    },
}

/// What an allocator gives: hosts, and their shape.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// Which.
    pub id: MeshId,
    /// The front door of each host, in rank order.
    pub hosts: Vec<Location>,
    /// Their shape.
    pub extent: Extent,
    /// Whether the caller's own host started them, and so ends them with their mesh; otherwise whoever made the
    /// allocation does.
    pub local: bool,
}

/// What is asked of an allocator.
#[derive(Clone, Debug)]
pub struct AllocationSpec {
    /// The name of the mesh.
    pub name: Label,
    /// The shape of the hosts.
    pub extent: Extent,
    /// The program, if not this one.
    pub command: Option<BootstrapCommand>,
}

/// Yields hosts.
#[async_trait]
pub trait Allocator: Send + Sync {
    /// What it will be asked to yield.
    fn spec(&self) -> AllocationSpec;

    /// Yields the hosts; what it started is owned by the process of `scope`, and ends with it.
    ///
    /// # Errors
    /// [`SpawnError`], naming the ranks that did not come up.
    async fn allocate(&self, scope: Scope<'_>, id: &MeshId) -> Result<Allocation, SpawnError>;
}

/// Yields hosts on this machine: each an OS process of its own (or in-process, for a client that runs in-process).
#[derive(Clone, Debug)]
pub struct ProcessAllocator {
    spec: AllocationSpec,
    setup: ProcSetup,
}

impl ProcessAllocator {
    /// Yields hosts of a shape, running this program.
    pub fn new(extent: Extent) -> ProcessAllocator {
        let spec = AllocationSpec { name: "hosts".into(), extent, command: None };
        ProcessAllocator { spec, setup: ProcSetup::default() }
    }

    /// Names the hosts.
    #[must_use]
    pub fn name(mut self, name: impl Into<Label>) -> ProcessAllocator {
        self.spec.name = name.into();
        self
    }

    /// Runs another program, one that calls `mesh::init()`.
    #[must_use]
    pub fn command(mut self, command: BootstrapCommand) -> ProcessAllocator {
        self.spec.command = Some(command);
        self
    }

    /// Declares the surroundings of the hosts; their procs inherit them.
    #[must_use]
    pub fn setup(mut self, declare: impl FnOnce(ProcSetup) -> ProcSetup) -> ProcessAllocator {
        self.setup = declare(self.setup);
        self
    }
}

/// The agent of the host that the caller's process is, at every rank of a view.
fn local_agents(scope: Scope<'_>, view: Region) -> Cast<HostAgent> {
    let hosts: Arc<[Arc<Location>]> = [scope.outbox.gateway().location()].into();
    let per_host = u32::try_from(view.num_ranks()).unwrap_or(u32::MAX);
    create::agents(HOST_AGENT, Members::Hosts { hosts, per_host }, view)
}

#[async_trait]
impl Allocator for ProcessAllocator {
    fn spec(&self) -> AllocationSpec {
        self.spec.clone()
    }

    async fn allocate(&self, scope: Scope<'_>, id: &MeshId) -> Result<Allocation, SpawnError> {
        self.spec.extent.validate()?;
        let incarnation = scope.outbox.entropy().next_u64();
        let child = ChildSpec {
            kind: ChildKind::Host,
            incarnation,
            command: self.spec.command.clone(),
            config: Vec::new(),
            setup: self.setup.clone(),
            slots: Vec::new(),
            mesh: None,
            returns: false,
            guardian: None,
            life: 0,
        };
        let agents = local_agents(scope, Region::whole(&self.spec.extent));
        let guard = Owned::<ProcKind>::new(scope, agents.clone(), id.clone());
        create::create::<ProcKind>(scope, &agents, id, proc_spec(scope, id, child)).await?;
        guard.disarm();
        let ranks = u32::try_from(self.spec.extent.num_ranks()).unwrap_or(u32::MAX);
        let host = |rank| Location {
            gateway: GatewayId { uid: ProcId::of_mesh(id, rank).uid, incarnation },
            door: None,
        };
        Ok(Allocation {
            id: id.clone(),
            hosts: (0..ranks).map(host).collect(),
            extent: self.spec.extent.clone(),
            local: true,
        })
    }
}

/// A mesh of hosts, and its owner: dropping it ends those that were started for it.
///
/// It is used as a [`HostMeshRef`], which it derefs to.
///
/// ```
/// # mesh::root::run_test(async |cx| {
/// # use mesh::prelude::*;
/// let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await?;
/// let procs = hosts.spawn_procs(cx, extent!(gpus = 4)).await?;
/// assert_eq!(procs.extent(), extent!(hosts = 2, gpus = 4));
/// hosts.control().stop(cx).await?;
/// # Ok::<(), mesh::Error>(())
/// # });
/// ```
pub struct HostMesh {
    view: HostMeshRef,
    /// The hosts that were started for it; none that were attached.
    owned: Option<Owned<ProcKind>>,
    local: Option<Cast<HostAgent>>,
}

impl HostMesh {
    /// Turns an allocation into hosts.
    ///
    /// # Errors
    /// [`SpawnError`], naming the ranks that did not come up; the others are stopped.
    ///
    /// # Cancel safety
    /// Dropping it stops the hosts that were started on this machine.
    pub async fn allocate(cx: &impl Caller, allocator: &impl Allocator) -> Result<HostMesh, SpawnError> {
        let scope = cx.scope();
        let spec = allocator.spec();
        spec.extent.validate()?;
        let id = MeshId { uid: scope.outbox.entropy().uid(), label: spec.name };
        let Allocation { id, hosts, extent, local } = allocator.allocate(scope, &id).await?;
        let local = local.then(|| local_agents(scope, Region::whole(&extent)));
        let owned = local.clone().map(|agents| Owned::new(scope, agents, id.clone()));
        let hosts: Arc<[Arc<Location>]> = hosts.into_iter().map(Arc::new).collect();
        let owner = owned.as_ref().map(|_| scope.owner().id);
        let view = HostMeshRef { id, hosts, extent: Some(extent), owner };
        Ok(HostMesh { view, owned, local })
    }

    /// Takes hosts that run already, at their doors. They are not stopped with the value.
    ///
    /// # Errors
    /// [`AttachError`], naming the host that did not answer.
    ///
    /// # Cancel safety
    /// Dropping it leaves links to the hosts that answered.
    pub async fn attach(cx: &impl Caller, addresses: &[ChannelAddr]) -> Result<HostMesh, AttachError> {
        if addresses.is_empty() {
            return Err(AttachError::Empty);
        }
        let scope = cx.scope();
        let mut hosts = Vec::new();
        for addr in addresses {
            let gateway = scope
                .outbox
                .gateway()
                .dial(addr)
                .await
                .map_err(|source| AttachError::Host { addr: addr.clone(), source })?;
            hosts.push(Arc::new(Location { gateway, door: Some(addr.clone()) }));
        }
        let id = MeshId { uid: scope.outbox.entropy().uid(), label: "hosts".into() };
        let extent = Some(Extent::new([("hosts", hosts.len())]));
        let view = HostMeshRef { id, hosts: hosts.into(), extent, owner: None };
        Ok(HostMesh { view, owned: None, local: None })
    }

    /// What there is beside spawning: a view to send, stop.
    pub fn control(&self) -> HostMeshControl<'_> {
        HostMeshControl(self)
    }
}

impl std::ops::Deref for HostMesh {
    type Target = HostMeshRef;

    fn deref(&self) -> &HostMeshRef {
        &self.view
    }
}

impl std::fmt::Debug for HostMesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostMesh({} {})", self.view.id, self.view.extent())
    }
}

/// What there is of an owned mesh of hosts beside spawning.
pub struct HostMeshControl<'a>(&'a HostMesh);

impl HostMeshControl<'_> {
    /// A view that can be stored and sent.
    pub fn to_ref(&self) -> HostMeshRef {
        self.0.view.clone()
    }

    /// Ends every proc of every host, and waits until all have ended; the hosts take no more, and stay.
    ///
    /// # Errors
    /// [`MeshCallError`], naming the hosts that did not answer.
    ///
    /// # Cancel safety
    /// Dropping it does not undo the shutdown.
    pub async fn shutdown(&self, cx: &impl Caller) -> Result<(), MeshCallError<ValueMesh<Option<()>>>> {
        let agents = self.0.agents(1, Region::whole(&self.0.extent()));
        let why = "the host is shut down".to_owned();
        create::request(&agents, ShutdownHost { why }).call(cx).await.map(drop)
    }

    /// Ends the hosts that were started for this mesh, with their procs, and waits until they have ended. Attached
    /// hosts go on.
    ///
    /// # Errors
    /// [`MeshStopError`], naming the hosts that failed or did not end in time.
    ///
    /// # Cancel safety
    /// Dropping it does not undo the stop.
    pub async fn stop(&self, cx: &impl Caller) -> Result<(), MeshStopError> {
        let (Some(owned), Some(agents)) = (&self.0.owned, &self.0.local) else { return Ok(()) };
        // Their agent has all of them drain first, with the network up.
        let outcome = create::stop::<ProcKind>(cx.scope(), agents, &self.0.view.id, "it was stopped").await;
        owned.disarm();
        outcome
    }
}
