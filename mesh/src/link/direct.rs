//! Links within a process: what one end posts, the other takes as it is.
//!
//! ```text
//! post_one, tell, answer ───────────────────────────────────► arrived     when nothing is on the way
//! post ─► queue of the other end ─► inbox of its gateway ─► arrived
//! ```
//!
//! The two gateways have shaken hands over a connection as any two; then this takes its place. Nothing can be cut, so
//! nothing is encoded, numbered, acknowledged or said again, and no timer runs. A short message goes straight to where it
//! is taken, on the thread of its poster, if nothing is before it, the poster holds no lock, and both are of one runtime;
//! all else is taken by one task for each gateway, its [`Inbox`].
//!
//! Invariants, beside `LINK-1` and `LINK-3`, which hold here too; what waits is within the window
//! - `DIRECT-1` an envelope stands in one queue until the other side takes it: it arrives once and in order, or it is
//!   returned, and never both.
//! - `DIRECT-2` a link is lost at both ends at the same moment; each end hears of it in its inbox, behind what it has
//!   taken: one at a time takes what comes.
//! - `DIRECT-3` the links of an inbox take turns of at most [`TURN_LEN`] envelopes.
//! - `DIRECT-4` an end that is dropped before it was started ends the link.

mod inbox;
mod item;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{self, Handle};
use tokio::sync::Notify;

pub(crate) use inbox::Inbox;
use inbox::Ready;
use item::Item;

use super::shared::len_of;
use super::{LinkEvents, LinkId, Loss, Refused};
use crate::call::CallErrorKind;
use crate::transport::MemoryNetwork;
use crate::wire::cast::{Cast, Member};
use crate::wire::envelope::{Envelope, Lane};
use crate::wire::heads::{Answer, Kept, Tell, Told};
use crate::wire::session::{WAITING_WINDOWS, Window};

/// How many envelopes of one link are taken before those of another have their turn.
const TURN_LEN: usize = 32;

/// How many go straight to one end before its inbox has a turn: with it those who wait for a thread have theirs, and who
/// never gives way meets the window.
const STRAIGHT_MAX: u32 = 128;

/// The longest message that goes straight, in bytes: a longer one is decoded by the inbox, while its sender goes on.
const STRAIGHT_LEN_MAX: usize = 32 << 10;

/// Who hears of what comes over which link.
type Events = (LinkId, Arc<dyn LinkEvents>);

/// The number of an end: the other is `1 - n`.
type N = usize;

/// What the two ends share: what a message passes comes first, and is together.
#[repr(C)]
struct Pair {
    state: Mutex<State>,
    /// Something was taken that somebody waits for, or the link is closed at an end.
    progress: Notify,
    /// The link is lost.
    lost: Notify,
    /// Who is on the other side, for people: of either end.
    peer: String,
}

#[repr(C)]
struct State {
    sides: [Side; 2],
    /// Somebody waits for progress.
    is_awaited: bool,
}

/// What one end has: who takes what comes, and what has come.
#[repr(C)]
struct Side {
    taker: Option<Taker>,
    /// How many envelopes were posted, and how many of them have arrived.
    posted: u64,
    taken: u64,
    /// What the other end has posted and this one has not taken.
    coming: VecDeque<Item>,
    /// How many messages of `coming` count in the window, and their bytes.
    counted: (u64, u64),
    ending: Option<Box<Ending>>,
    phase: Phase,
    /// It stands in its inbox, or someone takes what comes.
    is_ready: bool,
    /// How many have gone straight since its inbox had a turn.
    straight: u32,
    /// The window of the other end.
    window: Window,
}

/// Who takes what comes.
struct Taker {
    inbox: Arc<Inbox>,
    id: LinkId,
    events: Arc<dyn LinkEvents>,
    /// Where it was started: what it spawns is to live as long as this.
    runtime: runtime::Id,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing more is taken.
    Closing,
    Closed,
}

/// How a link comes to its end at one of its ends.
#[derive(Default)]
struct Ending {
    /// Why nothing more is taken: what began the end, not what came of it.
    reason: Option<Box<str>>,
    /// The other end has said that this was its last, behind what is coming.
    bye: Option<String>,
    /// The other end has taken the `bye` of this one.
    is_heard: bool,
    /// The link ends when what is coming is taken.
    last: Option<String>,
    /// What its events are to be told.
    over: Option<(Loss, Vec<Envelope>)>,
}

impl Side {
    fn new() -> Side {
        Side {
            taker: None,
            phase: Phase::Open,
            is_ready: false,
            straight: 0,
            coming: VecDeque::new(),
            counted: (0, 0),
            window: Window::default(),
            posted: 0,
            taken: 0,
            ending: None,
        }
    }

    fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether there is something to look at in its inbox.
    fn has_news(&self) -> bool {
        !self.coming.is_empty() || self.ending.is_some()
    }

    fn ending(&mut self) -> &mut Ending {
        self.ending.get_or_insert_default()
    }

    /// Whether so many bytes more may stand in the queue (`SESSION-3`).
    fn admits(&self, is_waited_for: bool, counted: Option<u64>) -> bool {
        let Some(len_bytes) = counted else { return true };
        let (messages, bytes) = self.counted;
        if messages == 0 {
            return true;
        }
        let window = if is_waited_for { self.window.times(WAITING_WINDOWS) } else { self.window };
        messages < window.messages && bytes.saturating_add(len_bytes) <= window.len_bytes
    }

    /// The next, if it says little.
    fn take_short(&mut self) -> Option<Kept> {
        let Some(Item::Short(_)) = self.coming.front() else { return None };
        match self.take() {
            Some(Item::Short(kept)) => Some(kept),
            _ => None,
        }
    }

    fn take(&mut self) -> Option<Item> {
        let item = self.coming.pop_front()?;
        if self.coming.is_empty() {
            // It begins again where it is in the cache.
            self.coming.clear();
        }
        if let Some(len_bytes) = item.counted() {
            self.counted.0 -= 1;
            self.counted.1 -= len_bytes;
        }
        Some(item)
    }
}

/// What an end does next in its inbox.
enum Next {
    Take(Item),
    Lost(Loss, Vec<Envelope>),
    Nothing,
}

/// One end of a connection within the process, before its link is started.
pub(crate) struct End(Option<(Arc<Pair>, N)>);

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").finish_non_exhaustive()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some((pair, n)) = self.0.take() {
            // DIRECT-4
            pair.end(n, "the connection was lost", "the other side was not ready");
        }
    }
}

/// Both ends of a connection within the process.
fn pair(peer: &str) -> (End, End) {
    let state = State { sides: [Side::new(), Side::new()], is_awaited: false };
    let pair = Arc::new(Pair {
        peer: peer.to_owned(),
        state: Mutex::new(state),
        progress: Notify::new(),
        lost: Notify::new(),
    });
    (End(Some((pair.clone(), 0))), End(Some((pair, 1))))
}

/// The network of a process that keeps to itself: its links are direct.
pub(crate) fn network() -> MemoryNetwork {
    MemoryNetwork::with_shortcut(|peer| {
        let (near, far) = pair(peer);
        [Box::new(near), Box::new(far)]
    })
}

impl End {
    /// Starts the link: what comes is taken by `inbox`, whose events are always the same.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(super) fn start(
        mut self,
        id: LinkId,
        window: Window,
        inbox: &Arc<Inbox>,
        events: Arc<dyn LinkEvents>,
    ) -> Direct {
        let (pair, n) = self.0.take().expect("an end is started once");
        {
            let mut state = pair.lock();
            let (inbox, events, runtime) = (inbox.clone(), events.clone(), Handle::current().id());
            state.sides[n].taker = Some(Taker { inbox, id, events, runtime });
            state.sides[1 - n].window = window;
            // Nobody takes anything before the inbox knows of it. It lets go of the taker if the runtime has ended.
            state.sides[n].is_ready = true;
        }
        inbox.begin(&pair, n, id, events);
        let mut state = pair.lock();
        state.sides[n].is_ready = false;
        if state.sides[n].has_news() {
            pair.call(&mut state, n);
        }
        drop(state);
        Direct { pair, n, id }
    }
}

/// One end of a link within the process.
#[derive(Clone)]
pub(super) struct Direct {
    pair: Arc<Pair>,
    n: N,
    pub(super) id: LinkId,
}

impl Direct {
    fn near<'a>(&self, state: &'a State) -> &'a Side {
        &state.sides[self.n]
    }

    fn far<'a>(&self, state: &'a State) -> &'a Side {
        &state.sides[1 - self.n]
    }

    /// Who is on the other side, for people.
    pub(super) fn peer(&self) -> &str {
        &self.pair.peer
    }

    pub(super) fn post(&self, envelope: Envelope) -> Result<(), Refused> {
        self.put(Item::Whole(Box::new(envelope)), false)
    }

    /// As [`post`](Direct::post), by someone who holds no lock.
    pub(super) fn tell(&self, tell: &Tell<'_>) -> Result<(), CallErrorKind> {
        tell.told(|told| self.say(told)).unwrap_or_else(|| self.post(tell.to_envelope()).map_err(kind_of))
    }

    /// As [`tell`](Direct::tell), of the part of one rank in a cast.
    pub(super) fn post_one(&self, cast: &Arc<Cast>, member: Member) -> Result<(), Refused> {
        self.put(Item::One(cast.clone(), member), true)
    }

    /// As [`tell`](Direct::tell), of a reply.
    pub(super) fn answer(&self, answer: &Answer<'_>) -> Result<(), CallErrorKind> {
        answer.told(|told| self.say(told)).unwrap_or_else(|| self.post(answer.to_envelope()).map_err(kind_of))
    }

    /// Sends what says little: from where it lies, if it goes straight.
    fn say(&self, told: &Told<'_>) -> Result<(), CallErrorKind> {
        let straight = {
            let mut state = self.pair.lock();
            self.check_room(&state, told.is_ask(), item::counted(told))?;
            self.goes_straight(&mut state, told.body().len())
        };
        match straight {
            Some((id, events)) => {
                self.hand_in(|| events.told(id, &[*told]));
                Ok(())
            }
            None => self.put(Item::Short(Kept::of(told)), false).map_err(kind_of),
        }
    }

    /// Sends an item; straight, if nothing is before it and that is allowed.
    fn put(&self, item: Item, may_go_straight: bool) -> Result<(), Refused> {
        let mut state = self.pair.lock();
        let counted = item.counted();
        if let Err(kind) = self.check(&state, &item, counted) {
            drop(state);
            return Err(Refused { envelope: Box::new(item.into_envelope()), kind });
        }
        let straight = if may_go_straight { self.goes_straight(&mut state, item.len()) } else { None };
        if let Some((id, events)) = straight {
            drop(state);
            self.hand_in(|| events.arrived(id, item.into_envelope()));
            return Ok(());
        }
        let far = &mut state.sides[1 - self.n];
        if let Some(len_bytes) = counted {
            far.counted.0 += 1;
            far.counted.1 += len_bytes;
        }
        far.coming.push_back(item);
        far.posted += 1;
        self.pair.call(&mut state, 1 - self.n);
        Ok(())
    }

    /// Begins to hand in something of so many bytes, if it goes straight: [`hand_in`](Direct::hand_in) follows.
    fn goes_straight(&self, state: &mut State, len: usize) -> Option<Events> {
        let far = &mut state.sides[1 - self.n];
        let Taker { id, events, runtime, .. } = far.taker.as_ref()?;
        let may = !far.is_ready
            && far.straight < STRAIGHT_MAX
            && len <= STRAIGHT_LEN_MAX
            && Handle::try_current().is_ok_and(|here| here.id() == *runtime);
        let taker = may.then(|| (*id, events.clone()))?;
        far.is_ready = true;
        far.straight += 1;
        far.posted += 1;
        Some(taker)
    }

    /// Hands in what goes straight.
    fn hand_in(&self, taken: impl FnOnce()) {
        let n = 1 - self.n;
        self.pair.hand_in(n, taken);
        let mut state = self.pair.lock();
        let far = &mut state.sides[n];
        far.taken += 1;
        far.is_ready = false;
        if far.has_news() {
            self.pair.call(&mut state, n);
        }
        self.pair.release(state);
    }

    fn check(&self, state: &State, item: &Item, counted: Option<u64>) -> Result<(), CallErrorKind> {
        self.check_room(state, item.is_waited_for(), counted)?;
        // What a process cannot say to another is not said within one either: a program may become several.
        item.check()
    }

    fn check_room(
        &self,
        state: &State,
        is_waited_for: bool,
        counted: Option<u64>,
    ) -> Result<(), CallErrorKind> {
        if !self.near(state).is_open() {
            let reason = self.near(state).ending.as_ref().and_then(|ending| ending.reason.as_deref());
            return Err(CallErrorKind::Unreachable { reason: reason.unwrap_or_default().to_owned() });
        }
        let far = self.far(state);
        if !far.admits(is_waited_for, counted) {
            return Err(CallErrorKind::MailboxFull { capacity: far.window.messages });
        }
        Ok(())
    }

    /// Waits until there is room for a small envelope, or nothing to wait for any more.
    pub(super) async fn room(&self) {
        self.until(|state| !self.near(state).is_open() || self.far(state).admits(false, Some(0))).await;
    }

    /// As [`room`](Direct::room), for an envelope.
    pub(super) async fn room_for(&self, envelope: &Envelope) {
        let counted = (envelope.bound_lane() == Lane::Data).then(|| len_of(envelope));
        let is_waited_for = envelope.headers.reply_to.is_some();
        self.until(|state| !self.near(state).is_open() || self.far(state).admits(is_waited_for, counted))
            .await;
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.pair.lock();
        self.far(&state).taken == self.far(&state).posted
    }

    /// Waits until the other side has taken all that was posted.
    pub(super) async fn flush(&self) {
        let posted = self.far(&self.pair.lock()).posted;
        self.until(|state| self.far(state).taken >= posted).await;
    }

    pub(super) async fn lost(&self) {
        let mut lost = std::pin::pin!(self.pair.lost.notified());
        lost.as_mut().enable();
        if !self.is_lost() {
            lost.await;
        }
    }

    pub(super) fn close(&self, reason: &str) {
        let mut state = self.pair.lock();
        self.pair.close(&mut state, self.n, &format!("closed: {reason}"), reason);
        self.pair.release(state);
    }

    pub(super) fn give_up(&self, reason: &str) {
        self.pair.end(self.n, reason, "the other side gave the link up");
    }

    pub(super) fn end_with_connection(&self, reason: &str) {
        let mut state = self.pair.lock();
        state.sides[self.n].ending().last = Some(reason.to_owned());
        self.pair.call(&mut state, self.n);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.near(&self.pair.lock()).is_closed()
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.near(&self.pair.lock()).is_open()
    }

    /// Waits until `done`, or until the link is lost.
    async fn until(&self, done: impl Fn(&State) -> bool) {
        loop {
            let mut progress = std::pin::pin!(self.pair.progress.notified());
            progress.as_mut().enable();
            {
                let mut state = self.pair.lock();
                if self.near(&state).is_closed() || done(&state) {
                    return;
                }
                state.is_awaited = true;
            }
            progress.await;
        }
    }
}

fn kind_of(refused: Refused) -> CallErrorKind {
    refused.kind
}

impl Pair {
    /// Nothing in here panics between two changes that belong together, so a poisoned lock is as good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the state, and tells those who wait for progress.
    fn release(&self, mut state: MutexGuard<'_, State>) {
        let is_awaited = std::mem::take(&mut state.is_awaited);
        drop(state);
        if is_awaited {
            self.progress.notify_waiters();
        }
    }

    /// Has an end look at what there is for it.
    fn call(self: &Arc<Pair>, state: &mut State, n: N) {
        let side = &mut state.sides[n];
        if let (Some(Taker { inbox, id, .. }), false) = (&side.taker, side.is_ready) {
            inbox.call(Ready { pair: self.clone(), n, id: *id });
            side.is_ready = true;
        }
    }

    /// Begins an orderly close at an end; nothing happens when it has begun already.
    fn close(self: &Arc<Pair>, state: &mut State, n: N, reason: &str, said: &str) {
        if !state.sides[n].is_open() {
            return;
        }
        state.sides[n].phase = Phase::Closing;
        state.sides[n].ending().reason = Some(reason.into());
        state.sides[1 - n].ending().bye = Some(said.to_owned());
        self.call(state, 1 - n);
    }

    /// Ends the link at once: what is not taken is returned.
    fn end(self: &Arc<Pair>, n: N, reason: &str, to_far: &str) {
        let mut state = self.lock();
        self.end_locked(&mut state, n, reason, to_far);
        self.release(state);
    }

    fn end_locked(self: &Arc<Pair>, state: &mut State, n: N, reason: &str, to_far: &str) {
        if state.sides[n].is_closed() {
            return;
        }
        for (end, reason) in [(n, reason), (1 - n, to_far)] {
            let returned = std::mem::take(&mut state.sides[1 - end].coming);
            let side = &mut state.sides[end];
            side.phase = Phase::Closed;
            let reason = side.ending().reason.get_or_insert_with(|| reason.into()).to_string();
            let loss = Loss { reason, is_silence: false };
            side.ending().over = Some((loss, returned.into_iter().map(Item::into_envelope).collect()));
        }
        self.call(state, 0);
        self.call(state, 1);
        self.lost.notify_waiters();
    }

    /// What an end does next, if something.
    fn next(self: &Arc<Pair>, state: &mut State, n: N) -> Next {
        if let Some((loss, returned)) = state.sides[n].ending.as_mut().and_then(|ending| ending.over.take()) {
            return Next::Lost(loss, returned);
        }
        if let Some(item) = state.sides[n].take() {
            return Next::Take(item);
        }
        let Some(ending) = &mut state.sides[n].ending else { return Next::Nothing };
        let (bye, last) = (ending.bye.take(), ending.last.take());
        if let Some(said) = bye {
            self.close(state, n, &format!("the other side closed the link: {said}"), "as asked");
            state.sides[1 - n].ending().is_heard = true;
            if state.sides[n].ending().is_heard {
                self.end_locked(state, n, "both sides closed the link", "both sides closed the link");
            }
        }
        if let Some(reason) = last {
            self.end_locked(state, n, &reason, "the other side takes it for ended");
        }
        if state.sides[n].is_closed() { self.next(state, n) } else { Next::Nothing }
    }

    /// Hands in what has come to an end.
    fn hand_in(self: &Arc<Pair>, n: N, taken: impl FnOnce()) {
        // Whoever is called may panic; those who wait for replies over this link must hear of it.
        if catch_unwind(AssertUnwindSafe(taken)).is_err() {
            let reason = "taking in an envelope panicked";
            self.end(n, reason, &format!("the other side is at fault: {reason}"));
        }
    }

    /// The turn of an end: hands on what has come; gives how many envelopes, and whether the link is lost.
    fn turn(self: &Arc<Pair>, n: N, id: LinkId, events: &dyn LinkEvents) -> (usize, bool) {
        let mut count = 0;
        let mut state = self.lock();
        state.sides[n].straight = 0;
        loop {
            match self.next(&mut state, n) {
                Next::Take(item) => {
                    let taken = match item {
                        Item::Short(first) => {
                            let side = &mut state.sides[n];
                            let more = std::iter::from_fn(|| side.take_short()).take(TURN_LEN - count - 1);
                            let kept: Vec<Kept> = std::iter::once(first).chain(more).collect();
                            drop(state);
                            let told: Vec<Told<'_>> = kept.iter().map(Kept::told).collect();
                            self.hand_in(n, || events.told(id, &told));
                            kept.len()
                        }
                        item => {
                            drop(state);
                            self.hand_in(n, || events.arrived(id, item.into_envelope()));
                            1
                        }
                    };
                    count += taken;
                    state = self.lock();
                    state.sides[n].taken += taken as u64;
                    if count < TURN_LEN {
                        continue;
                    }
                    state.sides[n].is_ready = false;
                    if state.sides[n].has_news() {
                        self.call(&mut state, n);
                    }
                }
                Next::Lost(loss, returned) => {
                    let taker = state.sides[n].taker.take();
                    self.release(state);
                    drop(taker);
                    tracing::debug!(link = id.0, reason = %loss.reason, returned = returned.len(), "link lost");
                    let told = catch_unwind(AssertUnwindSafe(|| events.lost(id, loss, returned)));
                    if told.is_err() {
                        tracing::error!(link = id.0, "hearing of a lost link panicked");
                    }
                    return (count, true);
                }
                Next::Nothing => state.sides[n].is_ready = false,
            }
            self.release(state);
            return (count, false);
        }
    }
}

#[cfg(test)]
mod tests;
