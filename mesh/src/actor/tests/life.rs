//! The life of an actor: its size, its deadlines, its accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::*;
use crate::prelude::*;

/// Counts, and breaks when told to.
struct Station {
    sum: u64,
    state: [u64; 5],
}

#[actor]
impl Station {
    #[handler(local)]
    fn add(&mut self, by: u64) {
        self.sum += by;
        self.state[0] = self.sum;
    }

    #[handler(local)]
    async fn slow(&mut self) -> u64 {
        tokio::task::yield_now().await;
        self.sum
    }

    #[handler(local)]
    fn never(&mut self, by: u64) -> u64 {
        assert!(by != 13, "thirteen");
        by
    }

    #[handler(local)]
    fn leave(&mut self, cx: &Context<Self>) {
        cx.stop();
    }

    #[handler(local)]
    async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }
}

fn station() -> Station {
    Station { sum: 0, state: [0; 5] }
}

#[test]
fn an_idle_actor_is_small() {
    assert!(size_of::<Cell<Station>>() <= 704, "its cell: {}", size_of::<Cell<Station>>());
    assert!(size_of::<Parcel<Station>>() <= 80);
}

#[crate::test]
async fn a_call_ends_at_its_deadline_exactly(cx: &Client) {
    let idle = cx.spawn(station());
    for after in [Duration::from_millis(5), Duration::from_millis(500), Duration::from_secs(60)] {
        let start = crate::clock::now();
        let stuck = cx.spawn(station());
        let error = stuck.hang().timeout(after).call(cx).await.expect_err("it hangs");
        assert!(matches!(error.kind, crate::call::CallErrorKind::Deadline { after: a } if a == after));
        let took = crate::clock::now() - start;
        assert!(took >= after && took <= after + Duration::from_millis(1), "{took:?}");
    }
    assert_eq!(idle.slow().call(cx).await.expect("it runs"), 0);
}

/// `DEL-5`, however the actor ends: whatever its mailbox accepted was handled, given back or too late.
#[crate::test]
async fn what_was_accepted_is_accounted_for_however_the_actor_ends(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    for round in 0..40_u64 {
        let station = cx.spawn(station());
        let answered = Arc::new(AtomicU64::new(0));
        let mut senders = Vec::new();
        for sender in 0..8_u64 {
            let (station, cx, answered) = (station.clone(), cx.clone(), answered.clone());
            senders.push(tokio::spawn(async move {
                for n in 0..50_u64 {
                    let ended = match (sender + n + round) % 4 {
                        0 => station.add(1).send(&cx).is_err(),
                        1 => station.add(1).send_wait(&cx).await.is_err(),
                        2 => station.slow().call(&cx).await.is_err(),
                        _ => station.never(n % 12).call(&cx).await.is_err(),
                    };
                    answered.fetch_add(1, Ordering::SeqCst);
                    if ended {
                        break;
                    }
                }
            }));
        }
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        match round % 5 {
            0 => station.control().stop(),
            1 => station.control().drain(),
            2 => station.control().kill(),
            3 => drop(station.never(13).call(cx).await),
            _ => station.leave().send(cx).expect("it runs"),
        }
        station.control().ended().await;
        for sender in senders {
            sender.await.expect("every await of a sender ends");
        }
        let control = station.control();
        let (accepted, counters) = (control.accepted(), control.counters());
        let counted = [&counters.handled, &counters.returned, &counters.expired, &counters.dropped]
            .iter()
            .map(|counter| counter.load(Ordering::SeqCst))
            .sum::<u64>();
        assert_eq!(counted, accepted, "round {round}");
        assert!(answered.load(Ordering::SeqCst) >= 8, "round {round}");
    }
}

/// Runs whatever it is told to.
struct Runner {
    log: Arc<std::sync::Mutex<Vec<u64>>>,
}

#[actor]
impl Runner {
    #[handler(local)]
    fn note(&mut self, n: u64) -> u64 {
        self.log.lock().expect("no panic under it").push(n);
        n
    }

    #[handler(local)]
    async fn half(&mut self, go: Arc<tokio::sync::Notify>) {
        self.log.lock().expect("no panic under it").push(1);
        go.notified().await;
        self.log.lock().expect("no panic under it").push(2);
    }

    #[handler(local)]
    async fn down(&mut self, cx: &Context<Self>, levels: u64) -> u64 {
        if levels == 0 {
            return 0;
        }
        let below = cx.spawn(Runner { log: self.log.clone() });
        1 + below.down(levels - 1).call(cx).await.expect("it runs")
    }

    #[handler(local)]
    fn fall(&self) {
        panic!("it falls");
    }
}

fn runner() -> (Runner, Arc<std::sync::Mutex<Vec<u64>>>) {
    let log = Arc::default();
    (Runner { log: Arc::clone(&log) }, log)
}

/// `DEL-1` where the caller runs its callee: what was sent before the call is handled before it.
#[crate::test]
async fn a_call_of_an_idle_actor_comes_after_what_was_sent_before_it(cx: &Client) {
    let (runner, log) = runner();
    let runner = cx.spawn(runner);
    for n in 0..300 {
        if n % 7 < 5 {
            runner.note(n).send(cx).expect("there is room");
        } else {
            assert_eq!(runner.note(n).call(cx).await.expect("it runs"), n);
        }
    }
    assert_eq!(runner.note(300).call(cx).await.expect("it runs"), 300);
    assert_eq!(*log.lock().expect("no panic"), (0..=300).collect::<Vec<_>>());
}

#[crate::test]
async fn a_handler_that_its_caller_began_goes_on_without_it(cx: &Client) {
    let (runner, log) = runner();
    let runner = cx.spawn(runner);
    let go = Arc::new(tokio::sync::Notify::new());
    let mut call = std::pin::pin!(Some(runner.half(go.clone()).call(cx)));
    let first = std::future::poll_fn(|task| {
        let call = call.as_mut().as_pin_mut().expect("it is there");
        std::task::Poll::Ready(call.poll(task))
    });
    assert!(first.await.is_pending());
    assert_eq!(*log.lock().expect("no panic"), [1], "the first poll runs the callee");
    call.set(None);
    go.notify_one();
    runner.note(3).call(cx).await.expect("it runs");
    assert_eq!(*log.lock().expect("no panic"), [1, 2, 3]);
}

#[crate::test]
async fn a_panic_of_a_callee_is_not_its_callers(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let runner = cx.spawn(runner().0);
    let error = runner.fall().call(cx).await.expect_err("it falls");
    assert!(matches!(error.kind, crate::call::CallErrorKind::ActorFailed { .. }), "{error}");
}

#[crate::test]
async fn calls_are_nested_as_deep_as_actors_call(cx: &Client) {
    assert_eq!(cx.spawn(runner().0).down(60).call(cx).await.expect("they run"), 60);
}

/// `ACTOR-2` at the end of the runtime: the actor ends, its handler is dropped, and its caller hears of it.
#[test]
fn the_end_of_the_runtime_ends_actors_and_answers_their_callers() {
    for threads in [0, 2] {
        let mut builder = match threads {
            0 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        let runtime = builder.enable_all().build().expect("it starts");
        let (busy, idle, reply, token) = runtime.block_on(async {
            let root = crate::Root::start(crate::RootOptions::default()).await.expect("it starts");
            let cx = root.client();
            let (busy, idle) = (cx.spawn(runner().0), cx.spawn(station()));
            let token = Arc::new(tokio::sync::Notify::new());
            idle.slow().call(cx).await.expect("it runs");
            let reply = busy.half(token.clone()).call(cx);
            std::mem::forget(root);
            (busy, idle, reply, token)
        });
        drop(runtime);
        for status in [busy.control().status(), idle.control().status()] {
            assert!(matches!(status, ActorStatus::Ended(_)), "{status:?}");
        }
        assert_eq!(Arc::strong_count(&token), 1, "its handler is gone");
        let elsewhere =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        elsewhere.block_on(async { reply.await.expect_err("it did not answer") });
    }
}
