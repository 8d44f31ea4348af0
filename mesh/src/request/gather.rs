//! The replies of a mesh, on their way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

use super::builder::Limit;
use super::many::CastMesh;
use super::pending::Whom;
use crate::addr::ActorAddr;
use crate::call::{CallError, CallErrorKind, Callee, RankError};
use crate::ident::Uid;
use crate::port::{CallWait, Holder, Next, PortGuard, PortItem, PortSink};
use crate::reduce::Reducer;
use crate::shape::Region;
use crate::value::ValueMesh;
use crate::wire::codec::{DecodeError, Payload};

/// What is known of a rank.
enum Slot {
    Missing,
    Item(PortItem),
    /// Its reply is merged into that of a lower rank.
    Covered,
}

struct Slots {
    items: Vec<Slot>,
    missing: usize,
    waker: Option<Waker>,
}

/// Takes one reply a rank.
pub(super) struct GatherSink {
    slots: Mutex<Slots>,
    call: MeshCall,
}

/// Whose call it is, and whom it is to.
pub(super) struct MeshCall {
    pub(super) caller: Uid,
    pub(super) ranks: Ranks,
    pub(super) since: Instant,
}

impl GatherSink {
    pub(super) fn new(ranks: usize, call: MeshCall) -> Arc<GatherSink> {
        let items = (0..ranks).map(|_| Slot::Missing).collect();
        let slots = Mutex::new(Slots { items, missing: ranks, waker: None });
        Arc::new(GatherSink { slots, call })
    }

    fn with<R>(&self, f: impl FnOnce(&mut Slots) -> R) -> R {
        f(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many ranks of one call are named as being waited for.
const WAITS_MAX: usize = 16;

impl PortSink for GatherSink {
    fn calls(&self) -> Vec<CallWait> {
        let open = |slots: &mut Slots| -> Vec<usize> {
            let missing = slots.items.iter().enumerate().filter(|(_, item)| matches!(item, Slot::Missing));
            missing.map(|(rank, _)| rank).take(WAITS_MAX).collect()
        };
        let MeshCall { caller, ranks, since } = &self.call;
        let named = self.with(open).into_iter().filter_map(|rank| ranks.addr(rank));
        named
            .map(|addr| CallWait { caller: *caller, callee: addr.id, handler: ranks.handler, since: *since })
            .collect()
    }

    fn owner(&self) -> Option<Uid> {
        Some(self.call.caller)
    }

    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        self.put_merged(slot, 1, item)
    }

    fn put_merged(&self, slot: u32, len: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        let (next, waker) = self.with(|slots| {
            let ranks = slot as usize..(slot as usize).saturating_add(len as usize);
            match slots.items.get_mut(ranks) {
                Some([first, others @ ..])
                    if matches!(first, Slot::Missing)
                        && others.iter().all(|other| matches!(other, Slot::Missing)) =>
                {
                    *first = Slot::Item(item);
                    others.fill_with(|| Slot::Covered);
                    slots.missing -= 1 + others.len();
                    let done = slots.missing == 0;
                    Ok((
                        if done { Next::Close } else { Next::Keep },
                        if done { slots.waker.take() } else { None },
                    ))
                }
                _ => Err(CallErrorKind::Undeliverable {
                    reason: format!("no reply of rank {slot} is awaited"),
                }),
            }
        })?;
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(next)
    }
}

/// What it takes to name a rank in an error.
#[derive(Clone)]
pub(super) struct Ranks {
    pub(super) mesh: Arc<CastMesh>,
    pub(super) view: Region,
    pub(super) handler: &'static str,
}

impl Ranks {
    fn addr(&self, rank: usize) -> Option<ActorAddr> {
        self.view.base_rank(rank).and_then(|base| self.mesh.addr(base))
    }

    /// As one that is lent a port.
    pub(super) fn holder(&self, rank: usize) -> Holder {
        Holder { callee: self.callee(rank), at: self.addr(rank).map(|addr| addr.at) }
    }

    pub(super) fn callee(&self, rank: usize) -> Callee {
        let addr = self.addr(rank).unwrap_or_else(|| self.mesh.nowhere());
        let rank = u32::try_from(rank).unwrap_or(u32::MAX);
        Whom::Remote(Arc::new(addr), Some(rank)).callee(self.handler)
    }

    pub(super) fn error(&self, rank: usize, kind: CallErrorKind) -> RankError {
        let error = CallError::new(self.callee(rank), kind);
        RankError { rank: u32::try_from(rank).unwrap_or(u32::MAX), error }
    }
}

/// One result a rank, on its way: a future of `ValueMesh<Result<R, RankError>>`. The message is sent already.
#[must_use = "the message was sent; await this to get the replies, or use `.cast(cx)` if you do not want them"]
pub struct EachPending<R> {
    ranks: Ranks,
    sink: Arc<GatherSink>,
    _guard: Option<PortGuard>,
    decode: fn(&Payload) -> Result<R, DecodeError>,
    limit: Limit,
    sleep: Pin<Box<Sleep>>,
}

impl<R> EachPending<R> {
    pub(super) fn new(
        ranks: Ranks,
        sink: Arc<GatherSink>,
        guard: Option<PortGuard>,
        decode: fn(&Payload) -> Result<R, DecodeError>,
        limit: Limit,
    ) -> EachPending<R> {
        let sleep = Box::pin(sleep_until(limit.at));
        EachPending { ranks, sink, _guard: guard, decode, limit, sleep }
    }

    /// What has come, in rank order; ranks whose replies are merged into those of others are left out.
    fn take(&mut self) -> Vec<Result<R, RankError>> {
        let items = self.sink.with(|slots| std::mem::take(&mut slots.items));
        let after = self.limit.after;
        let results = items.into_iter().enumerate().filter_map(|(rank, item)| {
            let failed = |kind| Err(self.ranks.error(rank, kind));
            Some(match item {
                Slot::Covered => return None,
                Slot::Missing => failed(CallErrorKind::Deadline { after }),
                Slot::Item(item) => match item.open(self.decode) {
                    Ok(Ok(value)) => Ok(value),
                    Ok(Err(error)) => failed(CallErrorKind::decode(error)),
                    Err(CallErrorKind::Deadline { .. }) => failed(CallErrorKind::Deadline { after }),
                    Err(kind) => failed(kind),
                },
            })
        });
        results.collect()
    }

    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Vec<Result<R, RankError>>> {
        let complete = self.sink.with(|slots| {
            slots.waker = Some(cx.waker().clone());
            slots.missing == 0
        });
        if complete || self.sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(self.take());
        }
        Poll::Pending
    }
}

impl<R> Unpin for EachPending<R> {}

impl<R> Future for EachPending<R> {
    type Output = ValueMesh<Result<R, RankError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_take(cx).map(|results| {
            let region = self.ranks.view.clone();
            ValueMesh::new(region, results).expect("no replies were asked to be merged")
        })
    }
}

/// Some ranks of a mesh gave no reply. What the others gave is in `partial`.
pub struct MeshCallError<P> {
    /// The ranks that failed, in rank order.
    pub failed: Vec<RankError>,
    /// How many ranks were called.
    pub ranks: usize,
    /// What the others gave.
    pub partial: P,
}

/// How many failed ranks an error's text names one by one.
const NAMED_MAX: usize = 8;

impl<P> fmt::Display for MeshCallError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ranks failed: ", self.failed.len(), self.ranks)?;
        for (n, error) in self.failed.iter().take(NAMED_MAX).enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        match self.failed.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl<P> fmt::Debug for MeshCallError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeshCallError")
            .field("failed", &self.failed)
            .field("ranks", &self.ranks)
            .finish_non_exhaustive()
    }
}

impl<P> std::error::Error for MeshCallError<P> {}

/// One reply a rank, on its way: a future of `Result<ValueMesh<R>, MeshCallError<ValueMesh<Option<R>>>>`.
#[must_use = "the message was sent; await this to get the replies, or use `.cast(cx)` if you do not want them"]
pub struct MeshPending<R>(EachPending<R>);

impl<R> MeshPending<R> {
    pub(super) fn new(each: EachPending<R>) -> MeshPending<R> {
        MeshPending(each)
    }
}

impl<R> Future for MeshPending<R> {
    type Output = Result<ValueMesh<R>, MeshCallError<ValueMesh<Option<R>>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|each| {
            let mut failed = Vec::new();
            let partial = each.map(|result| result.map_err(|error| failed.push(error)).ok());
            if failed.is_empty() {
                return Ok(partial.map(|value| value.expect("no rank failed")));
            }
            Err(MeshCallError { failed, ranks: partial.len(), partial })
        })
    }
}

/// The merged reply of a mesh, on its way: a future of `Result<R, MeshCallError<Option<R>>>`.
#[must_use = "the message was sent; await this to get the merged reply"]
pub struct ReducePending<R> {
    each: EachPending<R>,
    reducer: Box<dyn Reducer<R>>,
}

impl<R> ReducePending<R> {
    pub(super) fn new(each: EachPending<R>, reducer: Box<dyn Reducer<R>>) -> ReducePending<R> {
        ReducePending { each, reducer }
    }
}

impl<R: 'static> Future for ReducePending<R> {
    type Output = Result<R, MeshCallError<Option<R>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(parts) = self.each.poll_take(cx) else { return Poll::Pending };
        let (mut failed, ranks) = (Vec::new(), self.each.ranks.view.num_ranks());
        let replies: Vec<R> =
            parts.into_iter().filter_map(|part| part.map_err(|error| failed.push(error)).ok()).collect();
        let merged = replies.into_iter().reduce(|left, right| self.reducer.reduce(left, right));
        Poll::Ready(match merged {
            Some(merged) if failed.is_empty() => Ok(merged),
            partial => Err(MeshCallError { failed, ranks, partial }),
        })
    }
}
