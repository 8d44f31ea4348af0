//! How messages end: the table of the README, row by row, for what ends an actor or a call within a process.
//!
//! Restarts and the end of a process have tests of their own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::prelude::*;

use crate::support::{Gate, Log, gate, settle};

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
