//! Actors that are made anew when they fail (`SUP-4`): by their own policy, and by the word of their owner.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mesh::actor::ActorStatus;
use mesh::call::CallErrorKind;
use mesh::outbox::End;
use mesh::prelude::*;
use mesh::supervision::{Cause, Subject, SupervisionEventKind};
use mesh::{Directive, RestartPolicy};
use tokio::time::Instant;

use crate::support::{Log, settle};

/// Falls when it is told to, and is made anew.
pub struct Phoenix {
    name: String,
    sum: u64,
}

#[actor(restart(max = 3, within = "1m", backoff = "100ms"))]
impl Phoenix {
    #[new]
    fn new(name: String) -> Result<Self, String> {
        match name.as_str() {
            "once" if MADE.fetch_add(1, Ordering::SeqCst) > 0 => Err("not a second time".to_owned()),
            _ => Ok(Phoenix { name, sum: 0 }),
        }
    }

    #[on_start]
    async fn start(&mut self) {
        tokio::task::yield_now().await;
        self.sum = 100;
    }

    /// Adds, and gives the sum.
    #[handler]
    pub fn add(&mut self, by: u64) -> u64 {
        self.sum += by;
        self.sum
    }

    /// Panics.
    #[handler]
    pub fn fall(&mut self, why: String) -> u64 {
        panic!("{} fell: {why}", self.name);
    }

    /// Gives up.
    #[handler]
    pub fn give_up(&self) -> Result<(), Fatal> {
        Err(Fatal::new("no more"))
    }

    /// Which life of it this is.
    #[handler]
    pub fn life(&self, cx: &Context<Self>) -> u32 {
        cx.id().incarnation
    }

    /// Never answers.
    #[handler]
    pub async fn hang(&self) {
        std::future::pending().await
    }

    /// Has a child that says when it is gone.
    #[handler(local)]
    fn beget(&self, cx: &Context<Self>, log: Log) {
        cx.spawn(Child { log });
    }
}

/// How often the phoenix named `once` was made.
static MADE: AtomicU32 = AtomicU32::new(0);

struct Child {
    log: Log,
}

#[actor]
impl Child {}

impl Drop for Child {
    fn drop(&mut self) {
        self.log.note("the child is gone");
    }
}

fn phoenix(cx: &Client) -> ActorHandle<Phoenix> {
    cx.spawn_spec(Phoenix::spec("it".into()))
}

async fn restarted(cx: &Client, to: u32) -> (Cause, Duration) {
    let is = |kind: &SupervisionEventKind| matches!(kind, SupervisionEventKind::Restarted { incarnation, .. } if *incarnation == to);
    match cx.supervision_event(|event| is(&event.kind)).await.kind {
        SupervisionEventKind::Restarted { cause, after, .. } => (cause, after),
        other => panic!("{other:?}"),
    }
}

#[mesh::test]
async fn a_failed_actor_keeps_its_references_and_raises_its_incarnation(cx: &Client) {
    let phoenix = phoenix(cx);
    let (reference, id) = (phoenix.control().to_ref(), phoenix.control().id());
    assert_eq!((phoenix.add(1).call(cx).await.unwrap(), id.incarnation), (101, 1));

    let error = phoenix.fall("twice".into()).call(cx).await.unwrap_err();
    let CallErrorKind::ActorFailed { cause } = &error.kind else { panic!("{error}") };
    assert!(matches!(&**cause, Cause::Panic { handler, .. } if handler == "fall"), "{cause}");

    // The same handle and the same reference, a new state, `on_start` has run.
    assert_eq!(phoenix.add(2).call(cx).await.unwrap(), 102);
    assert_eq!(reference.add(3).call(cx).await.unwrap(), 105);
    assert_eq!(phoenix.life().call(cx).await.unwrap(), 2);
    let again = phoenix.control().id();
    assert_eq!((again.uid, again.incarnation), (id.uid, 2));
    assert_eq!(phoenix.control().restarts(), 1);
    let report = cx.proc().inspect();
    let report = report.actors.iter().find(|report| report.id.uid == id.uid).unwrap();
    assert_eq!((report.id.incarnation, report.restarts), (2, 1));
    assert!(report.to_string().contains("restarted 1×"), "{report}");
    assert!(cx.failures().is_empty(), "it is no failure: {:?}", cx.failures());
    let (cause, after) = restarted(cx, 2).await;
    assert!(cause.to_string().contains("it fell: twice"), "{cause}");
    assert_eq!(after, Duration::from_millis(100));
}

#[mesh::test]
async fn a_returned_fatal_is_followed_by_another_life_too(cx: &Client) {
    let phoenix = phoenix(cx);
    phoenix.give_up().call(cx).await.unwrap().unwrap_err();
    assert_eq!(phoenix.life().call(cx).await.unwrap(), 2);
}

#[mesh::test]
async fn the_pause_doubles_and_what_is_queued_waits_for_the_next_life(cx: &Client) {
    let phoenix = phoenix(cx);
    for (life, pause) in [(2, 100), (3, 200), (4, 400)] {
        let start = Instant::now();
        let fall = phoenix.fall("again".into()).call(cx);
        let queued: Vec<_> = (1..=3).map(|by| phoenix.add(by).call(cx)).collect();
        fall.await.unwrap_err();
        let mut sums = Vec::new();
        for queued in queued {
            sums.push(queued.await.unwrap());
        }
        assert_eq!(sums, [101, 103, 106], "in order, by the life {life}");
        assert_eq!(phoenix.control().incarnation(), life);
        let took = start.elapsed();
        let pause = Duration::from_millis(pause);
        assert!(took >= pause && took < pause + Duration::from_millis(5), "{took:?}");
    }
}

#[mesh::test]
async fn it_is_given_up_after_so_many_times_and_the_owner_hears_of_all(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let phoenix = phoenix(cx);
    for n in 1..=3 {
        phoenix.fall(format!("time {n}")).call(cx).await.unwrap_err();
    }
    let last = phoenix.fall("time 4".into()).call(cx);
    let queued = phoenix.add(1).call(cx);
    last.await.unwrap_err();
    let refused = queued.await.unwrap_err();
    assert!(matches!(refused.kind, CallErrorKind::ActorFailed { .. }), "{refused}");
    let failure = cx.failure(|_| true).await;
    let Cause::GaveUp { restarts, within, last, earlier } = &failure.cause else { panic!("{failure}") };
    assert_eq!((*restarts, *within, earlier.len()), (3, Duration::from_secs(60), 3));
    assert!(last.to_string().contains("time 4"), "{last}");
    let text = failure.to_string();
    for n in 1..=4 {
        assert!(text.contains(&format!("time {n}")), "{text}");
    }
    assert!(matches!(failure.root_cause(), Cause::Panic { .. }), "{failure}");
    assert!(matches!(&failure.subject, Subject::Actor(id) if id.incarnation == 4), "{failure:?}");
    assert!(matches!(phoenix.control().ended().await, End::Failed(_)));
    settle().await;
    assert_eq!(cx.failures().len(), 1, "{:?}", cx.failures());
}

#[mesh::test]
async fn old_failures_do_not_count_any_more(cx: &Client) {
    let phoenix = phoenix(cx);
    for life in 2..10 {
        phoenix.fall("rarely".into()).call(cx).await.unwrap_err();
        let start = Instant::now();
        assert_eq!(phoenix.life().call(cx).await.unwrap(), life);
        assert!(start.elapsed() < Duration::from_millis(105), "the first pause: {:?}", start.elapsed());
        tokio::time::sleep(Duration::from_secs(61)).await;
    }
}

#[mesh::test]
async fn children_end_before_their_parent_is_made_anew(cx: &Client) {
    let (phoenix, log) = (phoenix(cx), Log::default());
    let hears = log.clone();
    cx.on_event(move |_| hears.note("the parent is made anew"));
    phoenix.beget(log.clone()).call(cx).await.unwrap();
    phoenix.fall("with a child".into()).call(cx).await.unwrap_err();
    assert_eq!(phoenix.life().call(cx).await.unwrap(), 2);
    assert_eq!(log.lines(), ["the child is gone", "the parent is made anew"]);
}

#[mesh::test]
async fn a_message_that_names_an_earlier_life_is_refused(cx: &Client) {
    let phoenix = phoenix(cx);
    let mut first = phoenix.control().to_ref().control().addr().clone();
    first.id.incarnation = 1;
    let first: ActorRef<Phoenix> = ActorRef::at(first);
    assert_eq!(first.add(1).call(cx).await.unwrap(), 101);
    phoenix.fall("for good".into()).call(cx).await.unwrap_err();
    assert_eq!(phoenix.life().call(cx).await.unwrap(), 2);
    let refused = first.add(1).call(cx).await.unwrap_err();
    assert!(matches!(refused.kind, CallErrorKind::ActorStopped), "{refused}");
}

#[mesh::test]
async fn a_stop_ends_the_pause_and_the_actor(cx: &Client) {
    let phoenix = phoenix(cx);
    phoenix.fall("and rests".into()).call(cx).await.unwrap_err();
    restarted(cx, 2).await;
    assert_eq!(phoenix.control().status(), ActorStatus::Restarting);
    let (queued, start) = (phoenix.add(1).call(cx), Instant::now());
    phoenix.control().stop();
    assert_eq!(phoenix.control().ended().await, End::Stopped);
    assert!(matches!(queued.await.unwrap_err().kind, CallErrorKind::ActorStopped));
    assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
    assert!(cx.failures().is_empty());
}

#[mesh::test]
async fn a_drain_in_the_pause_has_the_queue_handled_at_once(cx: &Client) {
    let phoenix = phoenix(cx);
    phoenix.fall("and rests".into()).call(cx).await.unwrap_err();
    restarted(cx, 2).await;
    let (queued, start) = (phoenix.add(1).call(cx), Instant::now());
    phoenix.control().drain();
    assert_eq!(queued.await.unwrap(), 101);
    assert_eq!(phoenix.control().ended().await, End::Stopped);
    assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
}

#[mesh::test]
async fn one_that_is_draining_or_killed_is_not_made_anew(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let phoenix = phoenix(cx);
    let fall = phoenix.fall("at the end".into()).call(cx);
    phoenix.control().drain();
    fall.await.unwrap_err();
    assert!(matches!(phoenix.control().ended().await, End::Failed(_)));

    let killed = self::phoenix(cx);
    settle().await;
    killed.control().kill();
    assert!(matches!(killed.control().ended().await, End::Failed(_)));
    assert_eq!(killed.control().restarts(), 0);
}

#[mesh::test]
async fn a_constructor_that_fails_the_next_time_counts_as_a_failure(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let phoenix = cx.spawn_spec(Phoenix::spec("once".into()));
    phoenix.fall("once".into()).call(cx).await.unwrap_err();
    let waits = phoenix.add(1).call(cx).await.unwrap_err();
    assert!(waits.to_string().contains("not a second time"), "{waits}");
    let failure = cx.failure(|_| true).await;
    let Cause::GaveUp { restarts, last, .. } = &failure.cause else { panic!("{failure}") };
    assert_eq!((*restarts, &**last), (3, &Cause::Spawn { message: "not a second time".into() }));
}

#[mesh::test]
async fn in_a_mesh_the_rank_lives_on_and_its_proc_takes_new_actors(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 3)).await.unwrap();
    let mesh = procs.spawn(cx, "birds", Phoenix::spec("bird".into())).await.unwrap();
    let one = mesh.rank(1);
    one.fall("alone".into()).call(cx).await.unwrap_err();
    assert_eq!(mesh.life().call(cx).await.unwrap().values(), [1, 2, 1]);
    let event = cx.supervision_event(|_| true).await;
    assert_eq!((event.mesh.unwrap().to_string(), event.ranks), ("birds".to_owned(), vec![1]));
    assert!(procs.spawn(cx, "more", Phoenix::spec("more".into())).await.is_ok(), "it is not poisoned");
    mesh.control().stop(cx).await.unwrap();
    assert!(cx.failures().is_empty(), "{:?}", cx.failures());
}

/// Made anew by the word of its owner only.
pub struct Plain {
    sum: u64,
}

#[actor]
impl Plain {
    #[new]
    fn new(sum: u64) -> Self {
        Plain { sum }
    }

    /// Adds, and gives the sum.
    #[handler]
    pub fn add(&mut self, by: u64) -> u64 {
        self.sum += by;
        self.sum
    }

    /// Panics.
    #[handler]
    pub fn fall(&mut self) {
        panic!("it fell");
    }

    /// Refuses.
    #[handler]
    pub fn refuse(&self) -> Result<(), String> {
        Err("not today".into())
    }
}

/// Decides as it is told, and hears.
struct Owner {
    directive: Directive,
    plain: Option<ActorHandle<Plain>>,
    mesh: Option<ActorMesh<Plain>>,
    log: Log,
}

#[actor]
impl Owner {
    /// Spawns a child.
    #[handler(local)]
    fn child(&mut self, cx: &Context<Self>, by_spec: bool) -> ActorHandle<Plain> {
        let child = if by_spec { cx.spawn_spec(Plain::spec(1)) } else { cx.spawn(Plain { sum: 1 }) };
        self.plain.insert(child).clone()
    }

    /// Spawns a mesh.
    #[handler(local)]
    async fn mesh(&mut self, cx: &Context<Self>, procs: mesh::ProcMeshRef) -> ActorMeshRef<Plain> {
        let mesh = procs.spawn(cx, "plain", Plain::spec(1)).await.unwrap();
        self.mesh.insert(mesh).control().to_ref()
    }

    #[on_failure]
    async fn failed(&mut self, failure: Failure) -> Directive {
        self.log.note(format!("failed: {}", failure.root_cause()));
        self.directive
    }

    #[on_event]
    async fn told(&mut self, cx: &Context<Self>, event: SupervisionEvent) {
        assert!(cx.handler().is_none());
        self.log.note(event.to_string());
    }
}

fn owner(cx: &Client, directive: Directive) -> (ActorHandle<Owner>, Log) {
    let log = Log::default();
    (cx.spawn(Owner { directive, plain: None, mesh: None, log: log.clone() }), log)
}

#[mesh::test]
async fn an_owner_that_says_restart_has_its_child_again(cx: &Client) {
    let (owner, log) = owner(cx, Directive::Restart);
    let child = owner.child(true).call(cx).await.unwrap();
    assert_eq!(child.add(1).call(cx).await.unwrap(), 2);
    for life in 2..6 {
        child.fall().call(cx).await.unwrap_err();
        settle().await;
        assert_eq!(child.add(1).call(cx).await.unwrap(), 2, "from its spec");
        assert_eq!(child.control().incarnation(), life);
    }
    assert_eq!(log.lines().len(), 8, "{:?}", log.lines());
    assert!(log.lines()[1].contains("is made anew after 0 ms, for life 2"), "{:?}", log.lines());
    // It is a child as before: it ends with its owner.
    owner.control().stop();
    assert_eq!(child.control().ended().await, End::Stopped);
    assert!(cx.failures().is_empty());
}

#[mesh::test]
async fn a_child_that_was_a_value_cannot_be_made_anew(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let (owner, _) = owner(cx, Directive::Restart);
    let child = owner.child(false).call(cx).await.unwrap();
    child.fall().call(cx).await.unwrap_err();
    let failure = cx.failure(|_| true).await;
    assert_eq!(failure.chain().count(), 2, "as if it had escalated: {failure}");
    assert!(matches!(owner.control().ended().await, End::Failed(_)));
}

#[mesh::test]
async fn an_owner_that_says_restart_has_its_rank_again(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let (owner, log) = owner(cx, Directive::Restart);
    let mesh = owner.mesh(procs.control().to_ref()).call(cx).await.unwrap();
    assert_eq!(mesh.add(1).call(cx).await.unwrap().values(), [2, 2]);
    let reference = mesh.rank(1);
    reference.fall().call(cx).await.unwrap_err();
    settle().await;
    assert_eq!(reference.add(5).call(cx).await.unwrap(), 6);
    assert_eq!(mesh.add(1).call(cx).await.unwrap().values(), [3, 7]);
    assert!(log.lines()[1].contains("is made anew"), "{:?}", log.lines());
    assert!(mesh.control().status(cx).await.all(|status| *status == mesh::Status::Running));
    // What was made anew poisons nothing.
    assert!(procs.spawn(cx, "more", Plain::spec(0)).await.is_ok());
    assert!(cx.failures().is_empty());
}

#[mesh::test]
async fn a_client_that_says_restart_has_what_it_owns_again(cx: &Client) {
    cx.on_failure(|_| Directive::Restart);
    let here = cx.spawn_spec(Plain::spec(1));
    here.fall().call(cx).await.unwrap_err();
    settle().await;
    assert_eq!(here.add(1).call(cx).await.unwrap(), 2);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let mesh = procs.spawn(cx, "plain", Plain::spec(1)).await.unwrap();
    mesh.rank(0).fall().call(cx).await.unwrap_err();
    settle().await;
    assert_eq!(mesh.add(1).call(cx).await.unwrap().values(), [2, 2]);
    let single = procs.gspawn(cx, 1, "single", Plain::spec(7)).await.unwrap();
    single.fall().call(cx).await.unwrap_err();
    settle().await;
    assert_eq!(single.add(1).call(cx).await.unwrap(), 8);
}

/// `CALL-2`
#[mesh::test]
async fn an_error_that_nobody_hears_is_told_to_the_owner(cx: &Client) {
    let (owner, log) = owner(cx, Directive::Escalate);
    let child = owner.child(true).call(cx).await.unwrap();
    child.refuse().send(cx).unwrap();
    settle().await;
    let told = log.lines();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("refused in `refuse`") && told[0].contains("not today"), "{told:?}");
    // One that is heard is not told.
    child.refuse().call(cx).await.unwrap().unwrap_err();
    settle().await;
    assert_eq!(log.lines().len(), 1);
    // In another proc too.
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(workers = 2)).await.unwrap();
    let mesh = owner.mesh(procs.control().to_ref()).call(cx).await.unwrap();
    mesh.refuse().cast(cx).unwrap();
    settle().await;
    assert_eq!(log.lines().len(), 3, "{:?}", log.lines());
    // What floods an actor does not flood its owner: of a thousand, 16 and the powers of two.
    for _ in 1..1000 {
        child.refuse().send_wait(cx).await.unwrap();
    }
    settle().await;
    assert_eq!(log.lines().len(), 2 + 16 + 5, "{:?}", log.lines());
    assert!(owner.control().status() == ActorStatus::Running);
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let RestartPolicy { max, within, backoff } = RestartPolicy::DEFAULT;
    assert_eq!((max, within.as_secs(), backoff.as_millis()), (3, 60, 100));
}
