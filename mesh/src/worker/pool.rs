//! The queues, and the tasks that empty them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::coop;

use crate::sync::{Arc, AtomicBool, AtomicU32, AtomicUsize, Mutex, Ordering, Spin, SpinGuard, fence, lock};

/// How many turns a worker runs before others of the runtime may.
const TURNS: u32 = 64;
/// How many messages it handles until then, give or take a turn.
const POLL: u32 = 1024;
/// How many messages are handled in one round through a worker's queue: the more stand in it, the fewer has each.
const ROUND: usize = 4096;
/// How many a turn has at least and at most, whatever stands in the queue.
const SHARE: std::ops::RangeInclusive<usize> = 8..=128;
/// How many turns of those just born follow each other before one of those that waited.
const BORN_FIRST: u32 = 4;
/// Every so many turns a worker looks at the shared queue though its own is not empty.
const SHARED_FIRST: u32 = 61;

/// How many a worker takes from the shared queue at once.
const SHARED_MAX: usize = 32;

/// A turn that takes longer than this, twice, blocks its thread: others take what is queued behind it.
const STALL: Duration = Duration::from_millis(5);

/// What a worker runs.
pub trait Run: Send + Sync {
    /// Runs for a turn of so many messages at most; how many there were. Does not panic.
    fn run(self: Arc<Self>, most: u32) -> u32;
}

/// What a worker is to run.
#[derive(Default)]
struct Ready {
    /// In the order they came.
    queue: VecDeque<Arc<dyn Run>>,
    /// What was made in a turn of this worker and has not run yet: the last first, so that a tree of actors grows and ends
    /// branch by branch, in memory that is used again, instead of level by level.
    born: VecDeque<Arc<dyn Run>>,
    /// How many of those were run since one of the others was.
    born_ran: u32,
}

impl Ready {
    fn len(&self) -> usize {
        self.queue.len() + self.born.len()
    }

    fn pop(&mut self) -> Option<Arc<dyn Run>> {
        if (self.born_ran < BORN_FIRST || self.queue.is_empty())
            && let Some(born) = self.born.pop_back()
        {
            self.born_ran += 1;
            return Some(born);
        }
        self.born_ran = 0;
        self.queue.pop_front()
    }

    /// Half of it, what came first: of what was born that is what grows most.
    fn half(&mut self) -> Vec<Arc<dyn Run>> {
        let from = if self.queue.is_empty() { &mut self.born } else { &mut self.queue };
        from.drain(..from.len().div_ceil(2)).collect()
    }
}

type Queue = Spin<Ready>;

/// What is pushed from outside, and who sleeps until then.
#[derive(Default)]
struct Shared {
    queue: VecDeque<Arc<dyn Run>>,
    asleep: Vec<(usize, Waker)>,
    /// How many have been started.
    started: usize,
}

/// The workers of a proc.
pub struct Workers {
    /// Of all workers of the process, these.
    number: u64,
    runtime: Handle,
    queues: Box<[Queue]>,
    /// The turn that each worker is at; 0 while it is at none.
    turns: Box<[AtomicU32]>,
    /// Somebody watches for turns that block.
    watched: AtomicBool,
    shared: Spin<Shared>,
    /// How many are asleep, or not yet started. Written under the lock of `shared`.
    resting: AtomicUsize,
    closed: AtomicBool,
    on_close: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

// Numbers are of the process, as threads are.
static NUMBERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

thread_local! {
    /// The workers, by address, and the place among them, of the worker that is polled on this thread.
    static HERE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// The task that was last found to be on the runtime of workers, and their number.
    static AT_HOME: Cell<(Option<tokio::task::Id>, u64)> = const { Cell::new((None, 0)) };
    /// How many turns are nested on this thread.
    static NESTED: Cell<u32> = const { Cell::new(0) };
    /// Whether this thread runs what a closed pool holds.
    static DRAINING: Cell<bool> = const { Cell::new(false) };
}

/// How many messages a turn may handle while so many others wait for theirs.
fn share(waiting: usize) -> u32 {
    let share = (ROUND / (waiting + 1)).clamp(*SHARE.start(), *SHARE.end());
    u32::try_from(share).unwrap_or(1)
}

/// How deep turns may be nested.
const NESTED_MAX: u32 = 4;

/// A turn within a turn, until this is dropped.
pub struct Nested(());

impl Drop for Nested {
    fn drop(&mut self) {
        NESTED.set(NESTED.get() - 1);
    }
}

impl Workers {
    /// The workers of a proc on `runtime`. `on_close` runs when the runtime ends before them.
    pub fn new(runtime: Handle, on_close: Box<dyn FnOnce() + Send>) -> Arc<Workers> {
        let size = runtime.metrics().num_workers().max(1);
        Arc::new(Workers {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            runtime,
            queues: (0..size).map(|_| Queue::default()).collect(),
            turns: (0..size).map(|_| AtomicU32::new(0)).collect(),
            watched: AtomicBool::new(false),
            shared: Spin::default(),
            resting: AtomicUsize::new(size),
            closed: AtomicBool::new(false),
            on_close: Mutex::new(Some(on_close)),
        })
    }

    /// The runtime they run on.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Whether the runtime has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether a task that is polled on this thread may run a turn within its own: on the same runtime only, so that
    /// timers and tasks of the turn are where they belong, and to a bounded depth.
    pub fn nest(&self) -> Option<Nested> {
        let depth = NESTED.get();
        let worker = HERE.get().0 == std::ptr::from_ref(self).addr();
        if depth >= NESTED_MAX || !(worker || self.is_home()) {
            return None;
        }
        NESTED.set(depth + 1);
        Some(Nested(()))
    }

    /// Whether the task that is polled on this thread is of the same runtime. A task stays on the runtime that it was
    /// spawned on, so the answer is remembered for the last one.
    fn is_home(&self) -> bool {
        let task = tokio::task::try_id();
        if task.is_some() && AT_HOME.get() == (task, self.number) {
            return true;
        }
        let home = Handle::try_current().is_ok_and(|here| here.id() == self.runtime.id());
        if home {
            AT_HOME.set((task, self.number));
        }
        home
    }

    /// Queues what is ready.
    pub fn push(self: &Arc<Self>, ready: Arc<dyn Run>) {
        self.push_to(|own| &mut own.queue, ready);
    }

    /// Queues what was just made. Within a turn it comes before what is queued, and after what is made later, but for a
    /// turn of the others between every few.
    pub fn push_born(self: &Arc<Self>, ready: Arc<dyn Run>) {
        self.push_to(|own| &mut own.born, ready);
    }

    #[inline]
    fn push_to(
        self: &Arc<Self>,
        queue: impl FnOnce(&mut Ready) -> &mut VecDeque<Arc<dyn Run>>,
        ready: Arc<dyn Run>,
    ) {
        let (workers, place) = HERE.get();
        if workers == Arc::as_ptr(self).addr() {
            let queued = {
                let mut own = self.queues[place].lock();
                queue(&mut own).push_back(ready);
                own.len()
            };
            // The worker comes to a single one itself, and soon. Who falls asleep just now may be overlooked here: the
            // next turn looks again.
            if queued >= 2 && self.resting.load(Ordering::Relaxed) > 0 {
                self.rouse_from(place);
            }
            return;
        }
        let mut shared = self.shared.lock();
        shared.queue.push_back(ready);
        // Who falls asleep looks at the queue under the same lock (`WORK-2`).
        if self.resting.load(Ordering::Relaxed) > 0 {
            self.rouse(shared);
        } else {
            drop(shared);
        }
        if self.is_closed() {
            self.run_all();
        }
    }

    /// Wakes a worker beside the one that is polled here.
    #[cold]
    fn rouse_from(self: &Arc<Self>, place: usize) {
        self.rouse(self.shared.lock());
        if self.queues.len() > 1 && self.queues[place].lock().len() > 0 {
            // The runtime runs what was woken last on this very thread next, and lets nobody take it; so something
            // else has to be woken after the worker, which is to run beside this one.
            drop(self.runtime.spawn(async {}));
        }
    }

    /// Wakes a worker, or starts one.
    #[cold]
    fn rouse(self: &Arc<Self>, mut shared: SpinGuard<'_, Shared>) {
        if let Some((_, waker)) = shared.asleep.pop() {
            self.resting.fetch_sub(1, Ordering::Relaxed);
            drop(shared);
            waker.wake();
        } else if shared.started < self.queues.len() {
            let place = shared.started;
            shared.started += 1;
            self.resting.fetch_sub(1, Ordering::Relaxed);
            drop(shared);
            let worker =
                Worker { workers: Arc::downgrade(self), place, turns: 0, asleep: false, done: false };
            drop(self.runtime.spawn(worker));
        } else {
            drop(shared);
        }
        if self.queues.len() > 1 && !self.watched.swap(true, Ordering::Relaxed) {
            drop(self.runtime.spawn(watch(Arc::downgrade(self))));
        }
    }

    /// Moves the worker's part of the shared queue behind its own, so that many cost one lock. Whether there was any.
    fn refill(&self, place: usize) -> bool {
        let mut shared = self.shared.lock();
        let part = shared.queue.len().div_ceil(self.queues.len()).min(SHARED_MAX);
        if part > 0 {
            // Nobody locks them the other way round.
            self.queues[place].lock().queue.extend(shared.queue.drain(..part));
        }
        part > 0
    }

    /// What is to run, and how many messages it may handle.
    fn pop(self: &Arc<Self>, place: usize) -> Option<(Arc<dyn Run>, u32)> {
        let mut own = self.queues[place].lock();
        let ready = own.pop();
        let left = own.len();
        drop(own);
        if left >= 2 && self.resting.load(Ordering::Relaxed) > 0 {
            self.rouse_from(place);
        }
        Some((ready?, share(left)))
    }

    fn next(self: &Arc<Self>, place: usize, turns: u32) -> Option<(Arc<dyn Run>, u32)> {
        if turns.is_multiple_of(SHARED_FIRST) {
            self.refill(place);
        }
        if let Some(ready) = self.pop(place) {
            return Some(ready);
        }
        if self.refill(place) {
            // Another may have stolen it all meanwhile.
            return self.pop(place).or_else(|| self.steal(place));
        }
        self.steal(place)
    }

    /// Half of what another has.
    fn steal(&self, place: usize) -> Option<(Arc<dyn Run>, u32)> {
        let size = self.queues.len();
        (1..size).map(|step| (place + step) % size).find_map(|victim| {
            let mut stolen = self.queues[victim].lock().half().into_iter();
            let first = stolen.next()?;
            let left = stolen.len();
            if left > 0 {
                self.queues[place].lock().queue.extend(stolen);
            }
            Some((first, share(left)))
        })
    }

    /// Lies down; false when there is something to do after all.
    fn sleep(&self, place: usize, waker: &Waker) -> bool {
        let mut shared = self.shared.lock();
        if !shared.queue.is_empty() {
            return false;
        }
        shared.asleep.push((place, waker.clone()));
        self.resting.fetch_add(1, Ordering::Relaxed);
        drop(shared);
        fence(Ordering::SeqCst);
        if self.queues.iter().any(|queue| queue.lock().len() > 0) {
            self.get_up(place);
            return false;
        }
        true
    }

    fn get_up(&self, place: usize) {
        let mut shared = self.shared.lock();
        if let Some(at) = shared.asleep.iter().position(|(other, _)| *other == place) {
            shared.asleep.swap_remove(at);
            self.resting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The runtime has ended.
    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let on_close = lock(&self.on_close).take();
        if let Some(on_close) = on_close {
            on_close();
        }
        fence(Ordering::SeqCst);
        self.run_all();
    }

    /// Runs what there is, here.
    #[cold]
    fn run_all(&self) {
        if DRAINING.replace(true) {
            return;
        }
        let next = || {
            let own = self.queues.iter().find_map(|queue| queue.lock().pop());
            own.or_else(|| self.shared.lock().queue.pop_front())
        };
        while let Some(ready) = next() {
            ready.run(share(0));
        }
        DRAINING.set(false);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // They find it gone, and end.
        let asleep = std::mem::take(&mut self.shared.lock().asleep);
        asleep.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("size", &self.queues.len()).finish_non_exhaustive()
    }
}

/// Wakes another worker when one is blocked and has something queued (`WORK-3`); ends when none is at work.
async fn watch(workers: Weak<Workers>) {
    let mut seen: Vec<u32> = Vec::new();
    loop {
        tokio::time::sleep(STALL).await;
        let Some(workers) = workers.upgrade() else { return };
        let turns = || workers.turns.iter().map(|turn| turn.load(Ordering::Relaxed));
        let blocked = |(place, (turn, before)): (usize, (u32, &u32))| {
            turn != 0 && turn == *before && workers.queues[place].lock().len() > 0
        };
        if turns().zip(&seen).enumerate().any(blocked) && workers.resting.load(Ordering::Relaxed) > 0 {
            workers.rouse(workers.shared.lock());
        }
        seen = turns().collect();
        if seen.iter().all(|turn| *turn == 0) {
            workers.watched.store(false, Ordering::SeqCst);
            // Who started to work meanwhile has found a watcher.
            if turns().all(|turn| turn == 0) || workers.watched.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    }
}

/// The task of a worker.
struct Worker {
    workers: Weak<Workers>,
    place: usize,
    turns: u32,
    asleep: bool,
    done: bool,
}

/// What this thread polls, put back at the end.
struct Placed((usize, usize));

impl Drop for Placed {
    fn drop(&mut self) {
        HERE.set(self.0);
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(workers) = self.workers.upgrade() else {
            self.done = true;
            return Poll::Ready(());
        };
        let place = self.place;
        if std::mem::take(&mut self.asleep) {
            workers.get_up(place);
        }
        let _placed = Placed(HERE.replace((Arc::as_ptr(&workers).addr(), place)));
        let (mut left, mut handled) = (TURNS, 0);
        loop {
            // What awaits in a turn uses the budget of this task.
            if left == 0 || handled >= POLL || !coop::has_budget_remaining() {
                workers.turns[place].store(0, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.turns = self.turns.wrapping_add(1).max(1);
            workers.turns[place].store(self.turns, Ordering::Relaxed);
            match workers.next(place, self.turns) {
                Some((ready, most)) => {
                    left -= 1;
                    handled += ready.run(most);
                }
                None if workers.sleep(place, cx.waker()) => {
                    workers.turns[place].store(0, Ordering::Relaxed);
                    self.asleep = true;
                    return Poll::Pending;
                }
                None => {}
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.done
            && let Some(workers) = self.workers.upgrade()
        {
            workers.close();
        }
    }
}
