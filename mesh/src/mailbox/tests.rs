use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use super::*;

type Box8 = Mailbox<u32, &'static str>;

fn mailbox(capacity: usize, full: FullPolicy) -> Arc<Box8> {
    Arc::new(Mailbox::new(capacity, 16, full))
}

/// All that is there now, once there is something.
async fn take(mailbox: &Box8) -> (Vec<u32>, Vec<&'static str>) {
    let (mut all, mut control, mut batch) = (Vec::new(), Vec::new(), VecDeque::new());
    poll_fn(|cx| {
        loop {
            match mailbox.take(|| cx.waker().clone(), &mut batch) {
                Taken::Control(one) => control.push(one),
                Taken::One(one) => all.push(one),
                Taken::Batch => all.extend(batch.drain(..)),
                Taken::Nothing if all.is_empty() && control.is_empty() => return std::task::Poll::Pending,
                Taken::Nothing | Taken::Closed => return std::task::Poll::Ready(()),
            }
        }
    })
    .await;
    all.iter().for_each(|_| mailbox.started());
    (all, control)
}

/// The next message, and no more.
fn take_one(mailbox: &Box8) -> Option<u32> {
    let mut batch = VecDeque::new();
    match mailbox.take(|| std::task::Waker::noop().clone(), &mut batch) {
        Taken::One(one) => {
            mailbox.started();
            Some(one)
        }
        _ => None,
    }
}

impl Places<u32> for Box8 {
    fn withdraw(&self, place: &Arc<WaitCell<u32>>) -> Option<u32> {
        Mailbox::withdraw(self, place)
    }
}

/// Puts a message in, or waits.
fn enter(mailbox: &Arc<Box8>, message: u32) -> Result<Entered<u32>, Refusal<u32>> {
    mailbox.push_or_wait(message, || mailbox.clone())
}

fn wait(mailbox: &Arc<Box8>, message: u32) -> Waiting<u32> {
    match enter(mailbox, message) {
        Ok(Entered::Waiting(waiting)) => waiting,
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
    assert_eq!(take(&mailbox).await, (vec![0, 1, 2], vec!["stop"]));
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
    assert_eq!(take(&mailbox).await.0, [0]);
    assert!(matches!(mailbox.push(9), Err(Refusal::Full(9))));
    assert_eq!(first.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).await.0, [1]);
    assert_eq!(second.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).await.0, [2]);
}

#[tokio::test]
async fn a_dropped_waiter_leaves_nothing_behind() {
    let mailbox = mailbox(1, FullPolicy::Wait);
    mailbox.push(0).unwrap();
    drop(wait(&mailbox, 1));
    let second = wait(&mailbox, 2);
    assert_eq!(take(&mailbox).await.0, [0]);
    assert_eq!(second.await, WaitOutcome::Accepted);
    assert_eq!(take(&mailbox).await.0, [2]);
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

#[test]
fn drop_oldest_keeps_the_newest() {
    let mailbox = mailbox(2, FullPolicy::DropOldest);
    assert!(mailbox.push(1).unwrap().is_none() && mailbox.push(2).unwrap().is_none());
    assert_eq!(mailbox.push(3).unwrap(), Some(1));
    assert_eq!((take_one(&mailbox), mailbox.len()), (Some(2), 1));
    assert_eq!(mailbox.push(4).unwrap(), None);
    assert_eq!(mailbox.push(5).unwrap(), Some(3));
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
    let mut batch = VecDeque::new();
    mailbox.close_admitting(&mut batch);
    assert_eq!((batch.len(), mailbox.len(), mailbox.accepted()), (2, 2, 2));
    assert_eq!(waiting.await, WaitOutcome::Accepted);
    assert!(matches!(mailbox.push(3), Err(Refusal::Closed(3))));
}

#[test]
fn what_a_waiting_message_displaces_is_given_back() {
    let mailbox = mailbox(1, FullPolicy::DropOldest);
    mailbox.push(1).unwrap();
    assert!(matches!(enter(&mailbox, 2), Ok(Entered::Accepted(Some(1)))));
}
