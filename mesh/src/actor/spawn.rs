//! Starting an actor.

use std::sync::Arc;

use super::cell::Cell;
use super::handle::{ActorHandle, Local};
use super::restart::{Again, Make, Making};
use super::run::{Scheduler, Shared};
use super::traits::Actor;
use crate::ident::{ActorId, Label, MeshId, Uid};
use crate::outbox::{AdmitError, End, Helds, Outbox, Resident};
use crate::shape::{Extent, Point};
use crate::supervision::{RestartPolicy, SupervisionEvent};

/// Hears of the start and the end of an actor, before anyone else.
pub trait Supervisor: Send + Sync {
    /// `on_start` has completed.
    fn started(&self, id: &ActorId) {
        let _ = id;
    }
    /// Something happened to it that is no failure: it is made anew, or refused a message unheard.
    fn event(&self, event: &SupervisionEvent) {
        let _ = event;
    }
    /// Who owns what it supervises, if somebody does.
    fn owner(&self) -> Option<ActorId> {
        None
    }
    /// It has ended; its status is not yet published (`ACTOR-3`).
    fn ended(&self, id: &ActorId, end: &End);
}

/// Logs failures: for an actor whose supervisor is gone.
#[derive(Debug, Clone, Copy)]
pub struct OrphanSupervisor;

impl Supervisor for OrphanSupervisor {
    fn ended(&self, _id: &ActorId, end: &End) {
        if let End::Failed(failure) = end {
            tracing::error!(%failure, "an actor without an owner failed");
        }
    }
}

/// What an actor knows of its place when it is made.
#[derive(Clone, Debug, Default)]
pub struct SpawnEnv {
    place: Option<Arc<(MeshId, Extent, u32)>>,
}

impl SpawnEnv {
    /// A place in a mesh.
    pub fn in_mesh(mesh: MeshId, extent: Extent, rank: u32) -> SpawnEnv {
        SpawnEnv { place: Some(Arc::new((mesh, extent, rank))) }
    }

    /// The rank in its mesh; 0 outside of one.
    pub fn rank(&self) -> usize {
        self.rank_u32() as usize
    }

    pub(super) fn rank_u32(&self) -> u32 {
        self.place.as_ref().map_or(0, |place| place.2)
    }

    /// How many ranks its mesh has; 1 outside of one.
    pub fn size(&self) -> usize {
        self.place.as_ref().map_or(1, |place| place.1.num_ranks())
    }

    /// The coordinates in its mesh.
    pub fn point(&self) -> Option<Point> {
        self.place.as_ref().and_then(|place| place.1.point(place.2 as usize))
    }

    /// The mesh.
    pub fn mesh(&self) -> Option<&MeshId> {
        self.place.as_ref().map(|place| &place.0)
    }
}

/// How an actor comes to be.
pub enum Birth<A> {
    /// It is there.
    Ready(A),
    /// It is made in its own task.
    Create(Making<A>),
    /// It is made in its own task, and made anew when it fails and its policy or its owner says so.
    Spec(Make<A>),
}

/// An actor that is about to be spawned, outside of any mesh.
pub struct Newborn<A> {
    /// Who it will be.
    pub uid: Uid,
    /// Its name.
    pub label: Label,
    /// How it comes to be.
    pub birth: Birth<A>,
    /// The ports that its parameters refer to, as it holds them.
    pub ports: Option<Helds>,
}

impl<A> Newborn<A> {
    /// One that is there.
    pub(crate) fn ready(outbox: &Outbox, label: Label, actor: A) -> Newborn<A> {
        Newborn { uid: outbox.actor_uid(), label, birth: Birth::Ready(actor), ports: None }
    }
}

/// Who an actor will be, and to whom it belongs.
pub struct SpawnOptions {
    /// Who.
    pub uid: Uid,
    /// Its name.
    pub label: Label,
    /// Which life of it begins: 1, unless it has lived in another process before.
    pub incarnation: u32,
    /// How often it is made anew, if not as its type says.
    pub restart: Option<RestartPolicy>,
    /// Its place.
    pub env: SpawnEnv,
    /// The ports that its parameters refer to, as it holds them.
    pub ports: Option<Helds>,
    /// Who hears of its end.
    pub supervisor: Arc<dyn Supervisor>,
}

/// Starts an actor in the proc of `outbox`.
///
/// # Errors
/// [`AdmitError`], when the proc is ending or the identity is taken.
pub fn spawn_actor<A: Actor>(
    outbox: &Arc<Outbox>,
    birth: Birth<A>,
    options: SpawnOptions,
) -> Result<ActorHandle<A>, AdmitError> {
    let ending = || AdmitError::Ending { proc: outbox.proc().clone() };
    let residents = outbox.residents().ok_or_else(ending)?;
    let id = ActorId {
        incarnation: options.incarnation.max(1),
        ..ActorId::new(outbox.proc().clone(), options.uid, options.label)
    };
    let (birth, again) = match birth {
        Birth::Spec(make) => {
            let making = make();
            let again = Again::new(make, options.restart.or(A::RESTART), options.ports);
            (Birth::Create(making), Some(Box::new(again)))
        }
        birth => (birth, None),
    };
    let cell = Cell::new(id, outbox.clone(), options.supervisor, options.env, again);
    residents.admit(cell.clone() as Arc<dyn Resident>)?;
    outbox.events().note(|| format!("spawn {}", cell.id));
    Shared.start(birth, &cell);
    Ok(ActorHandle::from_target(Local::new(cell)))
}
