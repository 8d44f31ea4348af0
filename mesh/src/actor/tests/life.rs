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
