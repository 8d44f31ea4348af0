use std::sync::Arc;

use super::*;

type Box8 = Mailbox<u32, &'static str>;

impl Urgent for &'static str {
    fn signal(&self) -> Option<std::num::NonZeroU8> {
        (*self == "stop").then_some(std::num::NonZeroU8::MIN)
    }

    fn of_signal(_: std::num::NonZeroU8) -> &'static str {
        "stop"
    }
}

fn mailbox(capacity: usize, full: FullPolicy) -> Arc<Box8> {
    Arc::new(Mailbox::new(capacity, 16, full))
}

/// All that is there now, by a consumer that runs.
fn take(mailbox: &Box8) -> (Vec<u32>, Vec<&'static str>) {
    let (mut all, mut control, mut batch) = (Vec::new(), Vec::new(), Records::new());
    loop {
        match mailbox.take(&mut batch) {
            Taken::Control(one) => control.push(one),
            Taken::One(one) => all.push(one),
            Taken::Batch => all.extend(batch.drain()),
            Taken::Nothing => break,
        }
    }
    all.iter().for_each(|_| mailbox.started());
    (all, control)
}

/// A taken entry: whether it is to be run, and with which message first.
fn begin(mailbox: &Box8) -> Option<Option<u32>> {
    mailbox.begin().map(|first| first.map(First::into_record))
}

fn claim(mailbox: &Box8, most: u64) -> Option<Option<u32>> {
    mailbox.claim(most).map(|first| first.map(First::into_record))
}

/// The next message, and no more.
fn take_one(mailbox: &Box8) -> Option<u32> {
    let mut batch = Records::new();
    match mailbox.take(&mut batch) {
        Taken::One(one) => {
            mailbox.started();
            Some(one)
        }
        _ => None,
    }
}

impl Places<u32> for Box8 {
    fn withdraw(&self, place: &Arc<WaitCell<u32>>) -> Option<u32> {
        Mailbox::withdraw(self, place).0
    }
}

/// Puts a message in, or waits.
fn enter(mailbox: &Arc<Box8>, message: u32) -> Result<Entered<u32>, Refusal<u32>> {
    mailbox.push_or_wait(message, || mailbox.clone())
}

fn wait(mailbox: &Arc<Box8>, message: u32) -> Waiting<u32> {
    match enter(mailbox, message) {
        Ok(Entered::Waiting(waiting, _)) => waiting,
        Ok(Entered::Accepted(_)) | Err(_) => panic!("{message} does not wait"),
    }
}

#[tokio::test]
async fn messages_come_in_order_and_control_beside_them() {
    let mailbox = mailbox(4, FullPolicy::Wait);
    for n in 0..3 {
        mailbox.push(n).unwrap();
    }
    mailbox.push_control("stop").unwrap();
    assert!(mailbox.has_control());
    assert_eq!(take(&mailbox), (vec![0, 1, 2], vec!["stop"]));
    assert_eq!(mailbox.len(), 0);
}

#[test]
fn a_full_mailbox_gives_the_message_back() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(1).unwrap();
    assert!(matches!(mailbox.push(2), Err(Refusal::Full(2))));
    assert_eq!(mailbox.len(), 1);
}

#[tokio::test]
async fn waiters_come_in_first_in_first_out_and_nobody_overtakes_them() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(0).unwrap();
    let first = wait(&mailbox, 1);
    let second = wait(&mailbox, 2);
    assert_eq!(take(&mailbox).0, [0]);
    assert!(matches!(mailbox.push(9), Err(Refusal::Full(9))));
    assert_eq!(first.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).0, [1]);
    assert_eq!(second.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).0, [2]);
}

#[tokio::test]
async fn a_dropped_waiter_leaves_nothing_behind() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(0).unwrap();
    drop(wait(&mailbox, 1));
    let second = wait(&mailbox, 2);
    assert_eq!(take(&mailbox).0, [0]);
    assert_eq!(second.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).0, [2]);
}

#[test]
fn the_number_of_waiters_is_bounded() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(0).unwrap();
    let waiting: Vec<_> = (0..16).map(|n| wait(&mailbox, n)).collect();
    assert!(matches!(enter(&mailbox, 99), Err(Refusal::Full(99))));
    drop(waiting);
    drop(wait(&mailbox, 99));
}

fn displaced(mailbox: &Box8, message: u32) -> Option<u32> {
    mailbox.push(message).expect("it is open").displaced
}

#[test]
fn drop_oldest_keeps_the_newest() {
    let mailbox = mailbox(2, FullPolicy::DropOldest);
    assert!(displaced(&mailbox, 1).is_none() && displaced(&mailbox, 2).is_none());
    assert_eq!(displaced(&mailbox, 3), Some(1));
    assert_eq!((take_one(&mailbox), mailbox.len()), (Some(2), 1));
    assert_eq!(displaced(&mailbox, 4), None);
    assert_eq!(displaced(&mailbox, 5), Some(3));
    assert_eq!((take_one(&mailbox), take_one(&mailbox), take_one(&mailbox)), (Some(4), Some(5), None));
}

#[test]
fn reject_refuses_calls_too() {
    let mailbox = mailbox(1, FullPolicy::Reject);
    mailbox.push(1).unwrap();
    assert!(matches!(enter(&mailbox, 2), Err(Refusal::Full(2))));
}

#[tokio::test]
async fn closing_hands_out_everything_once() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(1).unwrap();
    let kept = wait(&mailbox, 2).returning();
    let left = wait(&mailbox, 3);
    let closed = mailbox.close();
    assert_eq!((closed.queued, closed.waiting), (vec![1], vec![3]));
    assert_eq!(kept.await, WaitOutcome::Closed(Some(2)));
    assert_eq!(left.await, WaitOutcome::Closed(None));
    assert!(matches!(mailbox.push(4), Err(Refusal::Closed(4))));
    assert!(mailbox.push_control("late").is_err());
}

#[tokio::test]
async fn closing_for_a_drain_lets_those_who_wait_in() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(1).unwrap();
    let waiting = wait(&mailbox, 2);
    let mut batch = Records::new();
    mailbox.close_admitting(&mut batch);
    assert_eq!((batch.drain().count(), mailbox.len(), mailbox.accepted()), (2, 2, 2));
    assert_eq!(waiting.await, WaitOutcome::Accepted);
    assert!(matches!(mailbox.push(3), Err(Refusal::Closed(3))));
}

#[test]
fn what_a_waiting_message_displaces_is_given_back() {
    let mailbox = mailbox(1, FullPolicy::DropOldest);
    mailbox.push(1).unwrap();
    assert!(matches!(enter(&mailbox, 2), Ok(Entered::Accepted(Accepted { displaced: Some(1), .. }))));
}

/// What `park` says, and then the consumer is taken again if it rests.
fn rests(mailbox: &Box8, rest: Rest) -> bool {
    mailbox.park(rest) == Parked::Resting
}

#[test]
fn the_message_that_ends_a_rest_queues_the_consumer_once() {
    let mailbox = mailbox(8, FullPolicy::Wait);
    assert!(rests(&mailbox, Rest::Message));
    assert!(mailbox.push(1).unwrap().queue);
    assert!(!mailbox.push(2).unwrap().queue && !mailbox.notify(), "it is queued already");
    assert_eq!(begin(&mailbox), Some(Some(1)));
    assert_eq!((begin(&mailbox), claim(&mailbox, 9)), (None, None), "somebody has it");
    assert_eq!(mailbox.park(Rest::Message), Parked::Running, "there is more");
    mailbox.started();
    assert_eq!(take(&mailbox).0, [2]);
    assert!(rests(&mailbox, Rest::Message));
    assert_eq!(begin(&mailbox), None, "there is nothing to do");
}

#[test]
fn what_comes_while_it_runs_keeps_it_from_resting() {
    let mailbox = mailbox(8, FullPolicy::Wait);
    assert!(!mailbox.push(1).unwrap().queue, "its maker has it");
    assert_eq!(mailbox.park(Rest::Message), Parked::Running);
    assert_eq!(take(&mailbox).0, [1]);
    assert!(!mailbox.push_control("stop").unwrap());
    assert_eq!(mailbox.park(Rest::Message), Parked::Running);
    assert_eq!(take(&mailbox).1, ["stop"]);
    assert!(!mailbox.notify());
    assert_eq!(mailbox.park(Rest::Notice), Parked::Running);
    assert!(rests(&mailbox, Rest::Notice));
}

#[test]
fn while_it_awaits_only_a_notice_wakes_it() {
    let mailbox = mailbox(8, FullPolicy::Wait);
    assert!(rests(&mailbox, Rest::Notice));
    assert!(!mailbox.push(1).unwrap().queue && !mailbox.push_control("stop").unwrap());
    assert!(mailbox.notify() && !mailbox.notify());
    assert_eq!(begin(&mailbox), Some(None));
    assert_eq!(take(&mailbox), (vec![1], vec!["stop"]));
}

#[test]
fn what_is_claimed_leaves_one_entry_that_is_used_again() {
    let mailbox = mailbox(8, FullPolicy::Wait);
    assert!(rests(&mailbox, Rest::Message));
    assert!(mailbox.push(1).unwrap().queue);
    assert!(mailbox.push(2).is_ok() && claim(&mailbox, 1).is_none(), "two are too many");
    assert_eq!(claim(&mailbox, 2), Some(Some(1)));
    mailbox.started();
    assert_eq!(take(&mailbox).0, [2]);
    assert!(rests(&mailbox, Rest::Message));
    assert!(!mailbox.push(3).unwrap().queue, "its old entry is still queued");
    assert_eq!(begin(&mailbox), Some(Some(3)));
    mailbox.started();
    assert_eq!(mailbox.park(Rest::Turn), Parked::Queue);
    assert_eq!(claim(&mailbox, 1), Some(None));
    assert!(rests(&mailbox, Rest::Message));
    assert_eq!(begin(&mailbox), None, "the entry is old");
    assert!(mailbox.push(4).unwrap().queue, "and now it is gone");
}

#[test]
fn a_consumer_that_is_over_is_never_queued_again() {
    let mailbox = mailbox(8, FullPolicy::Wait);
    assert!(rests(&mailbox, Rest::End));
    assert!(!mailbox.notify() && !mailbox.push(1).unwrap().queue);
    assert_eq!((begin(&mailbox), claim(&mailbox, 9)), (None, None));
}

#[tokio::test]
async fn who_waits_comes_in_before_the_consumer_rests() {
    let mailbox = mailbox(4, FullPolicy::Wait);
    (0..4).for_each(|n| assert!(mailbox.push(n).is_ok()));
    let fifth = wait(&mailbox, 4);
    let mut batch = Records::new();
    assert_eq!((mailbox.take(&mut batch), batch.drain().count()), (Taken::Batch, 4));
    mailbox.started();
    assert_eq!(mailbox.accepted(), 4, "it is more than half full");
    assert!(rests(&mailbox, Rest::Notice));
    assert_eq!(fifth.await, WaitOutcome::Accepted);
}

/// Two threads push, two run the consumer, whoever is told to: nothing is lost, and nobody runs beside another.
#[test]
fn nothing_is_lost_between_threads() {
    const EACH: u32 = if cfg!(miri) { 200 } else { 20_000 };
    let mailbox = mailbox(64, FullPolicy::Wait);
    assert!(rests(&mailbox, Rest::Message));
    let (queue, entries) = std::sync::mpsc::channel::<bool>();
    let entries = std::sync::Mutex::new(entries);
    let (inside, seen) = (std::sync::atomic::AtomicBool::new(false), std::sync::Mutex::new(Vec::new()));
    let run = || {
        while entries.lock().unwrap().recv().expect("a sender is left") {
            let Some(first) = begin(&mailbox) else { continue };
            let mut first = first;
            loop {
                assert!(!inside.swap(true, std::sync::atomic::Ordering::SeqCst), "two run it");
                let mut seen = seen.lock().unwrap();
                if let Some(first) = first.take() {
                    mailbox.started();
                    seen.push(first);
                }
                seen.extend(take(&mailbox).0);
                let all = seen.len() == 2 * EACH as usize;
                drop(seen);
                inside.store(false, std::sync::atomic::Ordering::SeqCst);
                if all {
                    (0..2).for_each(|_| queue.send(false).unwrap());
                }
                match mailbox.park(Rest::Message) {
                    Parked::Running => {}
                    Parked::Queue => queue.send(true).unwrap(),
                    Parked::Resting => break,
                }
            }
        }
    };
    let push = |from: u32| {
        for n in 0..EACH {
            loop {
                match mailbox.push(from * EACH + n) {
                    Ok(accepted) if accepted.queue => break queue.send(true).unwrap(),
                    Ok(_) => break,
                    Err(_) => std::thread::yield_now(),
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
        scope.spawn(|| push(0));
        scope.spawn(|| push(1));
    });
    let seen = seen.into_inner().unwrap();
    for from in 0..2 {
        let of_one: Vec<u32> = seen.iter().copied().filter(|n| n / EACH == from).collect();
        assert!(of_one.is_sorted() && of_one.len() == EACH as usize);
    }
}

#[test]
fn a_control_message_that_is_a_number_keeps_its_place() {
    let mailbox = mailbox(4, FullPolicy::Wait);
    for control in ["stop", "failed", "stop"] {
        mailbox.push_control(control).unwrap();
    }
    assert_eq!(take(&mailbox).1, ["stop", "failed", "stop"]);
    for control in ["failed", "stop"] {
        mailbox.push_control(control).unwrap();
    }
    assert_eq!(mailbox.take_control(), Some("failed"));
    assert!(mailbox.has_control());
    mailbox.push_control("late").unwrap();
    assert_eq!(mailbox.close().control, ["stop", "late"], "what nobody has read is given back");
    assert_eq!(mailbox.push_control("stop"), Err("stop"));
}
