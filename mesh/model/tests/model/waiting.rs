//! Those who wait for room (`MAIL-1`, `MAIL-2`).

use std::sync::Arc;

use loom::thread;
use mesh_model::mailbox::{Entered, FullPolicy, Refusal, WaitOutcome, Waiting};
use mesh_model::runtime::block_on;

use super::mailbox::{Actor, Message, STOP};

/// Enters, and waits if it must.
fn enter_and_wait(actor: &Arc<Actor>, message: Message) {
    match actor.enter(message) {
        Ok(Entered::Accepted(_)) => {}
        Ok(Entered::Waiting(waiting, _)) => assert_eq!(block_on(waiting), WaitOutcome::Accepted),
        Err(refusal) => panic!("{refusal:?}"),
    }
}

/// Who waits is let in, and woken: a wait that nobody ends is a deadlock here.
///
/// Fails with: `let_in` that wakes nobody; `park` that lets nobody in; `poll` of a wait that stores no waker. (Not with a
/// `push_or_wait` that does not look for room again after it has taken its place: `park` does.)
#[test]
fn who_waits_is_let_in_and_woken() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        let other = actor.clone();
        let other = thread::spawn(move || (0..2).for_each(|n| enter_and_wait(&other, (0, n))));
        enter_and_wait(&actor, (1, 0));
        other.join().expect("it does not panic");
        assert_eq!((actor.of(0), actor.of(1)), (vec![0, 1], vec![0]));
        assert_eq!(actor.mailbox.len(), 0);
    });
}

/// Places are kept in order, and a plain push does not overtake who waits.
///
/// Fails with: `pop_waiter` from the back; `push` and `push_or_wait` that do not look for waiters before they take a free
/// place.
#[test]
fn nobody_overtakes_who_waits() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        let runs = actor.clone();
        // Somebody runs it while places are taken.
        actor.mailbox.push((9, 0)).expect("there is room");
        let runner = thread::spawn(move || runs.queue_if(true));
        let first = actor.enter((0, 0)).expect("there is a place");
        let second = actor.enter((0, 1)).expect("there is a place");
        let third = actor.push((0, 2));
        for entered in [first, second] {
            if let Entered::Waiting(waiting, _) = entered {
                assert_eq!(block_on(waiting), WaitOutcome::Accepted);
            }
        }
        runner.join().expect("it does not panic");
        let want: &[u8] = match third {
            Ok(()) => &[0, 1, 2],
            Err(Refusal::Full((0, 2))) => &[0, 1],
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(actor.of(0), want);
    });
}

/// A wait that is given up while others take places leaves neither message nor place.
///
/// Fails with: `Drop` of a wait that withdraws nothing; `withdraw` that leaves the place in the queue.
#[test]
fn a_dropped_wait_is_withdrawn_among_others() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        actor.mailbox.push((9, 0)).expect("there is room");
        let Ok(Entered::Waiting(given_up, _)) = actor.enter((0, 0)) else { panic!("there is no room") };
        let enters = actor.clone();
        let other = thread::spawn(move || match enters.enter((1, 0)) {
            Ok(Entered::Waiting(waiting, _)) => waiting.detach(),
            _ => panic!("there is no room"),
        });
        drop(given_up);
        other.join().expect("it does not panic");
        // As many places as if it had never been there: eight, of which one is taken.
        for n in 1..8 {
            let Ok(Entered::Waiting(waiting, _)) = actor.enter((1, n)) else { panic!("no place for {n}") };
            waiting.detach();
        }
        actor.queue_if(true);
        assert_eq!((actor.of(0), actor.of(1)), (vec![], (0..8).collect()));
    });
}

/// A wait that is given up as it might be let in: its message was withdrawn or is handled, and who is behind it comes in.
///
/// Fails with: `withdraw` that loses the message it takes out. (Not with one that does not let in who is behind: `park`
/// does.)
#[test]
fn a_cancelled_wait_leaves_nothing_behind() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        let runs = actor.clone();
        actor.mailbox.push((9, 0)).expect("there is room");
        let runner = thread::spawn(move || runs.queue_if(true));
        let given_up: Option<Waiting<Message>> = match actor.enter((0, 0)).expect("there is a place") {
            Entered::Waiting(waiting, _) => Some(waiting),
            Entered::Accepted(_) => None,
        };
        let behind = actor.enter((1, 0)).expect("there is a place");
        let withdrawn = given_up.as_ref().and_then(Waiting::withdraw);
        drop(given_up);
        if let Entered::Waiting(waiting, _) = behind {
            assert_eq!(block_on(waiting), WaitOutcome::Accepted);
        }
        runner.join().expect("it does not panic");
        assert_eq!(usize::from(withdrawn.is_some()) + actor.of(0).len(), 1, "once, there or here");
        assert_eq!((actor.of(1), actor.mailbox.len()), (vec![0], 0));
        // As many places as before.
        assert!(actor.push((2, 0)).is_ok());
    });
}

/// Who waits while it closes gets their message back, or it was let in.
///
/// Fails with: `close` of a place that does not wake; `close_lanes` that forgets the waiters; `close` of a place that keeps
/// the message of an owner who has asked for it.
#[test]
fn who_waits_as_it_closes_has_the_message_back() {
    super::check(3, || {
        let actor = Actor::resting(1, FullPolicy::Wait);
        let stops = actor.clone();
        actor.mailbox.push((9, 0)).expect("there is room");
        let stopper = thread::spawn(move || {
            stops.mailbox.push_control(STOP).expect("it is open");
            stops.queue_if(true);
        });
        let outcome = match actor.enter((0, 0)) {
            Ok(Entered::Waiting(waiting, _)) => block_on(waiting.returning()),
            Ok(Entered::Accepted(_)) => WaitOutcome::Accepted,
            Err(Refusal::Closed(message)) => WaitOutcome::Closed(Some(message)),
            Err(other) => panic!("{other:?}"),
        };
        stopper.join().expect("it does not panic");
        let closed = actor.closed().expect("it was stopped");
        let left = closed.queued.iter().chain(&closed.waiting).filter(|(from, _)| *from == 0).count();
        let returned = usize::from(outcome == WaitOutcome::Closed(Some((0, 0))));
        // If it was closed before it was asked for, the closer has it.
        assert_eq!(actor.of(0).len() + left + returned, 1, "{outcome:?}");
        assert_eq!(
            outcome == WaitOutcome::Accepted,
            actor.of(0).len() + closed.queued.iter().filter(|(from, _)| *from == 0).count() == 1
        );
    });
}
