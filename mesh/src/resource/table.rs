//! The bookkeeping of a kind: the only place where a status changes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Resource, ResourceKey};
use crate::actor::{Caller, ReplyTo};
use crate::ident::Label;
use crate::request::PortRef;
use crate::value::{Standing, StandingOverlay, Status, StatusClass, StatusOverlay};

/// How many waits and subscriptions one table holds; more are answered with the status as it is.
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

/// One who is told of a status and its changes.
pub(super) struct Watcher {
    port: PortRef<StandingOverlay>,
    rank: u32,
    epoch: u32,
    /// Whether it was told that the resource runs, and how often that was news to it.
    runs: Option<bool>,
    returns: u32,
}

impl Watcher {
    pub(super) fn new(port: PortRef<StandingOverlay>, rank: u32, epoch: u32) -> Watcher {
        Watcher { port, rank, epoch, runs: None, returns: 0 }
    }

    /// Tells it; whether it can be reached.
    fn tell(&mut self, cx: &impl Caller, status: Status, generation: u64) -> bool {
        let runs = status == Status::Running;
        self.returns += u32::from(runs && self.runs == Some(false));
        self.runs = Some(runs);
        let Watcher { rank, epoch, returns, .. } = *self;
        let standing = Standing { status, epoch, generation, returns };
        self.port.post_control(cx, &StandingOverlay::single(rank, standing)).is_ok()
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
    entries: BTreeMap<ResourceKey, Entry<R>>,
    /// By resource, so that a change costs those who wait for it, and not all.
    waiters: BTreeMap<ResourceKey, Vec<Waiter>>,
    waiting: usize,
    subscribers: BTreeMap<ResourceKey, Vec<PortRef<ResourceState<R::State>>>>,
    /// Those who are told of the status alone, at a rank of theirs.
    watchers: BTreeMap<ResourceKey, Vec<Watcher>>,
    /// How many of either there are.
    subscribed: usize,
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
            subscribers: BTreeMap::new(),
            watchers: BTreeMap::new(),
            subscribed: 0,
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
        self.0.rows_mut().entries.insert(key, entry);
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

    /// Records a change: raises the generation, answers those who wait, tells the subscribers. What has ended stays
    /// ended, and the first end is kept.
    pub fn set(&mut self, cx: &impl Caller, key: ResourceKey, status: Status, state: Option<R::State>) {
        let Some(entry) = self.0.rows_mut().entries.get_mut(&key) else { return };
        if entry.status.is_terminal() || (entry.status == status && state.is_none()) {
            return;
        }
        if status.class() < entry.status.class() {
            // News from before a stop that was asked for meanwhile.
            entry.state = state.or(entry.state.take());
            return;
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
        self.0.rows_mut().entries.insert(key, entry);
        self.tell(cx, key);
    }

    /// One that has ended unasked comes back: those who wait for it and its subscribers stay.
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
        self.0.rows_mut().subscribed -=
            self.0.rows_mut().subscribers.remove(&key).map_or(0, |ports| ports.len());
        self.0.rows_mut().subscribed -=
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
        if let Some(mut ports) = self.0.rows_mut().subscribers.remove(&key) {
            let before = ports.len();
            // A subscriber that cannot be reached is dropped.
            ports.retain(|port| port.post_control(cx, &state).is_ok());
            self.0.rows_mut().subscribed -= before - ports.len();
            if !ports.is_empty() {
                self.0.rows_mut().subscribers.insert(key, ports);
            }
        }
        if let Some(mut watchers) = self.0.rows_mut().watchers.remove(&key) {
            let before = watchers.len();
            watchers.retain_mut(|watcher| watcher.tell(cx, state.status.clone(), state.generation));
            self.0.rows_mut().subscribed -= before - watchers.len();
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

    pub(super) fn subscribe(
        &mut self,
        cx: &impl Caller,
        key: ResourceKey,
        port: PortRef<ResourceState<R::State>>,
    ) {
        let told = port.post_control(cx, &self.state(key)).is_ok();
        if told && !self.status(key).is_terminal() && self.0.rows_mut().subscribed < WAITERS_MAX {
            self.0.rows_mut().subscribed += 1;
            self.0.rows_mut().subscribers.entry(key).or_default().push(port);
        }
    }

    pub(super) fn watch(&mut self, cx: &impl Caller, key: ResourceKey, mut watcher: Watcher) {
        let status = self.status(key);
        let generation = self.0.rows_mut().entries.get(&key).map_or(0, |entry| entry.generation);
        let is_terminal = status.is_terminal();
        if watcher.tell(cx, status, generation) && !is_terminal && self.0.rows_mut().subscribed < WAITERS_MAX
        {
            self.0.rows_mut().subscribed += 1;
            self.0.rows_mut().watchers.entry(key).or_default().push(watcher);
        }
    }
}
