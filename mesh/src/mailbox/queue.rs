//! The queue itself, and whose turn it is.

#![expect(unsafe_code, reason = "a message is run where it lies; see the proofs below")]

use std::collections::VecDeque;
use std::num::NonZeroU8;
use std::task::Waker;

use super::FullPolicy;
use super::records::{Pack, Record, Records, Room, WHOLE, Word};
use super::wait::{Places, WaitCell, Waiting};
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering, Spin, SpinGuard, UnsafeCell};

/// Why a message was not accepted; it comes back.
#[derive(Debug)]
pub enum Refusal<T> {
    /// The queue, or the queue of waiters, is full.
    Full(T),
    /// The actor takes no more messages.
    Closed(T),
}

/// A message was accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted<T> {
    /// What `drop_oldest` displaced for it.
    pub displaced: Option<T>,
    /// The consumer is to be queued, by who accepts this.
    pub queue: bool,
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
    /// Nothing, as far as could be seen without a lock: [`Mailbox::park`] knows.
    Nothing,
}

/// What became of a message that may wait.
pub enum Entered<T> {
    /// It is accepted.
    Accepted(Accepted<T>),
    /// It waits for a place. Whether the consumer is to be queued.
    Waiting(Waiting<T>, bool),
}

/// What was left when the mailbox was closed.
#[derive(Debug)]
pub struct Closed<T, C> {
    /// Accepted, never started.
    pub queued: Vec<T>,
    /// Waiting for a place, nobody waiting for their return.
    pub waiting: Vec<T>,
    /// Control messages that nobody has read; none as long as more are taken.
    pub control: VecDeque<C>,
}

/// Why the consumer rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// For a message.
    Message,
    /// For what it awaits: messages do not wake it, a [notice](Mailbox::notify) does.
    Notice,
    /// For others to run: it is queued again.
    Turn,
    /// For ever.
    End,
}

/// What follows when the consumer would rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    /// It rests, and may be run by another thread already.
    Resting,
    /// It runs on: something has come.
    Running,
    /// It is to be queued.
    Queue,
}

/// Where the consumer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// It rests; a message wakes it.
    Resting,
    /// It rests; a notice wakes it.
    Awaiting,
    /// It is to be run by who takes its entry out of a queue, or claims it.
    Queued,
    /// Somebody runs it.
    Running,
    /// It runs no more.
    Over,
}

/// A control message, some of which are a number.
pub trait Urgent: Sized {
    /// The number, if it is all there is to it.
    fn signal(&self) -> Option<NonZeroU8>;

    /// The message of a number.
    fn of_signal(signal: NonZeroU8) -> Self;
}

/// What an idle mailbox does not need.
struct Lanes<T, C> {
    waiters: VecDeque<Arc<WaitCell<T>>>,
    control: VecDeque<C>,
}

struct State<T: Record, C> {
    /// There is a message at the head, and it is not the consumer's yet.
    head: bool,
    queue: Records<T>,
    lanes: Option<Box<Lanes<T, C>>>,
    /// A control message that is before those of the lane.
    signal: Option<NonZeroU8>,
    run: Run,
    /// A worker's queue holds an entry of the consumer, though it may have been run by a caller meanwhile.
    entry: bool,
    /// A notice has come while it ran.
    notified: bool,
    /// Takes no more data.
    closed: bool,
    /// Takes no more control either.
    sealed: bool,
}

impl<T: Record, C: Urgent> State<T, C> {
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
        if let Some(signal) = self.signal.take() {
            return Some(C::of_signal(signal));
        }
        self.lanes.as_mut()?.control.pop_front()
    }

    fn push_control(&mut self, control: C) {
        match control.signal() {
            // It is the first, and comes out first.
            Some(signal) if !self.has_control() => self.signal = Some(signal),
            _ => self.lanes().control.push_back(control),
        }
    }

    fn has_control(&self) -> bool {
        self.signal.is_some() || self.lanes.as_ref().is_some_and(|lanes| !lanes.control.is_empty())
    }

    fn is_empty(&self) -> bool {
        !self.head && self.queue.is_empty()
    }

    /// It is run from now on; whether the message at the head is its first.
    #[inline]
    fn run_it(&mut self) -> bool {
        self.run = Run::Running;
        std::mem::take(&mut self.head)
    }

    /// It is to be run: whether it is to be put into a queue for that.
    #[inline]
    fn queue_it(&mut self) -> bool {
        self.run = Run::Queued;
        !std::mem::replace(&mut self.entry, true)
    }
}

/// A bounded queue with one consumer, which runs only when it has something to do.
///
/// How many messages are pending is the difference of three counts that only grow, each written by one side alone, so
/// that no message pays for an atomic read-modify-write beside the lock: senders write theirs under the lock, the
/// consumer its own without it.
///
/// Whoever is told to queue the consumer puts it into a worker's queue once; who takes it out asks [`begin`](Self::begin)
/// whether it is still to be run. From a `begin` or a [`claim`](Self::claim) that says so, to the end of the next
/// [`park`](Self::park) that does not say `Running`, its caller has the consumer to itself (`MAIL-4`).
pub struct Mailbox<T: Record, C> {
    state: Spin<State<T, C>>,
    /// The message that ended a rest, older than those of the queue: nothing is allocated for it, and it is not moved to be
    /// run. Written by who ends the rest, under the lock; read by whoever takes the mark of it.
    head: UnsafeCell<Room>,
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
    full: FullPolicy,
    waiters_max: u32,
    capacity: usize,
}

// SAFETY: the head is reached by one thread at a time: under the lock, or by the consumer, which got it under the lock.
unsafe impl<T: Record + Send, C: Send> Sync for Mailbox<T, C> {}

/// The message that a consumer is run for, where it lies. The consumer's from the `begin` or the `claim` that gave it: the
/// next is written only after it has rested again.
pub struct First<'m, T: Record, C>(&'m Mailbox<T, C>);

impl<'m, T: Record, C> First<'m, T, C> {
    /// Where it lies: the caller's from now on, who reads it once.
    #[inline]
    pub fn into_place(self) -> *mut Word {
        std::mem::ManuallyDrop::new(self).place()
    }

    #[inline]
    fn place(&self) -> *mut Word {
        self.0.head.with_mut(|head| head.cast())
    }

    /// Takes it out.
    pub fn into_record(self) -> T {
        // SAFETY: it was written when it was marked, and nobody has read it.
        unsafe { T::read(self.into_place()) }.0
    }
}

impl<T: Record, C> Drop for First<'_, T, C> {
    fn drop(&mut self) {
        // SAFETY: as above.
        drop(unsafe { T::read(self.place()) });
    }
}

/// Adds to a count that nobody else writes now.
#[inline]
fn add(count: &AtomicU64, n: u64) {
    count.store(count.load(Ordering::Relaxed) + n, Ordering::Release);
}

impl<T: Record, C: Urgent> Mailbox<T, C> {
    /// An empty mailbox. Whoever makes it has the consumer, until it parks for the first time.
    pub fn new(capacity: usize, waiters_max: usize, full: FullPolicy) -> Mailbox<T, C> {
        Mailbox {
            state: Spin::new(State {
                head: false,
                queue: Records::new(),
                lanes: None,
                signal: None,
                run: Run::Running,
                entry: false,
                notified: false,
                closed: false,
                sealed: false,
            }),
            head: UnsafeCell::new([Word::uninit(); WHOLE]),
            accepted: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            started: AtomicU64::new(0),
            waiting: AtomicBool::new(false),
            urgent: AtomicBool::new(false),
            full,
            waiters_max: u32::try_from(waiters_max).unwrap_or(u32::MAX),
            capacity: capacity.max(1),
        }
    }

    /// How many messages it holds at most.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    #[inline]
    fn pending(&self) -> u64 {
        let gone = self.started.load(Ordering::Acquire) + self.removed.load(Ordering::Acquire);
        self.accepted.load(Ordering::Acquire).saturating_sub(gone)
    }

    /// How many messages are accepted and not yet started.
    pub fn len(&self) -> usize {
        usize::try_from(self.pending()).unwrap_or(usize::MAX)
    }

    /// Whether no message is accepted and not yet started.
    pub fn is_empty(&self) -> bool {
        self.pending() == 0
    }

    /// Whether one more fits (`MAIL-1`). Under the lock: a start that is not seen yet only makes it look fuller.
    #[inline]
    fn has_room(&self) -> bool {
        self.pending() < self.capacity as u64
    }

    /// How many messages it has accepted, ever.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Puts a message in, without waiting.
    ///
    /// # Errors
    /// [`Refusal`] with the message: `Full` also while others wait for a place.
    #[inline]
    pub fn push<P: Pack<T>>(&self, message: P) -> Result<Accepted<T>, Refusal<P>> {
        match self.push_now(message) {
            Ok(queue) => Ok(Accepted { displaced: None, queue }),
            Err(message) => self.push_slow(self.state.lock(), message),
        }
    }

    #[cold]
    fn push_slow<P: Pack<T>>(
        &self,
        mut state: SpinGuard<'_, State<T, C>>,
        message: P,
    ) -> Result<Accepted<T>, Refusal<P>> {
        if state.closed {
            return Err(Refusal::Closed(message));
        }
        let mut displaced = None;
        if state.waiters() > 0 || !self.has_room() {
            if self.full != FullPolicy::DropOldest {
                return Err(Refusal::Full(message));
            }
            displaced = self.pop(&mut state);
            if displaced.is_some() {
                add(&self.removed, 1);
            }
        }
        Ok(Accepted { displaced, queue: self.accept(state, message) })
    }

    #[inline]
    fn accept(&self, mut state: SpinGuard<'_, State<T, C>>, message: impl Pack<T>) -> bool {
        add(&self.accepted, 1);
        self.put(&mut state, message)
    }

    /// Adds a message; whether the consumer is to be queued.
    #[inline]
    fn put(&self, state: &mut State<T, C>, message: impl Pack<T>) -> bool {
        if state.run == Run::Resting {
            // It rests only when there is nothing: the head is free.
            // SAFETY: it is only reached under the lock while the consumer rests, and a record has not more words.
            self.head.with_mut(|head| unsafe { message.write(head.cast()) });
            state.head = true;
            return state.queue_it();
        }
        state.queue.push(message);
        false
    }

    fn pop(&self, state: &mut State<T, C>) -> Option<T> {
        if std::mem::take(&mut state.head) {
            // SAFETY: the mark says that it is there, and it is taken with the mark.
            return Some(self.head.with_mut(|head| unsafe { T::read(head.cast()) }).0);
        }
        state.queue.pop()
    }

    /// Puts a message in if that is simple: there is room, and nobody waits. Whether the consumer is to be queued.
    ///
    /// # Errors
    /// The message: whether it is refused is not said.
    #[inline]
    pub fn push_now<P: Pack<T>>(&self, message: P) -> Result<bool, P> {
        let state = self.state.lock();
        if state.closed || self.waiting.load(Ordering::Relaxed) || !self.has_room() {
            return Err(message);
        }
        Ok(self.accept(state, message))
    }

    /// Puts a message in, or in the queue of those who wait for a place.
    ///
    /// # Errors
    /// [`Refusal`] with the message: `Full` when the policy does not wait, or too many wait already.
    pub fn push_or_wait<P: Pack<T>>(
        &self,
        message: P,
        places: impl FnOnce() -> Arc<dyn Places<T>>,
    ) -> Result<Entered<T>, Refusal<P>> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refusal::Closed(message));
        }
        if state.waiters() == 0 && self.has_room() {
            return Ok(Entered::Accepted(Accepted { displaced: None, queue: self.accept(state, message) }));
        }
        match self.full {
            FullPolicy::Wait if state.waiters() < self.waiters_max as usize => {}
            FullPolicy::DropOldest => return self.push_slow(state, message).map(Entered::Accepted),
            FullPolicy::Wait | FullPolicy::Reject => return Err(Refusal::Full(message)),
        }
        let cell = WaitCell::new(message.into_record());
        state.lanes().waiters.push_back(cell.clone());
        // A consumer that has started something since does not see this yet, but it comes by again before it rests.
        self.waiting.store(true, Ordering::Relaxed);
        let queue = self.admit(state);
        Ok(Entered::Waiting(Waiting::new(places(), cell), queue))
    }

    /// Puts a control message in: never refused while the mailbox is open, never behind data. Whether the consumer is
    /// to be queued.
    ///
    /// # Errors
    /// The message, when the mailbox is closed.
    pub fn push_control(&self, control: C) -> Result<bool, C> {
        let mut state = self.state.lock();
        if state.sealed {
            return Err(control);
        }
        state.push_control(control);
        self.urgent.store(true, Ordering::Release);
        Ok(state.run == Run::Resting && state.queue_it())
    }

    /// Wakes the consumer, whatever it rests for. Whether it is to be queued.
    #[must_use]
    pub fn notify(&self) -> bool {
        self.wake(false)
    }

    /// As [`notify`](Mailbox::notify), and also one that runs no more: it may [take messages again](Mailbox::reopen).
    #[must_use]
    pub fn revive(&self) -> bool {
        self.wake(true)
    }

    fn wake(&self, even_over: bool) -> bool {
        let mut state = self.state.lock();
        match state.run {
            Run::Resting | Run::Awaiting => state.queue_it(),
            Run::Over if even_over => state.queue_it(),
            Run::Running => {
                state.notified = true;
                false
            }
            Run::Queued | Run::Over => false,
        }
    }

    /// An entry was taken out of a queue: whether its taker is to run the consumer, and with which message first.
    #[must_use]
    pub fn begin(&self) -> Option<Option<First<'_, T, C>>> {
        let mut state = self.state.lock();
        state.entry = false;
        if state.run != Run::Queued {
            return None;
        }
        Some(state.run_it().then(|| First(self)))
    }

    /// Takes a consumer that is queued, with `most` messages at most, from whoever has its entry: whether the caller is
    /// to run it, and with which message first.
    #[must_use]
    pub fn claim(&self, most: u64) -> Option<Option<First<'_, T, C>>> {
        let mut state = self.state.lock();
        if state.run != Run::Queued || self.pending() > most {
            return None;
        }
        Some(state.run_it().then(|| First(self)))
    }

    /// The consumer would rest. If it does not run on, its caller has it no more.
    #[must_use]
    pub fn park(&self, rest: Rest) -> Parked {
        let mut state = self.state.lock();
        let mut wakers = Vec::new();
        if state.waiters() > 0 && rest != Rest::End {
            // It may rest for long: who fits comes in now.
            self.let_in(&mut state, &mut wakers);
        }
        let parked = match rest {
            // Also at its end: it may be wanted again.
            Rest::Message | Rest::Notice | Rest::End if std::mem::take(&mut state.notified) => {
                Parked::Running
            }
            Rest::Message if !state.is_empty() || state.has_control() => Parked::Running,
            Rest::Message => {
                state.run = Run::Resting;
                Parked::Resting
            }
            Rest::Notice => {
                state.run = Run::Awaiting;
                Parked::Resting
            }
            Rest::Turn if state.queue_it() => Parked::Queue,
            Rest::Turn => Parked::Resting,
            Rest::End => {
                state.run = Run::Over;
                Parked::Resting
            }
        };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        parked
    }

    /// Lets waiters in while there is room; gives those to wake when the lock is free again. Whether the consumer is to
    /// be queued.
    #[cold]
    fn let_in(&self, state: &mut State<T, C>, wakers: &mut Vec<Waker>) -> bool {
        let mut queue = false;
        while self.has_room() {
            let Some(cell) = state.pop_waiter() else { break };
            if let Some((message, waker)) = cell.admit() {
                add(&self.accepted, 1);
                queue |= self.put(state, message);
                wakers.extend(waker);
            }
        }
        self.waiting.store(state.waiters() > 0, Ordering::Relaxed);
        queue
    }

    fn admit(&self, mut state: SpinGuard<'_, State<T, C>>) -> bool {
        let mut wakers = Vec::new();
        let queue = self.let_in(&mut state, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        queue
    }

    /// Takes a waiter out of the queue (`MAIL-2`): its message, and whether the consumer is to be queued.
    pub fn withdraw(&self, cell: &Arc<WaitCell<T>>) -> (Option<T>, bool) {
        let mut state = self.state.lock();
        let Some(waiters) = state.lanes.as_mut().map(|lanes| &mut lanes.waiters) else {
            return (None, false);
        };
        let Some(at) = waiters.iter().position(|other| Arc::ptr_eq(other, cell)) else {
            return (None, false);
        };
        let cell = waiters.remove(at);
        // Those behind a withdrawn head may fit now.
        let queue = self.admit(state);
        (cell.and_then(|cell| cell.admit()).map(|(message, _)| message), queue)
    }

    /// The consumer: takes a control message, or one message, or moves all there are into the empty `batch`.
    pub fn take(&self, batch: &mut Records<T>) -> Taken<T, C> {
        if self.pending() == 0 && !self.has_control() {
            return Taken::Nothing;
        }
        let mut state = self.state.lock();
        if let Some(control) = state.pop_control() {
            self.urgent.store(state.has_control(), Ordering::Relaxed);
            return Taken::Control(control);
        }
        let mut wakers = Vec::new();
        if state.waiters() > 0 {
            self.let_in(&mut state, &mut wakers);
        }
        let taken = if self.full == FullPolicy::DropOldest || state.head {
            // One at a time: the oldest can only be dropped while it is in the queue.
            self.pop(&mut state).map_or(Taken::Nothing, Taken::One)
        } else if state.queue.is_empty() {
            Taken::Nothing
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

    /// Takes messages again, after [`close`](Mailbox::close). For the consumer.
    pub fn reopen(&self) {
        let mut state = self.state.lock();
        (state.closed, state.sealed) = (false, false);
    }

    /// Whether somebody waits for a place.
    pub fn has_waiters(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether a control message has come since the last take. For the consumer.
    #[inline]
    pub fn has_control(&self) -> bool {
        self.urgent.load(Ordering::Relaxed)
    }

    /// The consumer: the next control message.
    pub fn take_control(&self) -> Option<C> {
        let mut state = self.state.lock();
        let control = state.pop_control();
        self.urgent.store(state.has_control(), Ordering::Relaxed);
        control
    }

    /// The consumer: one message of those it took is started, so there is room for another. Waiters come in when the
    /// mailbox is half empty, so that one wake-up brings many messages; and at the latest when the consumer
    /// [parks](Mailbox::park) or takes again.
    #[inline]
    pub fn started(&self) {
        add(&self.started, 1);
        if self.waiting.load(Ordering::Relaxed) && self.len() <= self.capacity / 2 {
            // It runs, so it is not to be queued.
            self.admit(self.state.lock());
        }
    }

    /// Takes nothing more at all, as [`close_data`](Mailbox::close_data), and no control.
    pub fn close(&self) -> Closed<T, C> {
        self.close_lanes(true)
    }

    /// Takes no more data: gives back what is queued and who waits. Waiters whose owner polls them hear of it
    /// themselves. For the consumer.
    pub fn close_data(&self) -> Closed<T, C> {
        self.close_lanes(false)
    }

    /// Takes no more data: lets everyone in who waits, however full it is, and gives the consumer all there is.
    pub fn close_admitting(&self, batch: &mut Records<T>) {
        let mut state = self.state.lock();
        state.closed = true;
        while let Some(message) = self.pop(&mut state) {
            batch.push(message);
        }
        let mut wakers = Vec::new();
        while let Some(cell) = state.pop_waiter() {
            let Some((message, waker)) = cell.admit() else { continue };
            batch.push(message);
            add(&self.accepted, 1);
            wakers.extend(waker);
        }
        self.waiting.store(false, Ordering::Relaxed);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn close_lanes(&self, control_too: bool) -> Closed<T, C> {
        let mut state = self.state.lock();
        state.closed = true;
        state.sealed |= control_too;
        let queued: Vec<T> = std::iter::from_fn(|| self.pop(&mut state)).collect();
        let mut waiters = VecDeque::new();
        let mut unread = VecDeque::new();
        if let Some(lanes) = &mut state.lanes {
            waiters = std::mem::take(&mut lanes.waiters);
            if control_too {
                unread = std::mem::take(&mut lanes.control);
                state.lanes = None;
            }
        }
        if control_too && let Some(signal) = state.signal.take() {
            unread.push_front(C::of_signal(signal));
        }
        add(&self.removed, queued.len() as u64);
        self.waiting.store(false, Ordering::Relaxed);
        drop(state);
        let waiting = waiters.into_iter().filter_map(|cell| cell.close()).collect();
        Closed { queued, waiting, control: unread }
    }

    /// Whether it takes no more data.
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }
}

impl<T: Record, C> Drop for Mailbox<T, C> {
    fn drop(&mut self) {
        if std::mem::take(&mut self.state.lock().head) {
            // SAFETY: the mark says that it is there, and it is taken with the mark.
            drop(self.head.with_mut(|head| unsafe { T::read(head.cast()) }));
        }
    }
}
