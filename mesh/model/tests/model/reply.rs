//! The place of a reply: one who answers, one who waits, and one who watches the deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use loom::thread;
use mesh_model::activity::CallOf;
use mesh_model::actor::{Arrival, ReplyTo, ReplyWait};
use mesh_model::call::CallErrorKind;
use mesh_model::runtime::block_on;

const CALL: CallOf = CallOf { caller: 1, callee: 2, handler: "get" };

/// A wait as a future.
struct Wait<'w>(&'w mut ReplyWait<Arc<u32>>);

impl Future for Wait<'_> {
    type Output = Arrival<Arc<u32>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

fn place() -> (ReplyTo<Arc<u32>>, ReplyWait<Arc<u32>>) {
    ReplyTo::here(CALL)
}

/// As who polls for the first time does, and finds nothing.
fn watch(wait: &mut ReplyWait<Arc<u32>>) -> Arc<dyn mesh_model::clock::Wait> {
    wait.watch(std::task::Waker::noop()).expect("nothing was taken")
}

/// Who waits is woken, by a reply and by its absence.
///
/// Fails with: `give` that does not wake, or sets `GIVEN` before the reply is there, or relaxed; `poll` that reads it relaxed;
/// a waiting side that frees the place before the other has left, or an answering side that leaves before it wakes; a
/// `WAITING` that is set before the waker is there, or does not look; `Drop` of `ReplyTo` that says nothing.
#[test]
fn who_waits_hears_the_reply_or_that_there_is_none() {
    for answered in [true, false] {
        super::check(4, move || {
            let (to, mut wait) = place();
            let callee = thread::spawn(move || {
                if answered {
                    to.answer(Arc::new(7));
                }
            });
            match block_on(Wait(&mut wait)) {
                Arrival::Reply(Ok(value)) => assert!(answered && *value == 7),
                Arrival::Reply(Err(kind)) => assert!(!answered && *kind == CallErrorKind::ActorStopped),
                Arrival::Expired => panic!("nobody watches the time"),
            }
            callee.join().expect("it does not panic");
        });
    }
}

/// Who waits on with another waker is woken by that one, and by none that was taken back.
///
/// Fails with: a waker that is replaced while it may be read.
#[test]
fn a_waker_is_replaced_as_the_reply_comes() {
    super::check(4, || {
        let (to, mut wait) = place();
        let callee = thread::spawn(move || to.answer(Arc::new(7)));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        if wait.poll(&mut cx).is_pending() {
            assert!(matches!(block_on(Wait(&mut wait)), Arrival::Reply(Ok(value)) if *value == 7));
        }
        callee.join().expect("it does not panic");
    });
}

/// A deadline alone ends the wait, though the callee lives on.
///
/// Fails with: `expire` that does not wake; a wait that does not look whether its time is over.
#[test]
fn a_deadline_ends_the_wait() {
    super::check(4, || {
        let (to, mut wait) = place();
        let watched = watch(&mut wait);
        let clock = thread::spawn(move || watched.expire());
        assert!(matches!(block_on(Wait(&mut wait)), Arrival::Expired));
        clock.join().expect("it does not panic");
        drop(to);
    });
}

/// A deadline that passes as the reply comes: the caller hears of one of them, and the value is not kept.
///
/// Fails with: `leave` that does not set `CLOSED`; `give` that leaves the place of a closed wait.
#[test]
fn a_deadline_and_a_reply_end_the_wait_once() {
    super::check(4, || {
        let (to, mut wait) = place();
        let value = Arc::new(7);
        let watched = watch(&mut wait);
        let given = value.clone();
        let callee = thread::spawn(move || to.answer(given));
        let clock = thread::spawn(move || watched.expire());
        let arrival = block_on(Wait(&mut wait));
        assert!(!matches!(arrival, Arrival::Reply(Err(_))));
        callee.join().expect("it does not panic");
        clock.join().expect("it does not panic");
        // One place at most: what came after the deadline was dropped, what came before is not taken away.
        assert_eq!(matches!(arrival, Arrival::Reply(Ok(_))), Arc::strong_count(&value) == 2);
        drop((arrival, wait));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// A reply that was given before the deadline is not taken away by it.
///
/// Fails with: a time that is over for a wait that does not look for its reply once more.
#[test]
fn a_reply_before_the_deadline_stays() {
    super::check(4, || {
        let (to, mut wait) = place();
        let watched = watch(&mut wait);
        let callee = thread::spawn(move || {
            to.answer(Arc::new(7));
            watched.expire();
        });
        assert!(matches!(block_on(Wait(&mut wait)), Arrival::Reply(Ok(value)) if *value == 7));
        callee.join().expect("it does not panic");
    });
}

/// A caller that gives up leaves nothing behind, whenever the reply comes.
///
/// Fails with: `leave` that does not set `CLOSED`; `give` that leaves the place of a closed wait.
#[test]
fn a_dropped_wait_keeps_no_value() {
    super::check(4, || {
        let (to, mut wait) = place();
        let value = Arc::new(7);
        let given = value.clone();
        let slot = watch(&mut wait);
        let callee = thread::spawn(move || to.answer(given));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let polled = wait.poll(&mut cx);
        drop((polled, wait));
        callee.join().expect("it does not panic");
        // The slot is still there: its deadline is watched.
        assert!(!slot.is_open());
        assert_eq!(Arc::strong_count(&value), 1);
    });
}
