//! The table "How messages end" of the README, row by row: each test is named `<row>_<column>`.
//!
//! In every row one message is being handled, held by a gate; one is accepted and waits, in a mailbox that holds one; and
//! one is not yet accepted and waits for its place.

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::outbox::End;
use mesh::prelude::*;
use mesh::supervision::Cause;

use crate::loss::{door, on_network};
use crate::support::{Counter, Gate, Log, gate, settle};

/// What a held handler does when its gate is opened.
pub enum Then {
    Answer,
    Panic,
    GiveUp,
}

/// Declares an actor that can be held.
macro_rules! held {
    ($name:ident, $($options:tt)*) => {
        pub struct $name;

        #[actor(mailbox(capacity = 1), $($options)*)]
        impl $name {
            #[new]
            fn new() -> Self {
                $name
            }

            /// Runs until the gate is opened.
            #[handler(local)]
            pub async fn hold(&mut self, gate: Gate, then: Then, log: Log) -> Result<u32, Fatal> {
                gate.passed().await;
                log.note("held");
                match then {
                    Then::Answer => Ok(0),
                    Then::Panic => panic!("it fell"),
                    Then::GiveUp => Err(Fatal::new("it gives up")),
                }
            }

            /// Notes that it was handled, by which life.
            #[handler(local)]
            pub fn note(&mut self, cx: &Context<Self>, log: Log, what: u32) -> u32 {
                log.note(format!("{what}"));
                10 * what + cx.id().incarnation
            }
        }
    };
}

held!(Mortal,);
held!(Phoenix, restart(max = 1, backoff = "10ms"));

type Outcome = Result<u32, CallErrorKind>;

/// How each of the three messages ended, and what ran.
struct Fates {
    handled: Result<Result<u32, Fatal>, CallErrorKind>,
    waiting: Outcome,
    outside: Outcome,
    ran: Vec<String>,
}

/// Brings the actor into the state of the table, has `befall` happen, opens the gate, and sees how all ends.
macro_rules! befall {
    ($cx:expr, $actor:expr, $then:expr, $befall:expr) => {{
        let (cx, actor, log) = ($cx, $actor, Log::default());
        let (opener, gate) = gate();
        let handled = actor.hold(gate, $then, log.clone()).call(cx);
        settle().await;
        let waiting = actor.note(log.clone(), 1).call(cx);
        let outside = actor.note(log.clone(), 2).call(cx);
        settle().await;
        assert_eq!((actor.control().accepted(), actor.control().queued()), (2, 1));
        $befall(&actor);
        settle().await;
        drop(opener);
        let kind = |outcome: Result<u32, CallError>| outcome.map_err(|error| error.kind);
        let fates = Fates {
            handled: handled.await.map_err(|error| error.kind),
            waiting: kind(waiting.await),
            outside: kind(outside.await),
            ran: log.lines(),
        };
        fates
    }};
}

fn mortal(cx: &Client) -> ActorHandle<Mortal> {
    cx.on_failure(|_| Directive::Handled);
    cx.spawn(Mortal)
}

async fn stopped(cx: &Client) -> Fates {
    befall!(cx, mortal(cx), Then::Answer, |actor: &ActorHandle<Mortal>| actor.control().stop())
}

#[mesh::test]
async fn stop_waiting(cx: &Client) {
    let fates = stopped(cx).await;
    assert_eq!(fates.waiting, Err(CallErrorKind::ActorStopped));
    assert_eq!(fates.ran, ["held"]);
}

#[mesh::test]
async fn stop_handled(cx: &Client) {
    assert_eq!(stopped(cx).await.handled, Ok(Ok(0)), "it is finished");
}

#[mesh::test]
async fn stop_outside(cx: &Client) {
    assert_eq!(stopped(cx).await.outside, Err(CallErrorKind::ActorStopped));
}

async fn drained(cx: &Client) -> Fates {
    befall!(cx, mortal(cx), Then::Answer, |actor: &ActorHandle<Mortal>| actor.control().drain())
}

#[mesh::test]
async fn drain_waiting(cx: &Client) {
    let fates = drained(cx).await;
    assert_eq!((fates.waiting, &fates.ran[..2]), (Ok(11), &["held".to_owned(), "1".to_owned()][..]));
}

#[mesh::test]
async fn drain_handled(cx: &Client) {
    assert_eq!(drained(cx).await.handled, Ok(Ok(0)), "it is finished");
}

/// What waits for a place when the drain begins is let in; what comes after is refused.
#[mesh::test]
async fn drain_outside(cx: &Client) {
    let actor = mortal(cx);
    let late = actor.clone();
    let fates = befall!(cx, actor, Then::Answer, |actor: &ActorHandle<Mortal>| actor.control().drain());
    assert_eq!(fates.outside, Ok(21));
    let refused = late.note(Log::default(), 3).call(cx).await.unwrap_err();
    assert_eq!(refused.kind, CallErrorKind::ActorStopped);
    assert!(late.note(Log::default(), 4).send(cx).is_err());
}

async fn panicked(cx: &Client) -> Fates {
    befall!(cx, mortal(cx), Then::Panic, |_: &ActorHandle<Mortal>| {})
}

#[track_caller]
fn is_panic(kind: &CallErrorKind) {
    let CallErrorKind::ActorFailed { cause } = kind else { panic!("{kind}") };
    assert!(matches!(&**cause, Cause::Panic { handler, .. } if handler == "hold"), "{cause}");
}

#[mesh::test]
async fn panic_waiting(cx: &Client) {
    let fates = panicked(cx).await;
    is_panic(&fates.waiting.unwrap_err());
    assert_eq!(fates.ran, ["held"]);
}

#[mesh::test]
async fn panic_handled(cx: &Client) {
    is_panic(&panicked(cx).await.handled.unwrap_err());
    let gives_up = befall!(cx, mortal(cx), Then::GiveUp, |_: &ActorHandle<Mortal>| {});
    assert_eq!(gives_up.handled.unwrap().unwrap_err().message(), "it gives up");
    let CallErrorKind::ActorFailed { cause } = gives_up.waiting.unwrap_err() else { panic!() };
    assert!(matches!(*cause, Cause::Fatal { .. }), "{cause}");
}

#[mesh::test]
async fn panic_outside(cx: &Client) {
    let actor = mortal(cx);
    let late = actor.clone();
    let fates = befall!(cx, actor, Then::Panic, |_: &ActorHandle<Mortal>| {});
    is_panic(&fates.outside.unwrap_err());
    late.control().ended().await;
    is_panic(&late.note(Log::default(), 3).call(cx).await.unwrap_err().kind);
}

async fn restarted(cx: &Client) -> Fates {
    let actor = cx.spawn_spec(Phoenix::spec());
    befall!(cx, actor, Then::Panic, |_: &ActorHandle<Phoenix>| {})
}

#[mesh::test]
async fn restart_waiting(cx: &Client) {
    let fates = restarted(cx).await;
    assert_eq!(fates.waiting, Ok(12), "by the next life");
    assert_eq!(fates.ran, ["held", "1", "2"], "in order");
    assert!(cx.failures().is_empty());
}

#[mesh::test]
async fn restart_handled(cx: &Client) {
    is_panic(&restarted(cx).await.handled.unwrap_err());
}

#[mesh::test]
async fn restart_outside(cx: &Client) {
    assert_eq!(restarted(cx).await.outside, Ok(22), "it gets its place, and the next life handles it");
}

/// A restart by the word of the owner comes after the end: until then it is as after a panic.
#[mesh::test]
async fn restart_by_the_owner_waiting_and_outside(cx: &Client) {
    cx.on_failure(|_| Directive::Restart);
    let actor = cx.spawn_spec(Mortal::spec());
    let late = actor.clone();
    let fates = befall!(cx, actor, Then::Panic, |_: &ActorHandle<Mortal>| {});
    is_panic(&fates.waiting.unwrap_err());
    is_panic(&fates.outside.unwrap_err());
    settle().await;
    assert_eq!(late.note(Log::default(), 3).call(cx).await.unwrap(), 32);
}

/// A proc whose link is cut for good, with a call to it in each column, and one after.
fn lost(check: impl FnOnce(Vec<CallErrorKind>, CallErrorKind)) {
    on_network(11, async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
        let counter = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap().rank(0);
        let calls = [counter.hang().call(cx), counter.hang().call(cx)];
        settle().await;
        network.partition(&door(cx));
        let on_its_way = counter.hang().call(cx);
        let mut kinds = Vec::new();
        for call in calls {
            kinds.push(call.await.unwrap_err().kind);
        }
        kinds.push(on_its_way.await.unwrap_err().kind);
        check(kinds, counter.get().call(cx).await.unwrap_err().kind);
    });
}

#[track_caller]
fn is_lost(kind: &CallErrorKind) {
    assert!(matches!(kind, CallErrorKind::ProcLost { .. }), "{kind}");
}

#[test]
fn process_end_handled() {
    lost(|kinds, _| is_lost(&kinds[0]));
}

#[test]
fn process_end_waiting() {
    lost(|kinds, _| is_lost(&kinds[1]));
}

#[test]
fn process_end_outside() {
    lost(|kinds, later| {
        is_lost(&kinds[2]);
        is_lost(&later);
    });
}

/// The deadlines of all three are over before the gate is opened.
async fn expired(cx: &Client) -> (Vec<CallErrorKind>, Vec<String>, u64) {
    let (actor, log) = (mortal(cx), Log::default());
    let (opener, gate) = gate();
    let soon = Duration::from_millis(50);
    let handled = actor.hold(gate, Then::Answer, log.clone()).timeout(soon).call(cx);
    settle().await;
    let waiting = actor.note(log.clone(), 1).timeout(soon).call(cx);
    let outside = actor.note(log.clone(), 2).timeout(soon).call(cx);
    let kinds = vec![
        handled.await.unwrap_err().kind,
        waiting.await.unwrap_err().kind,
        outside.await.unwrap_err().kind,
    ];
    let accepted = actor.control().accepted();
    drop(opener);
    assert_eq!(actor.note(log.clone(), 9).call(cx).await.unwrap(), 91);
    (kinds, log.lines(), accepted)
}

#[track_caller]
fn is_deadline(kind: &CallErrorKind) {
    assert!(
        matches!(kind, CallErrorKind::Deadline { after } if *after == Duration::from_millis(50)),
        "{kind}"
    );
}

#[mesh::test]
async fn deadline_waiting(cx: &Client) {
    let (kinds, ran, _) = expired(cx).await;
    is_deadline(&kinds[1]);
    assert!(!ran.contains(&"1".to_owned()), "it is not handled any more: {ran:?}");
}

#[mesh::test]
async fn deadline_handled(cx: &Client) {
    let (kinds, ran, _) = expired(cx).await;
    is_deadline(&kinds[0]);
    assert_eq!(ran[0], "held", "it runs on");
}

#[mesh::test]
async fn deadline_outside(cx: &Client) {
    let (kinds, ran, accepted) = expired(cx).await;
    is_deadline(&kinds[2]);
    assert_eq!(accepted, 2, "it is withdrawn");
    assert_eq!(ran, ["held", "9"]);
}

/// Every caller drops its call before the gate is opened.
async fn dropped(cx: &Client) -> (Vec<String>, u64, End) {
    let (actor, log) = (mortal(cx), Log::default());
    let (opener, gate) = gate();
    let handled = actor.hold(gate, Then::Answer, log.clone()).call(cx);
    settle().await;
    let waiting = actor.note(log.clone(), 1).call(cx);
    let outside = actor.note(log.clone(), 2).call(cx);
    settle().await;
    drop((handled, waiting, outside));
    drop(opener);
    actor.control().drain();
    let end = actor.control().ended().await;
    (log.lines(), actor.control().accepted(), end)
}

#[mesh::test]
async fn dropped_call_waiting(cx: &Client) {
    let (ran, _, end) = dropped(cx).await;
    assert_eq!((ran[1].as_str(), end), ("1", End::Stopped), "it is handled");
}

#[mesh::test]
async fn dropped_call_handled(cx: &Client) {
    assert_eq!(dropped(cx).await.0[0], "held", "it runs on");
}

#[mesh::test]
async fn dropped_call_outside(cx: &Client) {
    let (ran, accepted, _) = dropped(cx).await;
    assert_eq!((ran.len(), accepted), (2, 2), "it is withdrawn");
}
