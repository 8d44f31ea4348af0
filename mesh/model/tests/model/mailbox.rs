//! Whose turn it is, and what comes in (`MAIL-1`, `MAIL-3`, `MAIL-4`).

use std::sync::Arc;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use mesh_model::alone::Alone;
use mesh_model::mailbox::{
    Closed, Entered, First, FullPolicy, Mailbox, Parked, Places, Records, Refusal, Rest, Taken, WaitCell,
};

/// Who sent it, and as which of theirs.
pub(crate) type Message = (u8, u8);

/// An actor: what its runner touches must be its runner's alone.
pub(crate) struct Actor {
    pub(crate) mailbox: Mailbox<Message, Message>,
    /// Complains of two who touch it with no order between them.
    body: Alone,
    /// In the order of handling; of no part in the orders of the model, since only a runner locks it.
    handled: std::sync::Mutex<Vec<Message>>,
    /// What a control message that asks for the end has found.
    closed: Mutex<Option<Closed<Message, Message>>>,
    /// It is to live again after its end.
    wanted: AtomicBool,
    /// How many turns there were.
    turns: std::sync::atomic::AtomicUsize,
}

/// The control message that ends an actor.
pub(crate) const STOP: Message = (u8::MAX, 0);

impl Places<Message> for Actor {
    fn withdraw(&self, place: &Arc<WaitCell<Message>>) -> Option<Message> {
        let (message, queue) = self.mailbox.withdraw(place);
        self.queue_if(queue);
        message
    }
}

impl Actor {
    /// One that rests.
    pub(crate) fn resting(capacity: usize, full: FullPolicy) -> Arc<Actor> {
        let actor = Arc::new(Actor {
            mailbox: Mailbox::new(capacity, 8, full),
            body: Alone::default(),
            handled: std::sync::Mutex::default(),
            closed: Mutex::new(None),
            wanted: AtomicBool::new(false),
            turns: std::sync::atomic::AtomicUsize::new(0),
        });
        assert_eq!(actor.mailbox.park(Rest::Message), Parked::Resting);
        actor
    }

    pub(crate) fn push(&self, message: Message) -> Result<(), Refusal<Message>> {
        self.mailbox.push(message).map(|accepted| self.queue_if(accepted.queue))
    }

    pub(crate) fn control(&self, message: Message) -> Result<(), Message> {
        self.mailbox.push_control(message).map(|queue| self.queue_if(queue))
    }

    pub(crate) fn enter(self: &Arc<Self>, message: Message) -> Result<Entered<Message>, Refusal<Message>> {
        let entered = self.mailbox.push_or_wait(message, || self.clone())?;
        match &entered {
            Entered::Accepted(accepted) => self.queue_if(accepted.queue),
            Entered::Waiting(_, queue) => self.queue_if(*queue),
        }
        Ok(entered)
    }

    /// Whoever is told to queue it runs its entry, later than the word.
    pub(crate) fn queue_if(&self, queue: bool) {
        if queue && let Some(first) = self.mailbox.begin() {
            self.run(first.map(First::into_record), Rest::Message);
        }
    }

    /// As a caller that waits for its reply does.
    pub(crate) fn claim(&self) {
        if let Some(first) = self.mailbox.claim(u64::MAX) {
            self.run(first.map(First::into_record), Rest::Message);
        }
    }

    fn handle(&self, message: Message) {
        self.handled.lock().expect("nobody panics under it").push(message);
    }

    /// Hands out what was taken, and what was not.
    fn close(&self, batch: &mut Records<Message>) {
        let taken: Vec<Message> = batch.drain().collect();
        taken.iter().for_each(|_| self.mailbox.started());
        let mut closed = self.mailbox.close();
        closed.queued.splice(0..0, taken);
        *self.closed.lock().expect("nobody panics under it") = Some(closed);
    }

    /// A turn, as an actor has it: control first, between two messages too.
    pub(crate) fn run(&self, first: Option<Message>, rest: Rest) {
        let mut first = first;
        let mut batch = Records::new();
        loop {
            let mut rest = rest;
            self.body.during(|| {
                self.turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if self.wanted.swap(false, Ordering::Acquire) {
                    self.mailbox.reopen();
                }
                first.take().into_iter().for_each(|first| batch.push(first));
                loop {
                    if self.mailbox.has_control()
                        && let Some(control) = self.mailbox.take_control()
                    {
                        self.handle(control);
                        if control == STOP {
                            rest = Rest::End;
                            self.close(&mut batch);
                            break;
                        }
                    }
                    if let Some(message) = batch.pop() {
                        self.mailbox.started();
                        self.handle(message);
                        continue;
                    }
                    match self.mailbox.take(&mut batch) {
                        Taken::Control(control) => {
                            self.handle(control);
                            if control == STOP {
                                rest = Rest::End;
                                self.close(&mut batch);
                                break;
                            }
                        }
                        Taken::One(message) => {
                            self.mailbox.started();
                            self.handle(message);
                        }
                        Taken::Batch => {}
                        Taken::Nothing => break,
                    }
                }
            });
            match self.mailbox.park(rest) {
                Parked::Running => {}
                Parked::Queue => return self.queue_if(true),
                Parked::Resting => return,
            }
        }
    }

    pub(crate) fn handled(&self) -> Vec<Message> {
        self.handled.lock().expect("nobody panics under it").clone()
    }

    pub(crate) fn turns(&self) -> usize {
        self.turns.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn closed(&self) -> Option<Closed<Message, Message>> {
        self.closed.lock().expect("nobody panics under it").take()
    }

    /// Of one sender, in the order of handling.
    pub(crate) fn of(&self, sender: u8) -> Vec<u8> {
        self.handled().iter().filter(|(from, _)| *from == sender).map(|(_, n)| *n).collect()
    }
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
}

/// Two senders, and a caller that claims: every message is handled, once, in the order of its sender, by one runner at a
/// time, and in the end it rests.
///
/// Fails with: `park` that rests without a look at the queue; `begin` that does not ask whether it is queued; `claim`
/// that takes a runner's turn, or forgets the first message; `queue_it` that says `false` always; `push` that makes a
/// running consumer `Queued`; a batch from the back; an `entry` that is never cleared by `begin`.
#[test]
fn one_runs_it_at_a_time_and_no_message_waits_for_one_that_rests() {
    super::check(3, || {
        let actor = Actor::resting(8, FullPolicy::Wait);
        let mut threads: Vec<_> = (0..1)
            .map(|from| {
                let actor = actor.clone();
                thread::spawn(move || (0..2).for_each(|n| actor.push((from, n)).expect("there is room")))
            })
            .collect();
        let claims = actor.clone();
        threads.push(thread::spawn(move || claims.claim()));
        (0..2).for_each(|n| actor.push((1, n)).expect("there is room"));
        join(threads);
        assert_eq!((actor.of(0), actor.of(1)), (vec![0, 1], vec![0, 1]));
        assert_eq!((actor.mailbox.len(), actor.mailbox.begin().is_none()), (0, true));
    });
}

/// A control message that was there when a message came is handled before it.
///
/// Fails with: `take` that looks at the data first; `push_control` that does not say `urgent`.
#[test]
fn control_is_never_behind_data() {
    // With the latter, messages are taken one by one.
    for full in [FullPolicy::Wait, FullPolicy::DropOldest] {
        super::check(3, move || {
            let actor = Actor::resting(8, full);
            let sender = actor.clone();
            let other = thread::spawn(move || {
                sender.push((0, 0)).expect("there is room");
                sender.control((0, 1)).expect("it is open");
                sender.push((0, 2)).expect("there is room");
            });
            actor.push((1, 0)).expect("there is room");
            join(vec![other]);
            let of_other = actor.of(0);
            assert_eq!(of_other.len(), 3);
            let at = |n| of_other.iter().position(|other| *other == n);
            assert!(at(1) < at(2), "{of_other:?}");
            assert_eq!(actor.of(1), [0]);
        });
    }
}

/// A control message wakes who rests for a message, though no data comes.
///
/// Fails with: `push_control` that wakes nobody; `park` that does not look at the control lane.
#[test]
fn control_alone_is_handled() {
    super::check(4, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        let sender = actor.clone();
        let other = thread::spawn(move || sender.control((0, 0)).expect("it is open"));
        actor.control((1, 0)).expect("it is open");
        join(vec![other]);
        assert_eq!(actor.handled().len(), 2);
    });
}

/// Who awaits is run again by a notice, however early it comes, and by nothing else; what came meanwhile is handled then.
///
/// Fails with: `notify` that forgets a notice that comes while it runs; `notify` that wakes only who rests for a message;
/// `park(Notice)` that does not look for a notice.
#[test]
fn a_notice_is_not_lost() {
    super::check(4, || {
        let actor = Actor::resting(8, FullPolicy::Wait);
        // A handler has begun to await: its runner is about to park.
        actor.mailbox.push((0, 0)).expect("there is room");
        let first = actor.mailbox.begin().expect("it was queued").map(First::into_record);
        let (notifies, sends) = (actor.clone(), actor.clone());
        let what_it_awaits = thread::spawn(move || notifies.queue_if(notifies.mailbox.notify()));
        let sender = thread::spawn(move || sends.push((1, 0)).expect("there is room"));
        actor.run(first, Rest::Notice);
        join(vec![what_it_awaits, sender]);
        assert!(actor.turns() >= 2, "the notice ran it");
        // A sender does not wake who awaits, so its message may be there still, for after the handler.
        assert_eq!(actor.of(0), [0]);
        assert_eq!(actor.of(1).len() + actor.mailbox.len(), 1);
    });
}

/// What is sent while it closes is handled, handed out, or refused: one of them.
///
/// Fails with: `close_lanes` that leaves the queue where it is; `push` that does not ask whether it is closed; an end
/// after which the consumer is queued again.
#[test]
fn closing_hands_out_what_is_not_handled_once() {
    super::check(3, || {
        let actor = Actor::resting(8, FullPolicy::Wait);
        let (sends, stops) = (actor.clone(), actor.clone());
        let refused = Arc::new(std::sync::atomic::AtomicU8::new(0));
        let count = refused.clone();
        let sender = thread::spawn(move || {
            let refused = |n| u8::from(sends.push((0, n)).is_err());
            let refused = (refused(0), refused(1));
            assert!(refused.0 <= refused.1, "closed, and open again");
            count.store(refused.0 + refused.1, std::sync::atomic::Ordering::Relaxed);
        });
        let stopper = thread::spawn(move || stops.control(STOP).expect("it is open"));
        join(vec![sender, stopper]);
        let closed = actor.closed().expect("it was stopped");
        let refused = refused.load(std::sync::atomic::Ordering::Relaxed);
        let mut seen = actor.of(0);
        seen.extend(closed.queued.iter().map(|(_, n)| *n));
        assert!(seen.is_sorted() && seen.len() + usize::from(refused) == 2, "{seen:?}, {refused} refused");
        assert!(matches!(actor.push((0, 9)), Err(Refusal::Closed(_))));
        assert!(!actor.mailbox.notify(), "it is over");
        assert_eq!((actor.mailbox.len(), actor.mailbox.begin().is_none()), (0, true));
    });
}

/// Who is wanted again once its end is known is run again, and takes messages, however soon that is: also before its runner
/// has rested.
///
/// Fails with: `revive` that queues nobody, or is forgotten by `park` of one that runs; `park` that does not look for a
/// notice at the end; `reopen` that leaves it closed.
#[test]
fn one_that_is_wanted_again_after_its_end_is_run_again() {
    super::check(3, || {
        let actor = Actor::resting(8, FullPolicy::Wait);
        let (stops, revives) = (actor.clone(), actor.clone());
        let stopper = thread::spawn(move || stops.control(STOP).expect("it is open"));
        let reviver = thread::spawn(move || {
            if revives.closed().is_some() {
                revives.wanted.store(true, Ordering::Release);
                revives.queue_if(revives.mailbox.revive());
            }
        });
        join(vec![stopper, reviver]);
        let lives = actor.closed().is_none();
        assert!(!actor.wanted.load(Ordering::Relaxed), "it is not forgotten");
        assert_eq!(actor.push((1, 0)).is_ok(), lives);
        assert_eq!(actor.of(1).len(), usize::from(lives));
        assert_eq!((actor.mailbox.len(), actor.mailbox.begin().is_none()), (0, true));
    });
}

/// Two senders to a full mailbox that drops its oldest: what is not handled was displaced, and the newest stays.
///
/// Fails with: `push` that displaces and does not count it as removed, or does not hand it out.
#[test]
fn what_drop_oldest_displaces_is_handed_out_once() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::DropOldest);
        let sends = actor.clone();
        let displaced = Arc::new(std::sync::Mutex::new(Vec::new()));
        let also = displaced.clone();
        let push = |actor: &Actor, message, displaced: &std::sync::Mutex<Vec<Message>>| {
            let accepted = actor.mailbox.push(message).expect("it takes everything");
            displaced.lock().expect("nobody panics under it").extend(accepted.displaced);
            actor.queue_if(accepted.queue);
        };
        let other = thread::spawn(move || (0..2).for_each(|n| push(&sends, (0, n), &also)));
        push(&actor, (1, 0), &displaced);
        join(vec![other]);
        let mut all = actor.handled();
        all.extend(displaced.lock().expect("nobody panics under it").iter());
        all.sort_unstable();
        assert_eq!((all, actor.mailbox.len()), (vec![(0, 0), (0, 1), (1, 0)], 0));
    });
}
