//! Verbs on a mesh.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::builder::{Accepts, Limit, ManyActors};
use super::gather::{EachPending, GatherSink, MeshCall, MeshPending, Ranks};
use super::pending::{Outcome, Pending, Whom};
use super::remote::{self, Posting};
use super::stream::Replies;
use crate::actor::{Actor, Handler, Scope, Target};
use crate::addr::{ActorAddr, Location, ProcAddr};
use crate::call::{CallErrorKind, RankError};
use crate::cast::{Leaf, Members, plan};
use crate::clock;
use crate::ident::{GatewayId, MeshId, ProcId, Uid};
use crate::message::{self, RemoteMessage};
use crate::outbox::{Lending, went_nowhere};
use crate::port::{PortGuard, PortItem, PortSink, encoded_count};
use crate::shape::Region;
use crate::wire::cast::{self as wire, CAST_RANKS_MAX, Manifest, Member};
use crate::wire::codec::Payload;
use crate::wire::envelope::CastPoint;

/// The most members that a mesh from outside may claim (`PEER-1`).
const MEMBERS_MAX: usize = 1 << 24;

/// A mesh of actors, as it is addressed: one actor of the mesh's identity in each of its procs.
pub struct CastMesh {
    id: MeshId,
    members: Members,
    /// Our calls in flight, a rank: for `choose`.
    in_flight: OnceLock<Vec<AtomicU32>>,
}

impl CastMesh {
    pub(crate) fn new(id: MeshId, members: Members) -> CastMesh {
        CastMesh { id, members, in_flight: OnceLock::new() }
    }

    /// Our calls in flight; made when they are first counted.
    fn in_flight(&self) -> &[AtomicU32] {
        self.in_flight.get_or_init(|| (0..self.members.len()).map(|_| AtomicU32::new(0)).collect())
    }

    pub(crate) fn id(&self) -> &MeshId {
        &self.id
    }

    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// The member of a rank, in the whole mesh.
    pub(crate) fn addr(&self, base_rank: usize) -> Option<ActorAddr> {
        let proc = self.members.proc(u32::try_from(base_rank).ok()?)?;
        Some(proc.actor(self.id.uid, self.id.label.clone()))
    }

    /// An address for errors about a rank that does not exist.
    pub(super) fn nowhere(&self) -> ActorAddr {
        let at = Location { gateway: GatewayId { uid: Uid(0), incarnation: 0 }, door: None };
        let proc = ProcAddr { id: ProcId::single(Uid(0), "nowhere".into()), at: Arc::new(at) };
        proc.actor(self.id.uid, self.id.label.clone())
    }
}

/// Every rank of a view of a mesh.
pub struct Cast<A: Actor> {
    mesh: Arc<CastMesh>,
    view: Region,
    _actor: PhantomData<fn(A)>,
}

impl<A: Actor> Cast<A> {
    pub(crate) fn new(mesh: Arc<CastMesh>, view: Region) -> Cast<A> {
        Cast { mesh, view, _actor: PhantomData }
    }

    pub(crate) fn mesh(&self) -> &Arc<CastMesh> {
        &self.mesh
    }

    pub(crate) fn view(&self) -> &Region {
        &self.view
    }

    /// The member of a rank of the view.
    pub(crate) fn addr(&self, rank: usize) -> Option<ActorAddr> {
        self.mesh.addr(self.view.base_rank(rank)?)
    }

    fn ranks(&self, handler: &'static str) -> Ranks {
        Ranks { mesh: self.mesh.clone(), view: self.view.clone(), handler }
    }

    /// Posts an encoded message to every rank of the view: encoded once. What cannot go is
    /// given to `failed`.
    fn fan_out(
        &self,
        scope: Scope<'_>,
        handler: u64,
        payload: &Payload,
        posting: &Posting,
        mut failed: impl FnMut(u32, CallErrorKind),
    ) {
        let size = u32::try_from(self.view.num_ranks()).unwrap_or(u32::MAX);
        let actor = self.mesh.id.uid;
        let headers = remote::headers(scope, posting);
        let empty = Manifest::new(actor, handler, size, posting.merge, &self.mesh.members.procs());
        let mut manifest = empty.clone();
        let post = |manifest, failed: &mut dyn FnMut(u32, CallErrorKind)| {
            let cast = wire::Cast { manifest, headers: headers.clone(), payload: payload.clone() };
            scope.outbox.gateway().post_cast(cast, |bounced| {
                failed(bounced.envelope.headers.point.map_or(0, |point| point.rank), bounced.kind);
            });
        };
        let mut members = 0;
        let calls = posting.reply_to.is_some() && scope.call_chain().is_some();
        for Leaf { point, proc } in plan(&self.view, &self.mesh.members) {
            if calls {
                let to = proc.actor(actor, self.mesh.id.label.clone());
                if let Some(kind) = remote::deadlock(scope, &to) {
                    failed(point.rank, kind);
                    continue;
                }
            }
            let ProcAddr { id, at } = proc;
            manifest.push(&Member { rank: point.rank, base_rank: point.base_rank, proc: id, at });
            members += 1;
            if members == CAST_RANKS_MAX {
                post(std::mem::replace(&mut manifest, empty.clone()), &mut failed);
                members = 0;
            }
        }
        if members > 0 {
            post(manifest, &mut failed);
        }
    }

    /// Sends a call to every rank; the replies come to `sink`, merged on their way where `merge` is known.
    pub(crate) fn call_to<M: RemoteMessage>(
        &self,
        scope: Scope<'_>,
        message: &M,
        limit: Limit,
        sink: Arc<dyn PortSink>,
        merge: Option<u64>,
    ) -> Option<PortGuard> {
        let fail_all = |kind: CallErrorKind| {
            for rank in 0..u32::try_from(self.view.num_ranks()).unwrap_or(u32::MAX) {
                // A sink refuses what it has already.
                let _ = sink.put(rank, PortItem::Failed(kind.clone()));
            }
        };
        let encoded = encoded_count();
        let payload = match message::encode_message(message) {
            Ok(payload) => payload,
            Err(error) => {
                went_nowhere(encoded);
                fail_all(error.call_error());
                return None;
            }
        };
        let (port, guard) = match scope.outbox.open_sink(sink.clone()) {
            Ok(opened) => opened,
            Err(error) => {
                went_nowhere(encoded);
                fail_all(remote::exhausted(error));
                return None;
            }
        };
        let lending = self.lend::<M>(encoded);
        let posting = Posting {
            reply_to: Some((port, 0)),
            reply_on: remote::reply_on::<M>(),
            limit_us: Some(limit.left_us()),
            point: None,
            merge,
            lent: lending.header(),
        };
        self.fan_out(scope, M::ID, &payload, &posting, |rank, kind| {
            lending.take_back(rank, &kind);
            let _ = sink.put(rank, PortItem::Failed(kind));
        });
        Some(guard)
    }

    /// Lends the ports whose references were encoded since to all ranks.
    fn lend<M: RemoteMessage>(&self, encoded: u64) -> Lending {
        if encoded == encoded_count() {
            return Lending::default();
        }
        let ranks = self.ranks(M::NAME);
        Lending::of(encoded, self.view.num_ranks(), move |rank| ranks.holder(rank as usize))
    }

    /// Picks a rank: of two at random, the one with fewer of our calls in flight.
    fn pick(&self, scope: Scope<'_>) -> Option<(CastPoint, ActorAddr, usize)> {
        let size = self.view.num_ranks();
        if size == 0 {
            return None;
        }
        let random = || usize::try_from(scope.outbox.entropy().below(size as u64)).unwrap_or(0);
        let load = |rank: usize| {
            let base = self.view.base_rank(rank).unwrap_or(0);
            self.mesh.in_flight().get(base).map_or(0, |count| count.load(Ordering::Relaxed))
        };
        let (one, other) = (random(), random());
        let rank = if load(other) < load(one) { other } else { one };
        let base = self.view.base_rank(rank)?;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let point = CastPoint { rank: narrow(rank), base_rank: narrow(base), size: narrow(size) };
        scope.outbox.events().note(|| format!("choose {} rank {rank}", self.mesh.id));
        Some((point, self.mesh.addr(base)?, base))
    }
}

/// A call of `choose` in flight.
struct InFlight {
    mesh: Arc<CastMesh>,
    rank: usize,
}

impl InFlight {
    fn new(mesh: Arc<CastMesh>, rank: usize) -> InFlight {
        if let Some(count) = mesh.in_flight().get(rank) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        InFlight { mesh, rank }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(count) = self.mesh.in_flight().get(self.rank) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl<A: Actor> Clone for Cast<A> {
    fn clone(&self) -> Cast<A> {
        Cast::new(self.mesh.clone(), self.view.clone())
    }
}

impl<A: Actor> Target for Cast<A> {
    type Actor = A;
}

impl<A: Actor> PartialEq for Cast<A> {
    fn eq(&self, other: &Self) -> bool {
        self.mesh.id == other.mesh.id && self.view == other.view
    }
}

impl<A: Actor> Eq for Cast<A> {}

impl<A: Actor> Hash for Cast<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mesh.id.hash(state);
        self.view.hash(state);
    }
}

impl<A: Actor> Serialize for Cast<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.mesh.id, &self.mesh.members, &self.view).serialize(serializer)
    }
}

impl<'de, A: Actor> Deserialize<'de> for Cast<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, members, view): (MeshId, Members, Region) = Deserialize::deserialize(deserializer)?;
        if members.len() > MEMBERS_MAX {
            return Err(serde::de::Error::custom("a mesh of more members than there can be"));
        }
        // Bounded by what was received: a view of more ranks than there are members is refused.
        if view.base_ranks().next_back().is_some_and(|last| last >= members.len()) {
            return Err(serde::de::Error::custom("a view beyond its mesh"));
        }
        Ok(Cast::new(Arc::new(CastMesh::new(id, members)), view))
    }
}

/// A message could not be sent to some ranks; the others have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastError {
    /// The ranks it could not be sent to.
    pub failed: Vec<RankError>,
    /// How many ranks there are.
    pub ranks: usize,
}

impl fmt::Display for CastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not sent to {} of {} ranks", self.failed.len(), self.ranks)?;
        match self.failed.first() {
            Some(first) => write!(f, ": {first}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CastError {}

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: RemoteMessage> Accepts<M> for Cast<A> {
    type Pending = MeshPending<M::Reply>;

    fn call(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> MeshPending<M::Reply> {
        MeshPending::of(self.call_each(scope, message, timeout))
    }
}

#[diagnostic::do_not_recommend]
impl<A: Handler<M>, M: RemoteMessage> ManyActors<M> for Cast<A> {
    fn cast(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Result<(), CastError> {
        let ranks = self.ranks(M::NAME);
        let mut failed = Vec::new();
        let encoded = encoded_count();
        match message::encode_message(&message) {
            Ok(payload) => {
                let lending = self.lend::<M>(encoded);
                let (limit_us, lent) = (timeout.map(clock::to_us), lending.header());
                let posting = Posting { limit_us, lent, ..Posting::default() };
                self.fan_out(scope, M::ID, &payload, &posting, |rank, kind| {
                    lending.take_back(rank, &kind);
                    failed.push(ranks.error(rank as usize, kind));
                });
            }
            Err(error) => {
                went_nowhere(encoded);
                failed.extend((0..self.view.num_ranks()).map(|rank| ranks.error(rank, error.call_error())));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CastError { failed, ranks: self.view.num_ranks() }) }
    }

    fn call_each(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> EachPending<M::Reply> {
        self.call_merged(scope, message, timeout, None)
    }

    fn call_merged(
        &self,
        scope: Scope<'_>,
        message: M,
        timeout: Option<Duration>,
        merge: Option<u64>,
    ) -> EachPending<M::Reply> {
        let limit = Limit::of::<M>(timeout, scope);
        let sink = GatherSink::new(
            self.view.num_ranks(),
            MeshCall { caller: scope.sender.uid, ranks: self.ranks(M::NAME), since: limit.began() },
        );
        let guard = self.call_to(scope, &message, limit, sink.clone(), merge);
        EachPending::new(self.ranks(M::NAME), sink, guard, message::decode_reply::<M>, limit)
    }

    fn choose(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Pending<M::Reply> {
        let Some((point, addr, base)) = self.pick(scope) else {
            let kind = CallErrorKind::Undeliverable { reason: "the mesh has no ranks".to_owned() };
            let whom = Whom::Remote(Arc::new(self.mesh.nowhere()), None);
            return Pending::new(
                Outcome::Failed(Box::new(kind)),
                whom,
                M::NAME,
                Limit::of::<M>(timeout, scope),
            );
        };
        let whom = Whom::Remote(Arc::new(addr.clone()), Some(point.rank));
        remote::call(scope, whom, &addr, &message, timeout, Some(point))
            .holding(Box::new(InFlight::new(self.mesh.clone(), base)))
    }

    fn stream(&self, scope: Scope<'_>, message: M, timeout: Option<Duration>) -> Replies<M::Reply> {
        Replies::open(self, self.ranks(M::NAME), scope, &message, timeout)
    }
}
