//! How messages end: the table "How messages end" of the README, row by row.
//!
//! A process that ends and comes back has its tests in `respawn`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::prelude::*;
use mesh::supervision::Cause;

use crate::loss::{door, on_network};
use crate::support::{Counter, Gate, Log, gate, settle};

/// How the handler that runs goes on.
#[derive(Clone, Copy, Debug)]
enum Then {
    GoOn,
    Panic,
    Fatal,
}

/// Holds, and notes what it handles. There is room for two messages.
struct Station {
    log: Log,
}

#[actor(mailbox(capacity = 2))]
impl Station {
    /// Runs until the gate is opened.
    #[handler(local)]
    async fn hold(&mut self, gate: Gate, then: Then) -> Result<u32, Fatal> {
        gate.passed().await;
        self.log.note("held");
        match then {
            Then::GoOn => Ok(0),
            Then::Panic => panic!("it fell"),
            Then::Fatal => Err(Fatal::new("it gave up")),
        }
    }

    #[handler]
    fn keep(&mut self, n: u32) -> u32 {
        self.log.note(n.to_string());
        n
    }
}

/// What became of each message.
#[derive(Debug, PartialEq)]
struct Fates {
    /// A call that is being handled.
    handled: String,
    /// A call that is accepted and waits for its turn. A send (2) is behind it.
    accepted: String,
    /// A call that waits for room.
    waiting: String,
    /// A send that waits for room, behind that call.
    waiting_send: String,
    /// A call and a send after the end.
    late: String,
    late_send: String,
    /// What was handled, in order.
    log: Vec<String>,
    /// Accepted, handled, given back.
    counts: [u64; 3],
}

fn told<T: std::fmt::Debug>(outcome: Result<T, CallErrorKind>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(CallErrorKind::ActorFailed { cause }) => format!("failed: {cause}"),
        Err(kind) => kind.to_string(),
    }
}

/// An actor that is held, with one message of each kind, and ends then.
async fn fates(cx: &Client, then: Then, end: impl FnOnce(&ActorHandle<Station>)) -> Fates {
    cx.on_failure(|_| Directive::Handled);
    let log = Log::default();
    let station = cx.spawn(Station { log: log.clone() });
    let (opener, gate) = gate();
    let handled = station.hold(gate, then).call(cx);
    settle().await;
    let accepted = station.keep(1).call(cx);
    station.keep(2).send(cx).unwrap();
    let waiting = station.keep(3).call(cx);
    let waiting_send = station.keep(4).send_wait(cx);
    assert_eq!(station.control().queued(), 2, "two are accepted, two wait");
    end(&station);
    drop(opener);
    station.control().ended().await;
    let late_send = station.keep(6).send(cx).map_err(|error| {
        assert_eq!(error.message.n, 6, "it comes back");
        error.kind
    });
    let control = station.control();
    let counters = control.counters();
    let returned = counters.returned.load(Ordering::Relaxed);
    assert_eq!(control.queued(), 0);
    Fates {
        handled: told(handled.await.map_err(|error| error.kind)),
        accepted: told(accepted.await.map_err(|error| error.kind)),
        waiting: told(waiting.await.map_err(|error| error.kind)),
        waiting_send: told(waiting_send.await.map_err(|error| {
            assert_eq!(error.message.map(|message| message.n), Some(4), "it comes back");
            error.kind
        })),
        late: told(station.keep(5).call(cx).await.map_err(|error| error.kind)),
        late_send: told(late_send),
        log: log.lines(),
        counts: [control.accepted(), counters.handled.load(Ordering::Relaxed), returned],
    }
}

const STOPPED: &str = "the actor has stopped";

#[mesh::test]
async fn stop_finishes_what_is_handled_and_answers_what_waits(cx: &Client) {
    let fates = fates(cx, Then::GoOn, |station| station.control().stop()).await;
    let want = Fates {
        handled: "Ok(0)".into(),
        accepted: STOPPED.into(),
        waiting: STOPPED.into(),
        waiting_send: STOPPED.into(),
        late: STOPPED.into(),
        late_send: STOPPED.into(),
        log: vec!["held".into()],
        // The call that is handled, the call and the send behind it; the latter two go back.
        counts: [3, 1, 2],
    };
    assert_eq!(fates, want);
}

#[mesh::test]
async fn drain_handles_what_waits_and_refuses_what_comes(cx: &Client) {
    let fates = fates(cx, Then::GoOn, |station| station.control().drain()).await;
    let want = Fates {
        handled: "Ok(0)".into(),
        accepted: "1".into(),
        waiting: "3".into(),
        waiting_send: "()".into(),
        late: STOPPED.into(),
        late_send: STOPPED.into(),
        log: ["held", "1", "2", "3", "4"].map(String::from).to_vec(),
        counts: [5, 5, 0],
    };
    assert_eq!(fates, want);
}

#[mesh::test]
async fn panic_fails_its_call_and_answers_what_waits_with_the_cause(cx: &Client) {
    let fates = fates(cx, Then::Panic, |_| {}).await;
    let fell = |told: &String| assert!(told.starts_with("failed: ") && told.contains("it fell"), "{told}");
    [&fates.handled, &fates.accepted, &fates.waiting, &fates.waiting_send, &fates.late, &fates.late_send]
        .into_iter()
        .for_each(fell);
    assert_eq!((fates.log, fates.counts), (vec!["held".to_owned()], [3, 1, 2]));
}

#[mesh::test]
async fn fatal_is_the_reply_of_its_call_and_the_cause_for_what_waits(cx: &Client) {
    let fates = fates(cx, Then::Fatal, |_| {}).await;
    assert_eq!(fates.handled, format!("{:?}", Err::<u32, _>(Fatal::new("it gave up"))));
    let failed =
        |told: &String| assert!(told.starts_with("failed: ") && told.contains("it gave up"), "{told}");
    [&fates.accepted, &fates.waiting, &fates.waiting_send, &fates.late, &fates.late_send]
        .into_iter()
        .for_each(failed);
    assert_eq!((fates.log, fates.counts), (vec!["held".to_owned()], [3, 1, 2]));
}

/// A station that is held; what it notes, and what opens it.
async fn held(cx: &Client) -> (ActorHandle<Station>, Log, tokio::sync::oneshot::Sender<()>) {
    let log = Log::default();
    let station = cx.spawn(Station { log: log.clone() });
    let (opener, gate) = gate();
    station.hold(gate, Then::GoOn).send(cx).unwrap();
    settle().await;
    (station, log, opener)
}

const SOON: Duration = Duration::from_millis(50);

#[mesh::test]
async fn deadline_of_a_call_in_the_queue_or_before_it_keeps_it_from_being_handled(cx: &Client) {
    let (station, log, opener) = held(cx).await;
    let calls = [1, 2, 3].map(|n| station.keep(n).timeout(SOON).call(cx));
    for call in calls {
        assert_eq!(call.await.unwrap_err().kind, CallErrorKind::Deadline { after: SOON });
    }
    drop(opener);
    assert_eq!(station.keep(4).call(cx).await.unwrap(), 4);
    assert_eq!(log.lines(), ["held", "4"]);
    let counters = station.control().counters();
    assert_eq!(counters.expired.load(Ordering::Relaxed), 2, "the third was withdrawn");
    assert_eq!(station.control().accepted(), 4);
}

#[mesh::test]
async fn handler_runs_on_past_the_deadline_of_its_call(cx: &Client) {
    let log = Log::default();
    let station = cx.spawn(Station { log: log.clone() });
    let (opener, gate) = gate();
    let call = station.hold(gate, Then::GoOn).timeout(SOON).call(cx);
    assert_eq!(call.await.unwrap_err().kind, CallErrorKind::Deadline { after: SOON });
    drop(opener);
    assert_eq!(station.keep(1).call(cx).await.unwrap(), 1);
    assert_eq!(log.lines(), ["held", "1"]);
}

/// What `call` says of its cancel safety.
#[mesh::test]
async fn dropped_call_is_withdrawn_before_it_is_accepted_and_handled_after(cx: &Client) {
    let (station, log, opener) = held(cx).await;
    drop(station.keep(1).call(cx));
    drop(station.keep(2).call(cx));
    drop(station.keep(3).call(cx));
    let behind = station.keep(4).call(cx);
    drop(opener);
    assert_eq!(behind.await.unwrap(), 4);
    assert_eq!(log.lines(), ["held", "1", "2", "4"]);
    assert_eq!((station.control().accepted(), station.control().queued()), (4, 0));
}

#[mesh::test]
async fn dropped_call_lets_its_handler_run_on(cx: &Client) {
    let log = Log::default();
    let station = cx.spawn(Station { log: log.clone() });
    let (opener, gate) = gate();
    let call = station.hold(gate, Then::GoOn).call(cx);
    settle().await;
    drop(call);
    drop(opener);
    assert_eq!(station.keep(1).call(cx).await.unwrap(), 1);
    assert_eq!(log.lines(), ["held", "1"]);
}

/// Control is not behind data: an actor with a full queue stops at once, and hears of its child before the next message.
#[mesh::test]
async fn control_is_not_behind_what_is_queued(cx: &Client) {
    let (station, log, opener) = held(cx).await;
    let queued = [1, 2].map(|n| station.keep(n).call(cx));
    station.control().stop();
    drop(opener);
    station.control().ended().await;
    for call in queued {
        assert_eq!(call.await.unwrap_err().kind, CallErrorKind::ActorStopped);
    }
    assert_eq!(log.lines(), ["held"]);
}

/// Has room for one message, and another life if `restart` says so.
macro_rules! falling {
    ($name:ident, $($restart:tt)*) => {
        struct $name;

        #[actor(mailbox(capacity = 1), $($restart)*)]
        impl $name {
            #[new]
            fn new() -> Self {
                $name
            }

            /// Panics when the gate is opened.
            #[handler(local)]
            async fn fall(&mut self, gate: Gate) {
                gate.passed().await;
                panic!("it fell");
            }

            /// Notes it; gives it, and in which life.
            #[handler(local)]
            fn keep(&mut self, cx: &Context<Self>, log: Log, n: u32) -> (u32, u32) {
                log.note(n.to_string());
                (n, cx.id().incarnation)
            }
        }
    };
}

falling!(Phoenix, restart(max = 1, backoff = "10ms"));
falling!(Mortal,);

/// A call that is handled as the actor falls, one that is accepted, one that waits for room; what is noted.
macro_rules! fall {
    ($cx:expr, $actor:expr) => {{
        let (cx, actor, log) = ($cx, $actor, Log::default());
        let (opener, gate) = gate();
        let handled = actor.fall(gate).call(cx);
        settle().await;
        let accepted = actor.keep(log.clone(), 1).call(cx);
        let waiting = actor.keep(log.clone(), 2).call(cx);
        settle().await;
        assert_eq!((actor.control().accepted(), actor.control().queued()), (2, 1));
        drop(opener);
        let handled = handled.await.map_err(|error| error.kind);
        let accepted = accepted.await.map_err(|error| error.kind);
        (handled, accepted, waiting.await.map_err(|error| error.kind), log.lines())
    }};
}

#[track_caller]
fn fell<T: std::fmt::Debug>(outcome: Result<T, CallErrorKind>) {
    let Err(CallErrorKind::ActorFailed { cause }) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(&*cause, Cause::Panic { handler, .. } if handler == "fall"), "{cause}");
}

#[mesh::test]
async fn restart_fails_the_call_that_is_handled_and_keeps_what_waits_for_the_next_life(cx: &Client) {
    let (handled, accepted, waiting, log) = fall!(cx, cx.spawn_spec(Phoenix::spec()));
    fell(handled);
    assert_eq!((accepted, waiting), (Ok((1, 2)), Ok((2, 2))));
    assert_eq!(log, ["1", "2"], "in order");
    assert!(cx.failures().is_empty());
}

#[mesh::test]
async fn restart_by_the_owner_comes_after_the_end_and_what_waits_is_answered_as_after_a_panic(cx: &Client) {
    cx.on_failure(|_| Directive::Restart);
    let actor = cx.spawn_spec(Mortal::spec());
    let late = actor.clone();
    let (handled, accepted, waiting, log) = fall!(cx, actor);
    fell(handled);
    fell(accepted);
    fell(waiting);
    assert!(log.is_empty(), "{log:?}");
    settle().await;
    assert_eq!(late.keep(Log::default(), 3).call(cx).await.unwrap(), (3, 2));
}

#[test]
fn end_of_a_process_answers_what_is_handled_accepted_on_its_way_and_later() {
    on_network(11, async |cx, network| {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 1)).await.unwrap();
        let counter = procs.spawn(cx, "counters", Counter::spec(0)).await.unwrap().rank(0);
        let handled = counter.hang().call(cx);
        let accepted = counter.hang().call(cx);
        settle().await;
        network.partition(&door(cx));
        let on_its_way = counter.hang().call(cx);
        for call in [handled, accepted, on_its_way] {
            let error = call.await.unwrap_err();
            assert!(matches!(error.kind, CallErrorKind::ProcLost { .. }), "{error}");
        }
        let error = counter.get().call(cx).await.unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::ProcLost { .. }), "{error}");
    });
}
