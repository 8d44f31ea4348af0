//! The three values that stack: a mesh of hosts, of procs, of actors, each with a view that can be sent.
//!
//! ```text
//! HostMesh ──spawn_procs──► ProcMesh ──spawn──► ActorMesh<A>
//!    │ HostAgents              │ ProcAgents        │ A's
//! HostMeshRef               ProcMeshRef         ActorMeshRef<A>      views: cloneable, sliceable, serialisable
//! ```
//!
//! Invariants
//! - `MESH-1` a mesh belongs to whoever holds its value: dropping it stops it (`SUP-1`), and its failures go to the
//!   actor or client that spawned it (`SUP-2`).
//! - `MESH-2` a spawn is one cast of `CreateOrUpdate` and one of `WaitRankStatus`, whose answers are collected into a
//!   `StatusMesh` by an accumulating port; nothing is polled.
//! - `MESH-3` a spawn that fails at any rank stops what it has made.

mod actors;
mod create;
mod flush;
mod hosted;
mod hosts;
mod owned;
mod procs;
mod returning;
mod watch;

pub use actors::{ActorMesh, ActorMeshControl, ActorMeshRef};
pub use create::{MeshStopError, SpawnError};
pub use flush::FlushLogsError;
pub use hosts::{
    Allocation, AllocationSpec, Allocator, AttachError, HostMesh, HostMeshControl, HostMeshRef,
    ProcessAllocator, this_host,
};
pub use procs::{
    ActorOptions, GspawnError, ProcMesh, ProcMeshControl, ProcMeshRef, ProcOptions, Spawning, this_proc,
};
pub use watch::MeshWatch;
