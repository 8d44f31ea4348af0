//! The statuses of a mesh, for whoever wants to see them change.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::actors::ActorMeshControl;
use super::create;
use super::procs::{ProcMeshControl, ProcMeshRef};
use crate::actor::{Actor, Caller, Scope};
use crate::addr::PortAddr;
use crate::agent::{ActorKind, ProcAgent, ProcKind};
use crate::call::CallErrorKind;
use crate::clock;
use crate::ident::{ActorId, Uid};
use crate::message::merge_id;
use crate::outbox::Outbox;
use crate::port::{Accumulator, PortsExhausted};
use crate::reduce::Merge;
use crate::request::{Cast, Limit, Merged, PortRef};
use crate::resource::{Resource, StreamRankStatus, WaitRankStatus};
use crate::shape::Region;
use crate::value::{Standing, StandingOverlay, Status, StatusClass, StatusMesh, StatusOverlay, ValueMesh};

/// How long a gateway keeps news of statuses, to send on what comes meanwhile with it.
const NEWS_EVERY: Duration = Duration::from_millis(1);

/// What was told so far. It costs the number of runs of ranks with one status, and so does each piece of news.
struct Seen {
    known: ValueMesh<Option<Standing>>,
    /// Raised by every piece of news.
    news: u64,
}

impl Seen {
    fn new(view: &Region) -> Seen {
        Seen { known: ValueMesh::uniform(view.clone(), None), news: 0 }
    }

    fn set(&mut self, ranks: Range<usize>, standing: &Standing) {
        let met: Vec<_> =
            self.known.runs_in(ranks).filter(|(_, known)| is_news(known.as_ref(), standing)).collect();
        let met: Vec<Range<usize>> = met.into_iter().map(|(ranks, _)| ranks).collect();
        for ranks in met {
            self.known.set(ranks, Some(standing.clone()));
            self.news += 1;
        }
    }
}

fn is_news(known: Option<&Standing>, standing: &Standing) -> bool {
    let Some(known) = known else { return true };
    // It ended in a process that has died since: the next knows nothing of it.
    let forgotten = known.status.is_terminal() && standing.status == Status::NotExist;
    standing.follows(known) && known != standing && !forgotten
}

fn fold(_: u32, seen: &mut Seen, item: Result<StandingOverlay, CallErrorKind>) {
    let Ok(overlay) = item else { return };
    for (ranks, standing) in overlay.runs() {
        seen.set(ranks.start as usize..ranks.end as usize, standing);
    }
}

/// Asks the agents to tell of every change.
fn subscribe<R: Resource>(
    scope: Scope<'_>,
    agents: &Cast<R::Agent>,
    id: Uid,
) -> Result<(PortAddr, Accumulator<Seen>), PortsExhausted> {
    let (port, seen) = scope.open_accumulator(Seen::new(agents.view()), fold)?;
    ask::<R>(scope, agents, id, &port, &seen, (0, 0));
    Ok((port, seen))
}

/// Asks the agents of a view, whose first rank is `first` in that of the watch, for the `epoch`-th time after the first.
fn ask<R: Resource>(
    scope: Scope<'_>,
    agents: &Cast<R::Agent>,
    id: Uid,
    port: &PortAddr,
    seen: &Accumulator<Seen>,
    (first, epoch): (usize, u32),
) {
    let out = PortRef::new(port.clone(), 0).merged(Merged::by::<StandingOverlay, Merge>(NEWS_EVERY));
    let first_rank = u32::try_from(first).unwrap_or(u32::MAX);
    let verb = StreamRankStatus::<R>::new(id, first_rank, epoch, out);
    if let Err(unsent) = create::post(scope, agents, verb) {
        seen.with(|seen| {
            for failed in unsent.failed {
                let rank = first + failed.rank as usize;
                let status = Status::failed(failed.error);
                // Nothing newer comes to this question.
                let standing = Standing { status, epoch, generation: u64::MAX, returns: 0, details: () };
                seen.set(rank..rank + 1, &standing);
            }
        });
    }
}

/// Whom to ask for members that live in procs which may come back.
struct Asking {
    outbox: Arc<Outbox>,
    own: ActorId,
    agents: Cast<ProcAgent>,
    id: Uid,
    port: PortAddr,
    /// In which return of a proc its agent was asked, of those that have come back.
    asked: BTreeMap<usize, u32>,
}

impl Caller for Asking {
    fn scope(&self) -> Scope<'_> {
        Scope { outbox: &self.outbox, sender: &self.own, deadline: None, chain: None, is_actor: false }
    }
}

impl Asking {
    /// Asks the agents of procs that have come back: what they knew was lost with the processes.
    fn ask_again(&mut self, procs: &Accumulator<Seen>, members: &Accumulator<Seen>) {
        let returned: Vec<(usize, u32)> = procs.with(|seen| {
            let back = seen.known.runs().filter_map(|(ranks, known)| {
                let returns = known.as_ref()?.returns;
                (returns > 0).then(|| ranks.map(move |rank| (rank, returns)))
            });
            back.flatten().collect()
        });
        for (rank, epoch) in returned {
            if self.asked.insert(rank, epoch) == Some(epoch) {
                continue;
            }
            members.with(|seen| {
                let known = seen.known.get(rank).and_then(Option::as_ref);
                if !known.is_some_and(|known| known.status.is_terminal()) {
                    let status = Status::Initializing;
                    let standing = Standing { status, epoch, generation: 0, returns: 0, details: () };
                    seen.set(rank..rank + 1, &standing);
                }
            });
            if let Ok(view) = self.agents.view().try_slice(rank..rank + 1) {
                let agent = Cast::new(self.agents.mesh().clone(), view);
                ask::<ActorKind>(self.scope(), &agent, self.id, &self.port, members, (rank, epoch));
            }
        }
    }
}

/// The ranks that their agent cannot tell of any more, and the status that they have by that.
type Lost = BTreeMap<u32, Status>;

fn fold_lost(slot: u32, lost: &mut Lost, item: Result<StatusOverlay, CallErrorKind>) {
    // One that has ended was told of by its agent.
    if let Err(kind) = item {
        lost.insert(slot, Status::failed(kind.to_string()));
    }
}

/// The statuses as far as they were told; `None` for a rank that was not heard of yet.
type Told = ValueMesh<Option<Status>>;

/// What the agents of a kind have told, and which of them are lost.
struct Level {
    seen: Accumulator<Seen>,
    lost: Option<Accumulator<Lost>>,
}

impl Level {
    fn told(&self) -> Told {
        let mut told = self
            .seen
            .with(|seen| seen.known.map_runs(|known| known.as_ref().map(|known| known.status.clone())));
        let lost = self.lost.as_ref().map(|lost| lost.with(|lost| lost.clone())).unwrap_or_default();
        for (rank, failed) in lost {
            let rank = rank as usize;
            if told.get(rank).is_some_and(|status| !status.as_ref().is_some_and(Status::is_terminal)) {
                // VERB-4
                told.set(rank..rank + 1, Some(failed));
            }
        }
        told
    }

    fn news(&self) -> (u64, usize) {
        let lost = self.lost.as_ref().map_or(0, |lost| lost.with(|lost| lost.len()));
        (self.seen.with(|seen| seen.news), lost)
    }

    async fn changes(&self, (news, known_lost): (u64, usize)) {
        let lost = async {
            match &self.lost {
                Some(lost) => lost.wait_until(FOREVER, |lost| lost.len() != known_lost).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.seen.wait_until(FOREVER, |seen| seen.news != news) => {}
            _ = lost => {}
        }
    }
}

/// Longer than a program runs.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

/// The statuses of a mesh, as they change. Whoever has a view of the mesh can watch it, and needs not own it; what was
/// before is told first.
///
/// Changes that come faster than they are taken are taken together: it holds one status a rank, however many there were.
/// Dropping it ends the watch.
pub struct MeshWatch {
    members: Level,
    /// Those of the procs that the members live in, where a host manages them: who lives in one that has ended is not
    /// heard of any more.
    procs: Option<Level>,
    asking: Option<Asking>,
    view: Region,
    shown: Option<StatusMesh>,
}

impl MeshWatch {
    fn told(&self) -> Told {
        let members = self.members.told();
        let Some(procs) = &self.procs else { return members };
        members.zip_runs(&procs.told(), |member, proc| match proc {
            // VERB-4. A member that has ended by itself has, whatever became of its proc.
            Some(proc) if proc.is_terminal() => {
                Some(member.clone().filter(Status::is_terminal).unwrap_or_else(|| proc.clone()))
            }
            // It is brought back.
            Some(proc @ Status::Initializing) => {
                member.clone().map(|member| if member.is_terminal() { member } else { proc.clone() })
            }
            _ => member.clone(),
        })
    }

    /// The statuses as they are now known, without waiting; a rank that was not heard of yet does not exist.
    pub fn statuses(&self) -> StatusMesh {
        self.told().map_runs(|status| status.clone().unwrap_or_default())
    }

    /// Waits until they are others than when it returned last; the first time, until every rank was heard of.
    ///
    /// # Cancel safety
    /// Cancel safe: no change is missed.
    pub async fn changed(&mut self) -> StatusMesh {
        loop {
            if let (Some(asking), Some(procs)) = (&mut self.asking, &self.procs) {
                asking.ask_again(&procs.seen, &self.members.seen);
            }
            let known = self.members.news();
            let known_procs = self.procs.as_ref().map(Level::news).unwrap_or_default();
            let told = self.told();
            let complete = self.shown.is_some() || told.runs().all(|(_, status)| status.is_some());
            let now = told.map_runs(|status| status.clone().unwrap_or_default());
            if complete && self.shown.as_ref() != Some(&now) {
                self.shown = Some(now.clone());
                return now;
            }
            let procs = async {
                match &self.procs {
                    Some(procs) => procs.changes(known_procs).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.members.changes(known) => {}
                () = procs => {}
            }
        }
    }
}

impl std::fmt::Debug for MeshWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MeshWatch({})", self.view)
    }
}

impl<A: Actor> ActorMeshControl<'_, A> {
    /// Watches the statuses of the ranks of the view. That a proc has ended is known where a host manages it.
    ///
    /// ```
    /// # mesh::root::run_test(async |cx| {
    /// # use mesh::prelude::*;
    /// # use mesh::Status;
    /// # struct Idle;
    /// # #[actor] impl Idle { #[new] fn new() -> Self { Idle } #[handler] fn nothing(&self) {} }
    /// let procs = this_host(cx).await?.spawn_procs(cx, extent!(workers = 2)).await?;
    /// let idle = procs.spawn(cx, "idle", Idle::spec()).await?;
    /// let mut watch = idle.control().to_ref().control().watch(cx)?; // of a view: it owns nothing
    /// assert!(watch.changed().await.all(|status| *status == Status::Running)); // as it is
    /// idle.control().stop(cx).await?;
    /// while !watch.changed().await.all(|status| *status == Status::Stopped) {}
    /// # Ok::<(), mesh::Error>(())
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`PortsExhausted`].
    pub fn watch(&self, cx: &impl Caller) -> Result<MeshWatch, PortsExhausted> {
        let (scope, agents) = (cx.scope(), self.agents());
        let (id, view) = (self.id().uid, self.region().clone());
        let (port, seen) = subscribe::<ActorKind>(scope, &agents, id)?;
        let members = Level { seen, lost: None };
        let procs = match ProcMeshRef::of_members(agents.mesh().members(), &view) {
            Some(procs) => procs.subscribe(scope)?,
            None => None,
        };
        let (outbox, own, asked) = (scope.outbox.clone(), scope.sender.clone(), BTreeMap::new());
        let asking = procs.is_some().then(|| Asking { outbox, own, agents, id, port, asked });
        Ok(MeshWatch { members, procs, asking, view, shown: None })
    }
}

impl ProcMeshRef {
    fn subscribe(&self, scope: Scope<'_>) -> Result<Option<Level>, PortsExhausted> {
        let Some(agents) = self.host_agents() else { return Ok(None) };
        let (_, seen) = subscribe::<ProcKind>(scope, &agents, self.id().uid)?;
        // Answered by whoever knows that the host of a proc is lost (`CALL-1`).
        let (sink, lost) = Accumulator::new(Lost::new(), fold_lost);
        let limit = Limit { after: FOREVER, at: clock::now() + FOREVER };
        let question = WaitRankStatus::<ProcKind>::new(self.id().uid, StatusClass::Stopped);
        let merge = merge_id::<StatusOverlay, Merge>();
        let port = agents.call_to(scope, &question, limit, sink, Some(merge));
        Ok(Some(Level { seen, lost: port.map(|port| lost.guarded(port)) }))
    }

    /// Watches the statuses of the procs of the view, as their hosts see them; `None` for procs that no host manages.
    ///
    /// # Errors
    /// [`PortsExhausted`].
    pub fn watch(&self, cx: &impl Caller) -> Result<Option<MeshWatch>, PortsExhausted> {
        let members = self.subscribe(cx.scope())?;
        let view = self.region().clone();
        Ok(members.map(|members| MeshWatch { members, procs: None, asking: None, view, shown: None }))
    }
}

impl ProcMeshControl<'_> {
    /// As [`ProcMeshRef::watch`].
    ///
    /// # Errors
    /// As there.
    pub fn watch(&self, cx: &impl Caller) -> Result<Option<MeshWatch>, PortsExhausted> {
        self.view().watch(cx)
    }
}
