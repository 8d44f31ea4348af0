//! An actor of the same process, from its start to its end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::call::{CallErrorKind, TryCallError};
use mesh::outbox::End;
use mesh::prelude::*;
use mesh::supervision::Cause;

use crate::support::{Keeper, Log, gate, settle};

struct Shop {
    log: Log,
    stock: u32,
}

#[derive(Debug, PartialEq, Clone, serde::Serialize, serde::Deserialize)]
pub struct SoldOut(u32);

impl std::fmt::Display for SoldOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "only {} left", self.0)
    }
}

#[actor]
impl Shop {
    #[on_start]
    async fn open(&mut self) {
        tokio::task::yield_now().await;
        self.log.note("open");
    }

    #[on_stop]
    async fn close(&mut self) {
        self.log.note("close");
    }

    #[handler]
    fn stock(&self) -> u32 {
        self.stock
    }

    #[handler]
    async fn restock(&mut self, by: u32) -> u32 {
        tokio::task::yield_now().await;
        self.log.note(format!("restock {by}"));
        self.stock += by;
        self.stock
    }

    #[handler]
    fn buy(&mut self, n: u32) -> Result<u32, SoldOut> {
        self.stock = self.stock.checked_sub(n).ok_or(SoldOut(self.stock))?;
        Ok(self.stock)
    }

    #[handler]
    fn burn(&mut self) -> Result<(), Fatal> {
        Err(Fatal::new("fire"))
    }

    #[handler]
    fn fall(&mut self) {
        panic!("plain fall");
    }

    #[handler]
    async fn fall_later(&mut self) {
        tokio::task::yield_now().await;
        panic!("async fall");
    }

    #[handler]
    fn who(&self, cx: &Context<Self>) -> String {
        format!("{} {}", cx.id(), cx.handler().unwrap_or("-"))
    }

    #[handler(local)]
    fn visit(&mut self, with: Box<dyn Fn(u32) -> u32 + Send>) -> Result<u32, Box<dyn Fn() + Send>> {
        Ok(with(self.stock))
    }
}

fn shop(cx: &Client) -> (ActorHandle<Shop>, Log) {
    let log = Log::default();
    (cx.spawn(Shop { log: log.clone(), stock: 10 }), log)
}

/// Failures are expected: the test goes on.
fn tolerate(cx: &Client) {
    cx.on_failure(|_| mesh::Directive::Handled);
}

#[mesh::test]
async fn a_call_of_a_plain_handler_gives_its_reply(cx: &Client) {
    assert_eq!(shop(cx).0.stock().call(cx).await.unwrap(), 10);
}

#[mesh::test]
async fn a_call_of_an_async_handler_gives_its_reply(cx: &Client) {
    assert_eq!(shop(cx).0.restock(5).call(cx).await.unwrap(), 15);
}

#[mesh::test]
async fn a_send_is_handled_before_a_later_call(cx: &Client) {
    let (shop, _) = shop(cx);
    shop.restock(1).send(cx).unwrap();
    shop.restock(2).send_wait(cx).await.unwrap();
    assert_eq!(shop.stock().call(cx).await.unwrap(), 13);
}

#[mesh::test]
async fn a_handler_knows_who_it_is_and_what_runs(cx: &Client) {
    assert_eq!(shop(cx).0.who().call(cx).await.unwrap(), "Shop@client who");
}

#[mesh::test]
async fn an_err_answers_the_caller_and_the_actor_lives_on(cx: &Client) {
    let (shop, _) = shop(cx);
    assert_eq!(shop.buy(11).call(cx).await.unwrap(), Err(SoldOut(10)));
    assert_eq!(shop.buy(4).call(cx).await.unwrap(), Ok(6));
    assert_eq!(shop.control().counters().refused_unheard.load(Ordering::Relaxed), 0);
}

#[mesh::test]
async fn try_call_flattens_the_handlers_error(cx: &Client) {
    let (shop, _) = shop(cx);
    assert_eq!(shop.buy(4).try_call(cx).await, Ok(6));
    assert_eq!(shop.buy(7).try_call(cx).await, Err(TryCallError::Handler(SoldOut(6))));
    shop.control().stop();
    shop.control().ended().await;
    assert!(matches!(shop.buy(1).try_call(cx).await, Err(TryCallError::Call(_))));
}

#[mesh::test]
async fn an_err_that_nobody_hears_is_counted(cx: &Client) {
    let (shop, _) = shop(cx);
    shop.buy(11).send(cx).unwrap();
    assert_eq!(shop.stock().call(cx).await.unwrap(), 10);
    assert_eq!(shop.control().counters().refused_unheard.load(Ordering::Relaxed), 1);
    assert_eq!(cx.failures(), vec![]);
}

#[mesh::test]
async fn a_fatal_error_answers_and_fails_the_actor(cx: &Client) {
    tolerate(cx);
    let (shop, log) = shop(cx);
    assert_eq!(shop.burn().call(cx).await.unwrap(), Err(Fatal::new("fire")));
    let End::Failed(failure) = shop.control().ended().await else { panic!("it failed") };
    assert_eq!(failure.cause, Cause::Fatal { handler: "burn".into(), message: "fire".into() });
    assert_eq!(cx.failures(), vec![*failure]);
    assert_eq!(log.lines(), ["open"], "`on_stop` is not for failures");
}

#[track_caller]
fn assert_panic(cause: &Cause, name: &str, text: &str) {
    match cause {
        Cause::Panic { handler, message } if handler == name && message.contains(text) => {}
        other => panic!("not a panic of `{name}`: {other}"),
    }
}

#[mesh::test]
async fn a_panic_in_a_plain_handler_ends_its_call_and_the_actor(cx: &Client) {
    tolerate(cx);
    let (shop, _) = shop(cx);
    let (fallen, behind) = (shop.fall().call(cx), shop.stock().call(cx));
    for (error, handler) in [(fallen.await.unwrap_err(), "fall"), (behind.await.unwrap_err(), "stock")] {
        assert_eq!(error.callee.handler.as_deref(), Some(handler));
        let CallErrorKind::ActorFailed { cause } = &error.kind else { panic!("{error}") };
        assert_panic(cause, "fall", "plain fall");
    }
    let late = shop.stock().call(cx).await.unwrap_err();
    assert!(matches!(late.kind, CallErrorKind::ActorFailed { .. }), "{late}");
    assert_eq!(cx.failures().len(), 1);
}

#[mesh::test]
async fn a_panic_in_an_async_handler_ends_its_call_and_the_actor(cx: &Client) {
    tolerate(cx);
    let (shop, _) = shop(cx);
    let error = shop.fall_later().call(cx).await.unwrap_err();
    let CallErrorKind::ActorFailed { cause } = &error.kind else { panic!("{error}") };
    assert_panic(cause, "fall_later", "async fall");
    let seen = cx.failure(|_| true).await;
    assert_panic(&seen.cause, "fall_later", "local.rs");
}

#[mesh::test]
async fn a_local_handler_takes_what_cannot_be_encoded(cx: &Client) {
    let answer = shop(cx).0.visit(Box::new(|stock| stock * 2)).call(cx).await.unwrap();
    assert_eq!(answer.ok(), Some(20));
}

#[mesh::test]
async fn on_start_runs_before_the_first_message_and_on_stop_after_the_last(cx: &Client) {
    let (shop, log) = shop(cx);
    shop.restock(1).send(cx).unwrap();
    shop.restock(2).send(cx).unwrap();
    shop.control().drain();
    assert_eq!(shop.control().ended().await, End::Stopped);
    assert_eq!(log.lines(), ["open", "restock 1", "restock 2", "close"]);
}

#[mesh::test]
async fn a_stop_returns_what_is_queued(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (opener, gate) = gate();
    let held = keeper.hold(gate).call(cx);
    let queued = keeper.keep(1).call(cx);
    settle().await;
    keeper.control().stop();
    drop(opener);
    held.await.unwrap();
    assert_eq!(queued.await.unwrap_err().kind, CallErrorKind::ActorStopped);
    assert_eq!(keeper.control().ended().await, End::Stopped);
    assert_eq!(keeper.control().counters().returned.load(Ordering::Relaxed), 1);
}

#[mesh::test]
async fn a_drain_handles_what_is_queued_and_takes_nothing_new(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (opener, gate) = gate();
    keeper.hold(gate).send(cx).unwrap();
    let queued = keeper.keep(1).call(cx);
    settle().await;
    keeper.control().drain();
    drop(opener);
    assert_eq!(queued.await.unwrap(), 1);
    assert_eq!(keeper.control().ended().await, End::Stopped);
    assert_eq!(keeper.keep(2).call(cx).await.unwrap_err().kind, CallErrorKind::ActorStopped);
}

#[mesh::test]
async fn a_kill_ends_a_handler_that_never_returns(cx: &Client) {
    tolerate(cx);
    let keeper = cx.spawn(Keeper::default());
    let (_opener, gate) = gate();
    let (held, queued) = (keeper.hold(gate).call(cx), keeper.keep(1).call(cx));
    settle().await;
    keeper.control().kill();
    assert!(held.await.is_err());
    assert!(queued.await.is_err());
    let End::Failed(failure) = keeper.control().ended().await else { panic!("a kill is a failure") };
    assert_eq!(failure.cause.to_string(), "it was killed");
    assert_eq!(cx.failures().len(), 1);
}

#[mesh::test]
async fn an_actor_stops_itself_after_the_handler_that_asks(cx: &Client) {
    struct Once;
    #[actor]
    impl Once {
        #[handler]
        fn last(&self, cx: &Context<Self>) -> u32 {
            cx.stop();
            1
        }
    }
    let once = cx.spawn(Once);
    let (first, second) = (once.last().call(cx), once.last().call(cx));
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(second.await.unwrap_err().kind, CallErrorKind::ActorStopped);
    assert_eq!(once.control().ended().await, End::Stopped);
    assert_eq!(once.control().queued(), 0);
    assert_eq!(once.control().counters().returned.load(Ordering::Relaxed), 1);
}

#[mesh::test]
async fn messages_of_one_sender_are_handled_in_order(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let waits: Vec<_> = (0..20).map(|n| keeper.keep(n).send_wait(cx)).collect();
    for wait in waits {
        wait.await.unwrap();
    }
    let called: Vec<_> = (20..40).map(|n| keeper.keep(n).call(cx)).collect();
    for call in called {
        call.await.unwrap();
    }
    assert_eq!(keeper.kept().call(cx).await.unwrap(), (0..40).collect::<Vec<_>>());
}

#[mesh::test]
async fn an_on_start_that_fails_fails_the_actor_and_its_calls(cx: &Client) {
    struct Stillborn;
    #[actor]
    impl Stillborn {
        #[on_start]
        async fn start(&mut self) -> Result<(), Fatal> {
            Err(Fatal::new("no power"))
        }
        #[handler]
        fn ping(&self) {}
    }
    tolerate(cx);
    let error = cx.spawn(Stillborn).ping().call(cx).await.unwrap_err();
    assert!(error.to_string().contains("`on_start` gave up: no power"), "{error}");
}

#[mesh::test]
async fn a_failing_child_fails_its_parent_with_the_chain(cx: &Client) {
    struct Parent;
    #[actor]
    impl Parent {
        #[handler(local)]
        fn raise(&mut self, cx: &Context<Self>) -> ActorHandle<Keeper> {
            cx.spawn(Keeper::default())
        }
    }
    tolerate(cx);
    let parent = cx.spawn(Parent);
    let child = parent.raise().call(cx).await.unwrap();
    child.fall().send(cx).unwrap();
    let End::Failed(failure) = parent.control().ended().await else { panic!("it failed") };
    assert_panic(failure.root_cause(), "fall", "it fell");
    assert_eq!(failure.chain().count(), 2);
    assert_eq!(cx.failures(), vec![*failure]);
}

#[mesh::test]
async fn an_on_failure_that_handles_it_keeps_the_parent(cx: &Client) {
    struct Parent(u32);
    #[actor]
    impl Parent {
        #[handler(local)]
        fn raise(&mut self, cx: &Context<Self>) -> ActorHandle<Keeper> {
            cx.spawn(Keeper::default())
        }
        #[handler]
        fn lost(&self) -> u32 {
            self.0
        }
        #[on_failure]
        async fn child_died(&mut self, _failure: Failure) -> Directive {
            self.0 += 1;
            Directive::Handled
        }
    }
    let parent = cx.spawn(Parent(0));
    let child = parent.raise().call(cx).await.unwrap();
    child.fall().send(cx).unwrap();
    child.control().ended().await;
    assert_eq!(parent.lost().call(cx).await.unwrap(), 1);
    assert_eq!(cx.failures(), vec![]);
}

#[mesh::test]
async fn children_end_with_their_parent_before_its_on_stop(cx: &Client) {
    struct Parent(Log);
    #[actor]
    impl Parent {
        #[handler(local)]
        fn raise(&mut self, cx: &Context<Self>) -> ActorHandle<Keeper> {
            cx.spawn(Keeper { log: self.0.clone(), ..Keeper::default() })
        }
        #[on_stop]
        fn stop(&mut self) {
            self.0.note("parent");
        }
    }
    let log = Log::default();
    let parent = cx.spawn(Parent(log.clone()));
    let child = parent.raise().call(cx).await.unwrap();
    child.keep(7).send(cx).unwrap();
    parent.control().stop();
    parent.control().ended().await;
    assert_eq!(log.lines(), ["kept [7]", "parent"]);
    assert_eq!(child.control().ended().await, End::Stopped);
}

#[mesh::test]
async fn an_endless_time_limit_is_a_time_limit(cx: &Client) {
    let (shop, _) = shop(cx);
    shop.restock(1).timeout(Duration::MAX).send(cx).unwrap();
    shop.restock(1).timeout(Duration::MAX).send_wait(cx).await.unwrap();
    assert_eq!(shop.stock().timeout(Duration::MAX).call(cx).await.unwrap(), 12);
    let afar: ActorRef<Shop> = (&shop).into();
    afar.restock(1).timeout(Duration::MAX).send(cx).unwrap();
    assert_eq!(afar.stock().timeout(Duration::MAX).call(cx).await.unwrap(), 13);
}

#[mesh::test]
async fn a_killed_parent_takes_its_children_with_it(cx: &Client) {
    struct Parent;
    #[actor]
    impl Parent {
        #[handler(local)]
        fn raise(&mut self, cx: &Context<Self>) -> ActorHandle<Keeper> {
            cx.spawn(Keeper::default())
        }
    }
    tolerate(cx);
    let parent = cx.spawn(Parent);
    let child = parent.raise().call(cx).await.unwrap();
    parent.control().kill();
    parent.control().ended().await;
    child.control().ended().await;
    assert_eq!(cx.failures().len(), 1, "the owner hears of the parent alone");
}

#[mesh::test]
async fn an_actor_killed_before_it_first_runs_ends(cx: &Client) {
    tolerate(cx);
    let (shop, log) = shop(cx);
    let call = shop.stock().call(cx);
    shop.control().kill();
    assert!(matches!(shop.control().ended().await, End::Failed(_)));
    assert!(matches!(call.await.unwrap_err().kind, CallErrorKind::ActorFailed { .. }));
    assert_eq!(log.lines(), Vec::<String>::new());
}
