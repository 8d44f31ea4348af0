//! Making and ending the members of a mesh, whatever their kind.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Handler, Scope};
use crate::call::CallErrorKind;
use crate::clock;
use crate::config;
use crate::ident::{Label, MeshId};
use crate::message::merge_id;
use crate::port::{Accumulator, PortsExhausted};
use crate::reduce::Merge;
use crate::registry::ActorTypeNotRegistered;
use crate::request::{Cast, Limit, Request};
use crate::resource::{CreateOrUpdate, Resource, Stop, WaitRankStatus};
use crate::shape::ExtentError;
use crate::value::{Status, StatusClass, StatusMesh, StatusOverlay};
use crate::wire::codec::EncodeError;

/// A mesh could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// Its shape has no ranks, or cannot be.
    #[error("the extent is not one of a mesh: {0}")]
    Extent(#[from] ExtentError),
    /// Its type cannot be spawned by name (`VERB-5`): nothing was sent.
    #[error(transparent)]
    NotRegistered(#[from] ActorTypeNotRegistered),
    /// Its parameters do not encode: nothing was sent.
    #[error("the parameters do not encode: {0}")]
    Params(#[from] EncodeError),
    /// Too many ports are open: nothing was sent.
    #[error(transparent)]
    Ports(#[from] PortsExhausted),
    /// There are surroundings for each proc of a host, but not as many as a host gets procs: nothing was sent.
    #[error("surroundings for {slots} procs of each host were given, but each host gets {per_host}")]
    Slots {
        /// For how many.
        slots: usize,
        /// How many each host gets.
        per_host: u32,
    },
    /// Some ranks did not come up; the others were stopped.
    #[error("mesh {mesh} did not come up: {}", FailedRanks(statuses))]
    Failed {
        /// The mesh.
        mesh: MeshId,
        /// Where each rank was, in the end.
        statuses: StatusMesh,
    },
}

/// A mesh did not end in order.
#[derive(Debug, thiserror::Error)]
#[error("mesh {mesh} did not end in order: {}", FailedRanks(statuses))]
pub struct MeshStopError {
    /// The mesh.
    pub mesh: MeshId,
    /// Where each rank was, in the end.
    pub statuses: StatusMesh,
}

/// Names what is not as it should be, the first few ranks one by one.
struct FailedRanks<'a>(&'a StatusMesh);

/// How many ranks are named one by one.
const NAMED_MAX: usize = 8;

impl fmt::Display for FailedRanks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fine = |status: &Status| matches!(status, Status::Running | Status::Stopped);
        let bad = || self.0.runs().filter(|(_, status)| !fine(status));
        let count: usize = bad().map(|(ranks, _)| ranks.len()).sum();
        write!(f, "{count} of {} ranks", self.0.len())?;
        let each = bad().flat_map(|(ranks, status)| ranks.map(move |rank| (rank, status)));
        for (n, (rank, status)) in each.take(NAMED_MAX).enumerate() {
            write!(f, "{} rank {rank}: {status}", if n == 0 { ":" } else { ";" })?;
        }
        match count.saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Folds the status of a rank into the mesh of all; a rank whose agent cannot answer has failed (`VERB-3`).
fn fold(slot: u32, statuses: &mut StatusMesh, item: Result<StatusOverlay, CallErrorKind>) {
    let overlay = item.unwrap_or_else(|kind| StatusOverlay::single(slot, Status::failed(kind.to_string())));
    statuses.apply(&overlay);
}

/// Waits until every rank's status is at least `at_least`, or nothing has been heard for the configured idle time; the
/// ranks that were not heard of are then `Timeout`.
async fn barrier(accumulator: &Accumulator<StatusMesh>, at_least: StatusClass, idle: Duration) -> StatusMesh {
    let reached = |statuses: &mut StatusMesh| statuses.all(|status| status.class() >= at_least);
    accumulator.wait_until(idle, reached).await;
    let seen = |status: &Status| if status.class() >= at_least { status.clone() } else { Status::Timeout };
    accumulator.with(|statuses| statuses.map_runs(seen))
}

/// Opens an accumulating port and asks every agent for the status of its member, when it is at least `at_least`.
fn watch<R: Resource>(
    scope: Scope<'_>,
    agents: &Cast<R::Agent>,
    id: &MeshId,
    at_least: StatusClass,
    idle: Duration,
) -> Accumulator<StatusMesh> {
    let (sink, accumulator) = Accumulator::new(StatusMesh::placeholder(agents.view().clone()), fold);
    // The calls live as long as the barrier may: each rank may take the idle time.
    let ranks = u32::try_from(agents.view().num_ranks()).unwrap_or(u32::MAX);
    let after = idle.saturating_mul(ranks.saturating_add(1)).min(Duration::from_secs(u32::MAX.into()));
    let limit = Limit { after, at: clock::now() + after };
    let merge = merge_id::<StatusOverlay, Merge>();
    match agents.call_to(scope, &WaitRankStatus::<R>::new(id.uid, at_least), limit, sink, Some(merge)) {
        Some(guard) => accumulator.guarded(guard),
        None => accumulator,
    }
}

/// Makes a member at every rank, and waits until all run (`MESH-2`).
pub(super) async fn create<R: Resource>(
    scope: Scope<'_>,
    agents: &Cast<R::Agent>,
    id: &MeshId,
    spec: R::Spec,
) -> Result<StatusMesh, SpawnError> {
    let label: Label = id.label.clone();
    let config = scope.outbox.config();
    // Longer than whoever makes a member waits for it, so that its reason comes, and not only silence.
    let idle = config.get(config::SPAWN_TIMEOUT) + 2 * config.get(config::EXIT_STATUS_WAIT);
    // What cannot be sent is answered for by the watch, which finds the same obstacle.
    let _ = post(scope, agents, CreateOrUpdate::<R>::new(id.uid, label, spec));
    let statuses = {
        let accumulator = watch::<R>(scope, agents, id, StatusClass::Running, idle);
        barrier(&accumulator, StatusClass::Running, idle).await
    };
    if statuses.all(|status| *status == Status::Running) {
        return Ok(statuses);
    }
    // MESH-3: whoever holds the guard of the mesh lets it go with this error.
    Err(SpawnError::Failed { mesh: id.clone(), statuses })
}

/// Ends the member at every rank, and waits until all have ended.
pub(super) async fn stop<R: Resource>(
    scope: Scope<'_>,
    agents: &Cast<R::Agent>,
    id: &MeshId,
    why: &str,
) -> Result<(), MeshStopError> {
    let config = scope.outbox.config();
    // What a stop may take, with its escalation, and as long again for the news to travel.
    let idle = 2 * (config.get(config::STOP_DRAIN_TIMEOUT) + config.get(config::STOP_TERM_TIMEOUT));
    let _ = post(scope, agents, Stop::<R>::new(id.uid, why.to_owned()));
    let accumulator = watch::<R>(scope, agents, id, StatusClass::Stopped, idle);
    let statuses = barrier(&accumulator, StatusClass::Stopped, idle).await;
    if statuses.all(|status| *status == Status::Stopped) {
        return Ok(());
    }
    Err(MeshStopError { mesh: id.clone(), statuses })
}

/// Sends a verb to every agent, without an answer.
pub(super) fn post<A, M>(scope: Scope<'_>, agents: &Cast<A>, verb: M) -> Result<(), crate::request::CastError>
where
    A: Handler<M>,
    M: crate::message::RemoteMessage,
{
    crate::request::ManyActors::cast(agents, scope, verb, None)
}

/// The agents of a kind, as a target.
pub(super) fn agents<A: crate::actor::Actor>(
    uid: crate::ident::Uid,
    members: crate::cast::Members,
    view: crate::shape::Region,
) -> Cast<A> {
    let mesh = crate::request::CastMesh::new(crate::agent::agent_mesh(uid), members);
    Cast::new(Arc::new(mesh), view)
}

/// A request to the agents, to be finished with a verb.
pub(super) fn request<A: crate::actor::Actor, M>(agents: &Cast<A>, message: M) -> Request<'_, Cast<A>, M> {
    Request::new(agents, message)
}
