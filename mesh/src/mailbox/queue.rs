//! The queue itself.

use std::collections::VecDeque;
use std::task::Waker;

use super::FullPolicy;
use super::wait::{Places, WaitCell, Waiting};
use crate::sync::{Arc, AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, fence, lock};

/// Why a message was not accepted; it comes back.
#[derive(Debug)]
pub enum Refusal<T> {
    /// The queue, or the queue of waiters, is full.
    Full(T),
    /// The actor takes no more messages.
    Closed(T),
}

/// What the consumer got.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T, C> {
    /// A control message: they come first.
    Control(C),
    /// One message.
    One(T),
    /// Messages in the batch.
    Batch,
    /// Nothing: the waker is woken when something comes.
    Nothing,
    /// The mailbox is closed and empty.
    Closed,
}

/// What became of a message that may wait.
pub enum Entered<T> {
    /// It is accepted; what `drop_oldest` displaced for it.
    Accepted(Option<T>),
    /// It waits for a place.
    Waiting(Waiting<T>),
}

/// What was left when the mailbox was closed.
#[derive(Debug)]
pub struct Closed<T> {
    /// Accepted, never started.
    pub queued: Vec<T>,
    /// Waiting for a place, nobody waiting for their return.
    pub waiting: Vec<T>,
}

/// What an idle mailbox does not need.
struct Lanes<T, C> {
    waiters: VecDeque<Arc<WaitCell<T>>>,
    control: VecDeque<C>,
}

struct State<T, C> {
    /// The oldest message: the only one, most of the time, and then nothing is allocated for it.
    head: Option<T>,
    queue: VecDeque<T>,
    lanes: Option<Box<Lanes<T, C>>>,
    consumer: Option<Waker>,
    /// Takes no more data.
    closed: bool,
    /// Takes no more control either.
    sealed: bool,
}

impl<T, C> State<T, C> {
    fn lanes(&mut self) -> &mut Lanes<T, C> {
        self.lanes
            .get_or_insert_with(|| Box::new(Lanes { waiters: VecDeque::new(), control: VecDeque::new() }))
    }

    fn waiters(&self) -> usize {
        self.lanes.as_ref().map_or(0, |lanes| lanes.waiters.len())
    }

    fn pop_waiter(&mut self) -> Option<Arc<WaitCell<T>>> {
        self.lanes.as_mut()?.waiters.pop_front()
    }

    fn pop_control(&mut self) -> Option<C> {
        self.lanes.as_mut()?.control.pop_front()
    }

    fn has_control(&self) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| !lanes.control.is_empty())
    }

    #[inline]
    fn push(&mut self, message: T) {
        if self.head.is_none() && self.queue.is_empty() {
            self.head = Some(message);
        } else {
            self.queue.push_back(message);
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.head.take().or_else(|| self.queue.pop_front())
    }

    fn is_empty(&self) -> bool {
        self.head.is_none() && self.queue.is_empty()
    }
}

/// A bounded queue with one consumer.
///
/// How many messages are pending is the difference of three counts that only grow, each written by one side alone, so
/// that no message pays for an atomic read-modify-write: senders write theirs under the lock, the consumer its own
/// without it.
pub struct Mailbox<T, C> {
    state: Mutex<State<T, C>>,
    /// Accepted, ever. Written under the lock.
    accepted: AtomicU64,
    /// Accepted, and taken out again by something else than a start: displaced, or handed out at the close. Written
    /// under the lock.
    removed: AtomicU64,
    /// Started by the consumer, which alone writes it.
    started: AtomicU64,
    /// Whether there are waiters; read by the consumer without the lock.
    waiting: AtomicBool,
    /// Whether there is a control message; read by the consumer between two messages.
    urgent: AtomicBool,
    capacity: usize,
    waiters_max: usize,
    full: FullPolicy,
}

/// Adds to a count that nobody else writes now.
fn add(count: &AtomicU64, n: u64) {
    count.store(count.load(Ordering::Relaxed) + n, Ordering::Release);
}

impl<T, C> Mailbox<T, C> {
    /// An empty mailbox.
    pub fn new(capacity: usize, waiters_max: usize, full: FullPolicy) -> Mailbox<T, C> {
        Mailbox {
            state: Mutex::new(State {
                head: None,
                queue: VecDeque::new(),
                lanes: None,
                consumer: None,
                closed: false,
                sealed: false,
            }),
            accepted: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            started: AtomicU64::new(0),
            waiting: AtomicBool::new(false),
            urgent: AtomicBool::new(false),
            capacity: capacity.max(1),
            waiters_max,
            full,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, C>> {
        lock(&self.state)
    }

    /// How many messages it holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many messages are accepted and not yet started.
    pub fn len(&self) -> usize {
        let gone = self.started.load(Ordering::Acquire) + self.removed.load(Ordering::Acquire);
        usize::try_from(self.accepted.load(Ordering::Acquire).saturating_sub(gone)).unwrap_or(usize::MAX)
    }

    /// Whether no message is accepted and not yet started.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one more fits (`MAIL-1`). Under the lock: a start that is not seen yet only makes it look fuller.
    fn has_room(&self) -> bool {
        self.len() < self.capacity
    }

    /// How many messages it has accepted, ever.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Puts a message in, without waiting. What `drop_oldest` displaced is returned.
    ///
    /// # Errors
    /// [`Refusal`] with the message: `Full` also while others wait for a place.
    pub fn push(&self, message: T) -> Result<Option<T>, Refusal<T>> {
        let state = self.lock();
        if state.closed {
            return Err(Refusal::Closed(message));
        }
        self.push_open(state, message)
    }

    fn push_open(&self, mut state: MutexGuard<'_, State<T, C>>, message: T) -> Result<Option<T>, Refusal<T>> {
        let mut displaced = None;
        if state.waiters() > 0 || !self.has_room() {
            if self.full != FullPolicy::DropOldest {
                return Err(Refusal::Full(message));
            }
            displaced = state.pop();
            if displaced.is_some() {
                add(&self.removed, 1);
            }
        }
        self.accept(state, message);
        Ok(displaced)
    }

    /// Puts a message in, or in the queue of those who wait for a place.
    ///
    /// # Errors
    /// [`Refusal`] with the message: `Full` when the policy does not wait, or too many wait already.
    pub fn push_or_wait(
        &self,
        message: T,
        places: impl FnOnce() -> Arc<dyn Places<T>>,
    ) -> Result<Entered<T>, Refusal<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refusal::Closed(message));
        }
        if state.waiters() == 0 && self.has_room() {
            self.accept(state, message);
            return Ok(Entered::Accepted(None));
        }
        match self.full {
            FullPolicy::Wait if state.waiters() < self.waiters_max => {}
            FullPolicy::DropOldest => return self.push_open(state, message).map(Entered::Accepted),
            FullPolicy::Wait | FullPolicy::Reject => return Err(Refusal::Full(message)),
        }
        let cell = WaitCell::new(message);
        state.lanes().waiters.push_back(cell.clone());
        self.waiting.store(true, Ordering::Relaxed);
        // The consumer may be resting since the check above, and not have seen the flag: with the fence in `rest`,
        // one of the two sees what the other wrote.
        fence(Ordering::SeqCst);
        self.admit(state);
        Ok(Entered::Waiting(Waiting::new(places(), cell)))
    }

    /// Puts a control message in: never refused while the mailbox is open, never behind data.
    ///
    /// # Errors
    /// The message, when the mailbox is closed.
    pub fn push_control(&self, control: C) -> Result<(), C> {
        let mut state = self.lock();
        if state.sealed {
            return Err(control);
        }
        state.lanes().control.push_back(control);
        self.urgent.store(true, Ordering::Release);
        let consumer = state.consumer.take();
        drop(state);
        wake(consumer);
        Ok(())
    }

    fn accept(&self, mut state: MutexGuard<'_, State<T, C>>, message: T) {
        state.push(message);
        add(&self.accepted, 1);
        let consumer = state.consumer.take();
        drop(state);
        wake(consumer);
    }

    /// Lets waiters in while there is room; gives those to wake when the lock is free again.
    fn let_in(&self, state: &mut State<T, C>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while self.has_room() {
            let Some(cell) = state.pop_waiter() else { break };
            if let Some((message, waker)) = cell.admit() {
                state.push(message);
                add(&self.accepted, 1);
                wakers.extend(waker);
            }
        }
        self.waiting.store(state.waiters() > 0, Ordering::Relaxed);
        wakers
    }

    fn admit(&self, mut state: MutexGuard<'_, State<T, C>>) {
        let wakers = self.let_in(&mut state);
        let consumer = if state.is_empty() { None } else { state.consumer.take() };
        drop(state);
        wake(consumer);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes a waiter out of the queue (`MAIL-2`).
    pub fn withdraw(&self, cell: &Arc<WaitCell<T>>) -> Option<T> {
        let mut state = self.lock();
        let waiters = &mut state.lanes.as_mut()?.waiters;
        let at = waiters.iter().position(|other| Arc::ptr_eq(other, cell))?;
        let cell = waiters.remove(at)?;
        // Those behind a withdrawn head may fit now.
        self.admit(state);
        cell.admit().map(|(message, _)| message)
    }

    /// The consumer: takes a control message, or one message, or moves all there are into the empty `batch`; or asks to
    /// be woken. `waker` is asked for when none is there yet.
    pub fn take(&self, waker: impl FnOnce() -> Waker, batch: &mut VecDeque<T>) -> Taken<T, C> {
        let mut state = self.lock();
        if let Some(control) = state.pop_control() {
            self.urgent.store(state.has_control(), Ordering::Relaxed);
            return Taken::Control(control);
        }
        let wakers = if state.waiters() == 0 { Vec::new() } else { self.let_in(&mut state) };
        let taken = if let Some(message) = state.head.take() {
            Taken::One(message)
        } else if state.queue.is_empty() {
            if state.sealed {
                return Taken::Closed;
            }
            state.consumer.get_or_insert_with(waker);
            return Taken::Nothing;
        } else if self.full == FullPolicy::DropOldest {
            // One at a time: the oldest can only be dropped while it is in the queue.
            state.queue.pop_front().map_or(Taken::Nothing, Taken::One)
        } else if batch.is_empty() {
            std::mem::swap(&mut state.queue, batch);
            Taken::Batch
        } else {
            batch.append(&mut state.queue);
            Taken::Batch
        };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        taken
    }

    /// Whether a control message has come since the last take. For the consumer.
    pub fn has_control(&self) -> bool {
        self.urgent.load(Ordering::Relaxed)
    }

    /// The consumer: the next control message.
    pub fn take_control(&self) -> Option<C> {
        let mut state = self.lock();
        let control = state.pop_control();
        self.urgent.store(state.has_control(), Ordering::Relaxed);
        control
    }

    /// The consumer: one message of the batch is started, so there is room for another. Waiters come in when the
    /// mailbox is half empty, so that one wake-up brings many messages; and at the latest when the consumer
    /// [rests](Mailbox::rest) or takes again.
    pub fn started(&self) {
        add(&self.started, 1);
        if self.waiting.load(Ordering::Relaxed) && self.len() <= self.capacity / 2 {
            self.admit(self.lock());
        }
    }

    /// The consumer suspends in the middle of a batch: who fits comes in now.
    pub fn rest(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) {
            self.admit(self.lock());
        }
    }

    /// Takes nothing more at all, as [`close_data`](Mailbox::close_data), and no control.
    pub fn close(&self) -> Closed<T> {
        self.close_lanes(true)
    }

    /// Takes no more data: gives back what is queued and who waits. Waiters whose owner polls them hear of it
    /// themselves.
    pub fn close_data(&self) -> Closed<T> {
        self.close_lanes(false)
    }

    /// Takes no more data: lets everyone in who waits, however full it is, and gives the consumer all there is.
    pub fn close_admitting(&self, batch: &mut VecDeque<T>) {
        let mut state = self.lock();
        state.closed = true;
        batch.extend(state.head.take());
        batch.append(&mut state.queue);
        let mut wakers = Vec::new();
        while let Some(cell) = state.pop_waiter() {
            let Some((message, waker)) = cell.admit() else { continue };
            batch.push_back(message);
            add(&self.accepted, 1);
            wakers.extend(waker);
        }
        self.waiting.store(false, Ordering::Relaxed);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn close_lanes(&self, control_too: bool) -> Closed<T> {
        let mut state = self.lock();
        state.closed = true;
        state.sealed |= control_too;
        let queued: Vec<T> = state.head.take().into_iter().chain(std::mem::take(&mut state.queue)).collect();
        let mut waiters = VecDeque::new();
        let mut unread = VecDeque::new();
        if let Some(lanes) = &mut state.lanes {
            waiters = std::mem::take(&mut lanes.waiters);
            if control_too {
                unread = std::mem::take(&mut lanes.control);
                state.lanes = None;
            }
        }
        add(&self.removed, queued.len() as u64);
        self.waiting.store(false, Ordering::Relaxed);
        let consumer = state.consumer.take();
        drop(state);
        // A control message with a caller tells it as it is dropped.
        drop(unread);
        wake(consumer);
        Closed { queued, waiting: waiters.into_iter().filter_map(|cell| cell.close()).collect() }
    }

    /// Whether it takes no more data.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
