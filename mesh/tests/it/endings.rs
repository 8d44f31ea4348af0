//! What is seen of an actor while it ends, and in which order its children end.

use std::time::Duration;

use mesh::actor::ActorStatus;
use mesh::outbox::End;
use mesh::prelude::*;

use crate::support::Log;

/// Takes its time to stop, and notes when it is gone.
struct Slow {
    log: Log,
    takes: Duration,
}

#[actor]
impl Slow {
    #[on_stop]
    async fn stopped(&mut self) {
        tokio::time::sleep(self.takes).await;
        self.log.note("the child has stopped");
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.log.note("the child is gone");
    }
}

struct Parent {
    log: Log,
    takes: Duration,
}

#[actor]
impl Parent {
    /// Has a child.
    #[handler]
    fn begin(&mut self, cx: &Context<Self>) {
        cx.spawn(Slow { log: self.log.clone(), takes: self.takes });
    }

    #[handler]
    fn panic(&self) {
        panic!("as it was told");
    }

    #[on_stop]
    fn stopped(&mut self) {
        self.log.note("the parent stops");
    }
}

async fn parent(cx: &Client, takes: Duration) -> (Log, ActorHandle<Parent>) {
    let log = Log::default();
    let parent = cx.spawn(Parent { log: log.clone(), takes });
    parent.begin().call(cx).await.unwrap();
    (log, parent)
}

#[mesh::test]
async fn failed_actor_is_stopping_while_its_children_end(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (log, parent) = parent(cx, Duration::from_secs(2)).await;
    parent.panic().send(cx).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(parent.control().status(), ActorStatus::Stopping);
    assert!(log.lines().is_empty(), "{:?}", log.lines());
    let end = parent.control().ended().await;
    assert!(format!("{end:?}").contains("as it was told"), "{end:?}");
    assert_eq!(log.lines(), ["the child has stopped", "the child is gone"]);
}

#[mesh::test]
async fn children_that_are_killed_are_gone_before_their_parent_stops(cx: &Client) {
    let bound = cx.config().get(mesh::config::STOP_DRAIN_TIMEOUT);
    let (log, parent) = parent(cx, bound * 3).await;
    parent.control().stop();
    parent.control().ended().await;
    assert_eq!(log.lines(), ["the child is gone", "the parent stops"]);
}

/// Fails while it stops.
struct Sore;

#[actor]
impl Sore {
    #[on_stop]
    fn stopped(&mut self) -> Result<(), Fatal> {
        Err(Fatal::new("a bad end"))
    }
}

/// Hears of what it owns, while it lives and while it ends.
struct Listener {
    log: Log,
    directive: Directive,
}

#[actor]
impl Listener {
    /// Has a child that fails while it stops.
    #[handler(local)]
    fn begin(&mut self, cx: &Context<Self>) {
        cx.spawn(Sore);
    }

    #[on_failure]
    async fn failed(&mut self, failure: Failure) -> Directive {
        tokio::task::yield_now().await;
        self.log.note(failure.root_cause().to_string());
        self.directive
    }

    #[on_stop]
    fn stopped(&mut self) {
        self.log.note("the listener stops");
    }
}

/// `SUP-2`: the last chance to fail is when the owner ends.
async fn fails_while_its_owner_ends(cx: &Client, directive: Directive, drain: bool) -> (Vec<String>, End) {
    cx.on_failure(|_| Directive::Handled);
    let log = Log::default();
    let listener = cx.spawn(Listener { log: log.clone(), directive });
    listener.begin().call(cx).await.unwrap();
    if drain {
        listener.control().drain()
    } else {
        listener.control().stop()
    }
    let end = listener.control().ended().await;
    (log.lines(), end)
}

#[mesh::test]
async fn what_fails_while_its_owner_ends_is_heard_by_the_owner(cx: &Client) {
    let heard = ["handler `on_stop` gave up: a bad end", "the listener stops"];
    for drain in [false, true] {
        for directive in [Directive::Handled, Directive::Restart] {
            let (log, end) = fails_while_its_owner_ends(cx, directive, drain).await;
            assert_eq!((&log[..], end), (&heard.map(str::to_owned)[..], End::Stopped));
        }
    }
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
}

#[mesh::test]
async fn what_the_owner_does_not_handle_while_it_ends_is_its_failure(cx: &Client) {
    let (log, end) = fails_while_its_owner_ends(cx, Directive::Escalate, true).await;
    assert_eq!(log.len(), 1, "{log:?}");
    let End::Failed(failure) = end else { panic!("{end:?}") };
    assert_eq!(failure.chain().count(), 2, "{failure}");
    assert_eq!(cx.failures(), [*failure]);
}

/// Looks, when it is told of an end, at what others see of the actor.
struct Witness {
    cx: Client,
    actor: std::sync::OnceLock<ActorHandle<Mute>>,
    log: Log,
}

struct Mute;

#[actor]
impl Mute {
    #[handler]
    fn panic(&self) {
        panic!("as it was told");
    }
}

impl mesh::actor::Supervisor for Witness {
    fn ended(&self, id: &mesh::ident::ActorId, end: &End) {
        let actor = self.actor.get().unwrap();
        self.log.note(format!("closed: {}", actor.panic().send(&self.cx).is_err()));
        let recorded = self.cx.events().lines().iter().any(|line| line.contains(&format!(" end {id}")));
        self.log.note(format!("recorded: {recorded}"));
        self.log.note(format!("told: {}", matches!(end, End::Failed(_))));
        let published = matches!(actor.control().status(), ActorStatus::Ended(_));
        self.log.note(format!("published: {published}"));
    }
}

/// `SUP-6`, `ACTOR-3`
#[mesh::test]
async fn an_actor_closes_records_tells_and_then_publishes(cx: &Client) {
    cx.events().record();
    let log = Log::default();
    let witness =
        std::sync::Arc::new(Witness { cx: cx.clone(), actor: std::sync::OnceLock::new(), log: log.clone() });
    let options = mesh::actor::SpawnOptions {
        uid: mesh::ident::Uid(77),
        label: "mute".into(),
        incarnation: 1,
        restart: None,
        env: mesh::SpawnEnv::default(),
        ports: None,
        supervisor: witness.clone(),
    };
    let actor = cx.proc().spawn(Mute, options).unwrap();
    assert!(witness.actor.set(actor.clone()).is_ok());
    actor.panic().send(cx).unwrap();
    actor.control().ended().await;
    assert_eq!(log.lines(), ["closed: true", "recorded: true", "told: true", "published: false"]);
    assert!(matches!(actor.control().status(), ActorStatus::Ended(_)));
}

/// Notes what it is told, and what fails.
struct Confidant {
    log: Log,
}

#[actor]
impl Confidant {
    /// Runs until the gate is opened.
    #[handler(local)]
    async fn hold(&mut self, gate: crate::support::Gate) {
        gate.passed().await;
        self.log.note("held");
    }

    #[handler(local)]
    fn spawn(&mut self, cx: &Context<Self>) -> ActorHandle<Dying> {
        cx.spawn(Dying { owner: cx.handle() })
    }

    #[handler]
    fn note(&mut self, word: String) {
        self.log.note(word);
    }

    #[on_failure]
    async fn failed(&mut self, _: Failure) -> Directive {
        self.log.note("it died");
        Directive::Handled
    }

    #[on_stop]
    fn stopped(&mut self) {
        self.log.note("stopped");
    }
}

/// Says something before it falls.
struct Dying {
    owner: ActorHandle<Confidant>,
}

#[actor]
impl Dying {
    #[handler]
    fn die(&mut self, cx: &Context<Self>) {
        for word in ["some", "last", "words"] {
            self.owner.note(word.into()).send(cx).unwrap();
        }
        panic!("it fell");
    }
}

/// The owner is in a handler while its child speaks and dies; then it is told something more, and `end` is asked for.
async fn last_words(cx: &Client, end: impl FnOnce(&ActorHandle<Confidant>)) -> Vec<String> {
    let log = Log::default();
    let owner = cx.spawn(Confidant { log: log.clone() });
    let dying = owner.spawn().call(cx).await.unwrap();
    let (opener, gate) = crate::support::gate();
    owner.hold(gate).send(cx).unwrap();
    crate::support::settle().await;
    dying.die().call(cx).await.unwrap_err();
    dying.control().ended().await;
    owner.note("more".into()).send(cx).unwrap();
    end(&owner);
    drop(opener);
    owner.control().drain();
    assert_eq!(owner.control().ended().await, End::Stopped);
    log.lines()
}

#[mesh::test]
async fn a_death_is_told_after_the_last_words_and_before_what_comes_then(cx: &Client) {
    let want = ["held", "some", "last", "words", "it died", "more", "stopped"];
    assert_eq!(last_words(cx, |_| {}).await, want);
    assert_eq!(last_words(cx, |owner| owner.control().drain()).await, want);
}

/// Who is to stop at once reads no messages any more, and hears of the death all the same.
#[mesh::test]
async fn a_death_is_told_to_one_that_stops(cx: &Client) {
    let told = last_words(cx, |owner| owner.control().stop()).await;
    assert_eq!(told, ["held", "it died", "stopped"]);
}
