//! Whatever ends an actor, and whenever: every message is accounted for, and every await ends (`DEL-5`, `CALL-1`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mesh::clock::Entropy;
use mesh::prelude::*;
use mesh::root::{Launch, Root, RootOptions};

/// Ten times what all rounds take on a slow machine.
const HANG: Duration = Duration::from_secs(120);
const SENDERS: u64 = 8;
const MESSAGES: u64 = 200;
const ROUNDS: u64 = 48;

/// Fails at the handler's `n`-th message.
struct Mortal {
    fails_at: u64,
    handled: u64,
}

impl Mortal {
    fn count(&mut self) {
        self.handled += 1;
        assert!(self.handled != self.fails_at, "its time had come");
    }
}

macro_rules! mortal {
    ($name:ident, $full:literal) => {
        struct $name(Mortal);

        #[actor(mailbox(capacity = 16, full = $full))]
        impl $name {
            #[handler]
            fn plain(&mut self, n: u64) -> u64 {
                self.0.count();
                n
            }
            #[handler]
            async fn slow(&mut self, n: u64) -> u64 {
                tokio::task::yield_now().await;
                self.0.count();
                n
            }
        }

        impl $name {
            async fn round(client: Client, seed: u64) {
                let entropy = Entropy::from_seed(seed);
                let fails_at = if seed % 3 == 0 { 1 + entropy.below(SENDERS * MESSAGES) } else { 0 };
                let actor = client.spawn($name(Mortal { fails_at, handled: 0 }));
                let answered = Arc::new(AtomicU64::new(0));
                let senders: Vec<_> = (0..SENDERS)
                    .map(|sender| {
                        let (client, actor) = (client.clone(), actor.clone());
                        let entropy = Entropy::from_seed(seed * 100 + sender);
                        let answered = answered.clone();
                        tokio::spawn(async move {
                            let afar: ActorRef<$name> = (&actor).into();
                            for n in 0..MESSAGES {
                                match entropy.below(9) {
                                    0 => drop(actor.plain(n).send(&client)),
                                    1 => drop(actor.slow(n).send_wait(&client).await),
                                    2 => drop(actor.slow(n).send_wait(&client)),
                                    3 => drop(actor.plain(n).call(&client)),
                                    4 => drop(actor.slow(n).timeout(Duration::ZERO).call(&client).await),
                                    5 => drop(afar.plain(n).send(&client)),
                                    6 => drop(afar.slow(n).send_wait(&client).await),
                                    7 => match afar.slow(n).call(&client).await {
                                        Ok(answer) => {
                                            assert_eq!(answer, n);
                                            answered.fetch_add(1, Ordering::Relaxed);
                                        }
                                        Err(_) => {}
                                    },
                                    _ => match actor.plain(n).call(&client).await {
                                        Ok(answer) => {
                                            assert_eq!(answer, n);
                                            answered.fetch_add(1, Ordering::Relaxed);
                                        }
                                        Err(_) => {}
                                    },
                                }
                            }
                        })
                    })
                    .collect();
                let ender = {
                    let (actor, entropy) = (actor.clone(), Entropy::from_seed(seed));
                    tokio::spawn(async move {
                        for _ in 0..entropy.below(2000) {
                            tokio::task::yield_now().await;
                        }
                        match entropy.below(4) {
                            0 => actor.control().stop(),
                            1 => actor.control().drain(),
                            2 => actor.control().kill(),
                            _ => {}
                        }
                    })
                };
                for sender in senders {
                    sender.await.unwrap();
                }
                ender.await.unwrap();
                actor.control().drain();
                actor.control().ended().await;
                let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
                let control = actor.control();
                let counters = control.counters();
                let accounted = count(&counters.handled)
                    + count(&counters.returned)
                    + count(&counters.expired)
                    + count(&counters.dropped)
                    + control.queued() as u64;
                assert_eq!(control.accepted(), accounted, "{counters:?}, {} queued", control.queued());
                assert_eq!(control.queued(), 0, "an actor that has ended has no queue: {counters:?}");
                assert!(count(&answered) <= count(&counters.handled));
            }
        }
    };
}

mortal!(Waits, "wait");
mortal!(Rejects, "reject");
mortal!(Drops, "drop_oldest");

#[test]
fn every_message_is_accounted_for_whatever_ends_the_actor() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let options = RootOptions { launch: Launch::InProcess, ..RootOptions::default() };
        let root = Root::start(options).await.unwrap();
        let client = root.client().clone();
        client.on_failure(|_| mesh::Directive::Handled);
        let rounds = async {
            for seed in 0..ROUNDS {
                match seed % 4 {
                    0 | 1 => Waits::round(client.clone(), seed).await,
                    2 => Rejects::round(client.clone(), seed).await,
                    _ => Drops::round(client.clone(), seed).await,
                }
            }
        };
        tokio::time::timeout(HANG, rounds).await.expect("every await ends");
        root.shutdown().await;
    });
}
