//! Full mailboxes: who waits, who is refused, what is dropped.

use std::sync::atomic::Ordering;

use mesh::call::CallErrorKind;
use mesh::prelude::*;

use crate::support::{Gate, Keeper, gate, settle};

const FULL: CallErrorKind = CallErrorKind::MailboxFull { capacity: 4 };

/// A keeper that is held, with a full mailbox.
async fn full(cx: &Client) -> (ActorHandle<Keeper>, tokio::sync::oneshot::Sender<()>) {
    let keeper = cx.spawn(Keeper::default());
    let (opener, gate) = gate();
    keeper.hold(gate).send(cx).unwrap();
    settle().await;
    for n in 0..4 {
        keeper.keep(n).send(cx).unwrap();
    }
    (keeper, opener)
}

#[mesh::test]
async fn a_send_to_a_full_mailbox_gives_the_message_back(cx: &Client) {
    let (keeper, _opener) = full(cx).await;
    let error = keeper.keep(99).send(cx).unwrap_err();
    assert_eq!(error.kind, FULL);
    assert_eq!(error.callee.to_string(), "`keep` of Keeper@client");
    assert_eq!(error.message.n, 99);
}

#[mesh::test]
async fn waiting_calls_and_sends_come_in_in_order(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let mut calls = Vec::new();
    let mut waits = Vec::new();
    for n in (4..20).step_by(2) {
        calls.push(keeper.keep(n).call(cx));
        waits.push(keeper.keep(n + 1).send_wait(cx));
    }
    assert_eq!(keeper.control().queued(), 4);
    drop(opener);
    for call in calls {
        call.await.unwrap();
    }
    for wait in waits {
        wait.await.unwrap();
    }
    assert_eq!(keeper.kept().call(cx).await.unwrap(), (0..20).collect::<Vec<_>>());
}

#[mesh::test]
async fn a_plain_send_never_overtakes_one_that_waits(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let waiting = keeper.keep(4).call(cx);
    assert_eq!(keeper.keep(5).send(cx).unwrap_err().kind, FULL);
    drop(opener);
    waiting.await.unwrap();
    keeper.keep(6).send(cx).unwrap();
    assert_eq!(keeper.kept().call(cx).await.unwrap(), [0, 1, 2, 3, 4, 6]);
}

#[mesh::test]
async fn a_call_dropped_before_acceptance_is_withdrawn(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let (withdrawn, kept) = (keeper.keep(50).call(cx), keeper.keep(51).call(cx));
    drop(withdrawn);
    drop(opener);
    kept.await.unwrap();
    assert_eq!(keeper.kept().call(cx).await.unwrap(), [0, 1, 2, 3, 51]);
}

#[mesh::test]
async fn a_send_wait_dropped_before_acceptance_is_withdrawn(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    drop(keeper.keep(50).send_wait(cx));
    drop(opener);
    settle().await;
    assert_eq!(keeper.kept().call(cx).await.unwrap(), [0, 1, 2, 3]);
}

#[mesh::test]
async fn a_call_dropped_after_acceptance_still_runs(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    drop(keeper.keep(1).call(cx));
    assert_eq!(keeper.kept().call(cx).await.unwrap(), [1]);
}

#[mesh::test]
async fn a_waiting_send_gets_its_message_back_when_the_actor_stops(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let waiting = keeper.keep(50).send_wait(cx);
    let mut waiting = Box::pin(waiting);
    assert!(futures_poll(&mut waiting).is_none());
    keeper.control().stop();
    drop(opener);
    let error = waiting.await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::ActorStopped);
    assert_eq!(error.message.map(|message| message.n), Some(50));
}

/// Polls once.
fn futures_poll<F: Future>(future: &mut std::pin::Pin<Box<F>>) -> Option<F::Output> {
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut task) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[mesh::test]
async fn a_drain_handles_those_who_wait_too(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let call = keeper.keep(4).call(cx);
    let mut send = Box::pin(keeper.keep(5).send_wait(cx));
    assert!(futures_poll(&mut send).is_none());
    let afar: ActorRef<Keeper> = (&keeper).into();
    let remote = afar.keep(6).send_wait(cx);
    settle().await;
    keeper.control().drain();
    drop(opener);
    assert_eq!(call.await.unwrap(), 4);
    send.await.unwrap();
    remote.await.unwrap();
    keeper.control().ended().await;
    let counters = keeper.control().counters();
    assert_eq!(counters.handled.load(Ordering::Relaxed), 8, "the held one and seven numbers");
    assert_eq!(keeper.control().accepted(), 8);
    assert_eq!(keeper.control().queued(), 0);
}

#[mesh::test]
async fn a_remote_send_wait_resolves_when_it_is_accepted(cx: &Client) {
    let (keeper, opener) = full(cx).await;
    let afar: ActorRef<Keeper> = (&keeper).into();
    let mut waiting = Box::pin(afar.keep(4).send_wait(cx));
    settle().await;
    assert!(futures_poll(&mut waiting).is_none());
    drop(opener);
    waiting.await.unwrap();
    assert_eq!(afar.kept().call(cx).await.unwrap(), [0, 1, 2, 3, 4]);
}

#[mesh::test]
async fn a_remote_send_to_a_full_mailbox_is_refused_here_or_comes_back(cx: &Client) {
    let (keeper, _opener) = full(cx).await;
    let afar: ActorRef<Keeper> = (&keeper).into();
    // In one process the route ends at once, and the refusal is the verb's.
    assert_eq!(afar.keep(9).send(cx).unwrap_err().kind, FULL);
}

#[derive(Default)]
struct Strict(Vec<u32>);

#[actor(mailbox(capacity = 1, full = "reject"))]
impl Strict {
    #[handler(local)]
    async fn hold(&mut self, gate: Gate) {
        gate.passed().await;
    }
    #[handler]
    fn keep(&mut self, n: u32) -> Vec<u32> {
        self.0.push(n);
        self.0.clone()
    }
}

#[mesh::test]
async fn reject_refuses_calls_and_waiting_sends(cx: &Client) {
    let strict = cx.spawn(Strict::default());
    let (opener, gate) = gate();
    strict.hold(gate).send(cx).unwrap();
    settle().await;
    let queued = strict.keep(1).call(cx);
    let full = CallErrorKind::MailboxFull { capacity: 1 };
    assert_eq!(strict.keep(2).call(cx).await.unwrap_err().kind, full);
    let error = strict.keep(3).send_wait(cx).await.unwrap_err();
    assert_eq!((error.kind, error.message.map(|message| message.n)), (full.clone(), Some(3)));
    assert_eq!(strict.keep(4).send(cx).unwrap_err().kind, full);
    drop(opener);
    assert_eq!(queued.await.unwrap(), [1]);
}

#[derive(Default)]
struct Latest(Vec<u32>);

#[actor(mailbox(capacity = 2, full = "drop_oldest"))]
impl Latest {
    #[handler(local)]
    async fn hold(&mut self, gate: Gate) {
        gate.passed().await;
    }
    #[handler]
    fn keep(&mut self, n: u32) -> Vec<u32> {
        self.0.push(n);
        self.0.clone()
    }
}

#[mesh::test]
async fn drop_oldest_keeps_the_newest_and_tells_whose_was_dropped(cx: &Client) {
    let latest = cx.spawn(Latest::default());
    let (opener, gate) = gate();
    latest.hold(gate).send(cx).unwrap();
    settle().await;
    let oldest = latest.keep(1).call(cx);
    latest.keep(2).send(cx).unwrap();
    let third = latest.keep(3).call(cx);
    latest.keep(4).send_wait(cx).await.unwrap();
    assert_eq!(oldest.await.unwrap_err().kind, CallErrorKind::MailboxFull { capacity: 2 });
    drop(opener);
    assert_eq!(third.await.unwrap(), [3]);
    assert_eq!(latest.keep(5).call(cx).await.unwrap(), [3, 4, 5]);
    assert_eq!(latest.control().counters().dropped.load(Ordering::Relaxed), 2);
}
