//! The bookkeeping of a kind: the only place where a status changes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Resource, ResourceKey};
use crate::actor::{Caller, ReplyTo};
use crate::ident::Label;
use crate::request::PortRef;
use crate::value::{Overlay, Standing, StandingOverlay, Status, StatusClass, StatusOverlay};

/// How many waits and watchers one table holds; more are answered with the status as it is.
const WAITERS_MAX: usize = 1 << 16;

/// How many resources that have ended a table remembers; of older ones it says that they do not exist.
pub const ENDED_MAX: usize = 4096;

/// A resource, as seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResourceState<S> {
    /// Which.
    pub key: ResourceKey,
    /// The name it was given.
    pub label: Label,
    /// Where it is in its life.
    pub status: Status,
    /// Raised by every change.
    pub generation: u64,
    /// Whether it was asked for with another spec than it has.
    pub spec_conflict: bool,
    /// What its agent says of it; `None` before it is made.
    pub state: Option<S>,
}

/// What whoever watches a resource is told of it beside its [`Standing`]: a [`ResourceState`] without what is told there
/// already, and without what would set apart ranks that are alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Details<S> {
    /// The name it was given.
    pub label: Label,
    /// Whether it was asked for with another spec than it has.
    pub spec_conflict: bool,
    /// What its agent says of it; `None` before it is made.
    pub state: Option<S>,
}

/// Whether all is the same, the label too: no rank is shown under the label of another.
impl<S: PartialEq> PartialEq for Details<S> {
    fn eq(&self, other: &Details<S>) -> bool {
        let Details { label, spec_conflict, state } = self;
        label.as_str() == other.label.as_str()
            && *spec_conflict == other.spec_conflict
            && *state == other.state
    }
}

/// The states of some ranks, with how new each is: of a [`StreamState`](super::StreamState).
pub type StateOverlay<S> = StandingOverlay<Details<S>>;

struct Entry<R: Resource> {
    label: Label,
    /// `None` once it has ended: what it was made from may be large.
    spec: Option<R::Spec>,
    status: Status,
    state: Option<R::State>,
    generation: u64,
    spec_conflict: bool,
}

struct Waiter {
    at_least: StatusClass,
    /// The rank in the view that it was registered with: kept, whatever later views there are.
    rank: u32,
    reply: ReplyTo<StatusOverlay>,
}

/// Where a watcher is told, and how much.
pub(super) enum Told<S> {
    Status(PortRef<StandingOverlay>),
    State(PortRef<StateOverlay<S>>),
}

/// One who is told of a resource and its changes, at a rank of its view.
pub(super) struct Watcher<S> {
    told: Told<S>,
    rank: u32,
    epoch: u32,
    /// Whether it was told that the resource runs, and how often that was news to it.
    runs: Option<bool>,
    returns: u32,
}

impl<S: Serialize + Clone + PartialEq + 'static> Watcher<S> {
    pub(super) fn new(told: Told<S>, rank: u32, epoch: u32) -> Watcher<S> {
        Watcher { told, rank, epoch, runs: None, returns: 0 }
    }

    /// Tells it; whether it can be reached.
    fn tell(&mut self, cx: &impl Caller, seen: &ResourceState<S>) -> bool {
        let runs = seen.status == Status::Running;
        self.returns += u32::from(runs && self.runs == Some(false));
        self.runs = Some(runs);
        match &self.told {
            Told::Status(port) => port.post_control(cx, &self.standing(seen, self.returns, ())).is_ok(),
            Told::State(port) => {
                let ResourceState { label, spec_conflict, state, .. } = seen.clone();
                let details = Details { label, spec_conflict, state };
                port.post_control(cx, &self.standing(seen, 0, details)).is_ok()
            }
        }
    }

    fn standing<D: PartialEq>(
        &self,
        seen: &ResourceState<S>,
        returns: u32,
        details: D,
    ) -> StandingOverlay<D> {
        let (epoch, status, generation) = (self.epoch, seen.status.clone(), seen.generation);
        Overlay::single(self.rank, Standing { status, epoch, generation, returns, details })
    }
}

/// The resources of one kind, with those who wait for them.
///
/// It asks nothing of `R` as long as it is not used: a type that is no kind is reported where an actor lists it, and not by every
/// type that has such a table in it as well.
pub struct ResourceTable<R>(Box<dyn Table<R>>);

/// What is in a table of a kind.
trait Table<R>: Send + Sync {
    fn rows(&self) -> &Rows<R>
    where
        R: Resource;
    fn rows_mut(&mut self) -> &mut Rows<R>
    where
        R: Resource;
}

struct Rows<R: Resource> {
    /// Boxed: a node of the tree has room for eleven, and most tables have a few.
    entries: BTreeMap<ResourceKey, Box<Entry<R>>>,
    /// By resource, so that a change costs those who wait for it, and not all.
    waiters: BTreeMap<ResourceKey, Vec<Waiter>>,
    waiting: usize,
    watchers: BTreeMap<ResourceKey, Vec<Watcher<R::State>>>,
    watching: usize,
    /// Those that have ended, the oldest first.
    ended: VecDeque<ResourceKey>,
    stopping: bool,
}

impl<R: Resource> Table<R> for Rows<R> {
    fn rows(&self) -> &Rows<R> {
        self
    }

    fn rows_mut(&mut self) -> &mut Rows<R> {
        self
    }
}

impl<R: Resource> Default for ResourceTable<R> {
    fn default() -> ResourceTable<R> {
        ResourceTable(Box::new(Rows::<R> {
            entries: BTreeMap::new(),
            waiters: BTreeMap::new(),
            waiting: 0,
            watchers: BTreeMap::new(),
            watching: 0,
            ended: VecDeque::new(),
            stopping: false,
        }))
    }
}

impl<R: Resource> ResourceTable<R> {
    /// The keys there are, in order.
    pub fn keys(&self) -> Vec<ResourceKey> {
        self.0.rows().entries.keys().copied().collect()
    }

    /// Where a resource is in its life.
    pub fn status(&self, key: ResourceKey) -> Status {
        self.0.rows().entries.get(&key).map_or(Status::NotExist, |entry| entry.status.clone())
    }

    /// What it was made from, until it has ended.
    pub fn spec(&self, key: ResourceKey) -> Option<&R::Spec> {
        self.0.rows().entries.get(&key).and_then(|entry| entry.spec.as_ref())
    }

    /// What is seen of it.
    pub fn state(&self, key: ResourceKey) -> ResourceState<R::State> {
        match self.0.rows().entries.get(&key) {
            Some(entry) => ResourceState {
                key,
                label: entry.label.clone(),
                status: entry.status.clone(),
                generation: entry.generation,
                spec_conflict: entry.spec_conflict,
                state: entry.state.clone(),
            },
            None => ResourceState {
                key,
                label: "unknown".into(),
                status: Status::NotExist,
                generation: 0,
                spec_conflict: false,
                state: None,
            },
        }
    }

    /// Whether new ones are refused.
    pub fn is_stopping(&self) -> bool {
        self.0.rows().stopping
    }

    /// Refuses new ones from now on.
    pub fn refuse_new(&mut self) {
        self.0.rows_mut().stopping = true;
    }

    /// Whether everything has ended.
    pub fn all_ended(&self) -> bool {
        self.0.rows().entries.values().all(|entry| entry.status.is_terminal())
    }

    /// Enters a new resource.
    pub(crate) fn insert(
        &mut self,
        cx: &impl Caller,
        key: ResourceKey,
        label: Label,
        spec: R::Spec,
        status: Status,
    ) {
        let entry =
            Entry { label, spec: Some(spec), status, state: None, generation: 1, spec_conflict: false };
        self.0.rows_mut().entries.insert(key, Box::new(entry));
        self.tell(cx, key);
        self.retire(key);
    }

    pub(super) fn conflict(&mut self, cx: &impl Caller, key: ResourceKey) {
        if let Some(entry) = self.0.rows_mut().entries.get_mut(&key) {
            entry.spec_conflict = true;
            entry.generation += 1;
            self.tell(cx, key);
        }
    }

    pub(super) fn updated(&mut self, cx: &impl Caller, key: ResourceKey, spec: R::Spec, state: R::State) {
        if let Some(entry) = self.0.rows_mut().entries.get_mut(&key) {
            entry.spec = Some(spec);
            let status = entry.status.clone();
            self.set(cx, key, status, Some(state));
        }
    }

    /// Records a change: raises the generation, answers those who wait, tells the watchers. What has ended stays
    /// ended, and the first end is kept.
    pub fn set(&mut self, cx: &impl Caller, key: ResourceKey, status: Status, state: Option<R::State>) {
        let Some(entry) = self.0.rows_mut().entries.get_mut(&key) else { return };
        if entry.status.is_terminal() || (entry.status == status && state.is_none()) {
            return;
        }
        if status.class() < entry.status.class() {
            // News from before a stop that was asked for meanwhile.
            let Some(state) = state else { return };
            entry.state = Some(state);
            entry.generation += 1;
            return self.tell(cx, key);
        }
        entry.status = status;
        entry.state = state.or(entry.state.take());
        entry.generation += 1;
        self.tell(cx, key);
        self.retire(key);
    }

    /// One that has ended is made again.
    pub(crate) fn again(&mut self, cx: &impl Caller, key: ResourceKey, label: Label, spec: R::Spec) {
        self.0.rows_mut().ended.retain(|ended| *ended != key);
        let generation = self.0.rows_mut().entries.get(&key).map_or(0, |entry| entry.generation) + 1;
        let (status, spec) = (Status::Initializing, Some(spec));
        let entry = Entry { label, spec, status, state: None, generation, spec_conflict: false };
        self.0.rows_mut().entries.insert(key, Box::new(entry));
        self.tell(cx, key);
    }

    /// One that has ended unasked comes back: those who wait for it and who watch it stay.
    pub(crate) fn comes_back(&mut self, cx: &impl Caller, key: ResourceKey, state: Option<R::State>) {
        let Some(entry) = self.0.rows_mut().entries.get_mut(&key) else { return };
        entry.status = Status::Initializing;
        entry.state = state.or(entry.state.take());
        entry.generation += 1;
        self.tell(cx, key);
    }

    /// Keeps of one that has ended what may still be asked for, and forgets the oldest of too many.
    fn retire(&mut self, key: ResourceKey) {
        let Some(entry) = self.0.rows_mut().entries.get_mut(&key).filter(|entry| entry.status.is_terminal())
        else {
            return;
        };
        entry.spec = None;
        self.0.rows_mut().watching -=
            self.0.rows_mut().watchers.remove(&key).map_or(0, |watchers| watchers.len());
        self.0.rows_mut().ended.push_back(key);
        if self.0.rows_mut().ended.len() > ENDED_MAX
            && let Some(oldest) = self.0.rows_mut().ended.pop_front()
        {
            self.0.rows_mut().entries.remove(&oldest);
        }
    }

    fn tell(&mut self, cx: &impl Caller, key: ResourceKey) {
        let state = self.state(key);
        if let Some(mut waiters) = self.0.rows_mut().waiters.remove(&key) {
            let answered = |waiter: &mut Waiter| state.status.class() >= waiter.at_least;
            for waiter in waiters.extract_if(.., answered) {
                self.0.rows_mut().waiting -= 1;
                waiter.reply.answer(StatusOverlay::single(waiter.rank, state.status.clone()));
            }
            if !waiters.is_empty() {
                self.0.rows_mut().waiters.insert(key, waiters);
            }
        }
        if let Some(mut watchers) = self.0.rows_mut().watchers.remove(&key) {
            let before = watchers.len();
            // One that cannot be reached is dropped.
            watchers.retain_mut(|watcher| watcher.tell(cx, &state));
            self.0.rows_mut().watching -= before - watchers.len();
            if !watchers.is_empty() {
                self.0.rows_mut().watchers.insert(key, watchers);
            }
        }
    }

    /// Answers when the status of a resource, present or future, is at least `at_least`.
    pub(super) fn wait(
        &mut self,
        key: ResourceKey,
        at_least: StatusClass,
        rank: u32,
        reply: ReplyTo<StatusOverlay>,
    ) {
        let status = self.status(key);
        // What does not exist may come to run, but what is waited for to end has nothing to end.
        let ended = status == Status::NotExist && at_least >= StatusClass::Stopping;
        let status = if ended { Status::Stopped } else { status };
        if status.class() >= at_least || ended || self.0.rows_mut().waiting >= WAITERS_MAX {
            reply.answer(StatusOverlay::single(rank, status));
        } else {
            self.0.rows_mut().waiting += 1;
            self.0.rows_mut().waiters.entry(key).or_default().push(Waiter { at_least, rank, reply });
        }
    }

    /// Tells of a resource, present or future, now and at each change until it has ended.
    pub(super) fn watch(&mut self, cx: &impl Caller, key: ResourceKey, mut watcher: Watcher<R::State>) {
        let seen = self.state(key);
        let told = watcher.tell(cx, &seen);
        if told && !seen.status.is_terminal() && self.0.rows_mut().watching < WAITERS_MAX {
            self.0.rows_mut().watching += 1;
            self.0.rows_mut().watchers.entry(key).or_default().push(watcher);
        }
    }
}
