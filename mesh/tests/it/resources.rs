//! The resource verbs, with an agent of a user's own.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mesh::ident::Uid;
use mesh::port::AccumulatingPort;
use mesh::prelude::*;
use mesh::resource::{
    CreateOrUpdate, ENDED_MAX, GetRankStatus, GetState, List, Progress, Resource, ResourceKey, ResourceTable,
    SpecConflict, StateOverlay, Stop, StopAll, StreamState, WaitRankStatus,
};
use mesh::value::{Status, StatusClass};
use mesh::{HostMesh, ProcessAllocator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::loss::on_network;
use crate::support::settle;

/// A lamp: a colour that can be changed, unless it is to be black.
struct Lamp;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct LampSpec {
    colour: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct LampState {
    shines: String,
}

/// Manages lamps.
#[derive(Default)]
struct Electrician {
    lamps: ResourceTable<Lamp>,
    made: BTreeMap<ResourceKey, u32>,
    stopped: u32,
}

#[actor(resource(Lamp = self.lamps))]
impl Electrician {
    #[new]
    fn new() -> Self {
        Electrician::default()
    }

    /// How many times a lamp was made, and stopped.
    #[handler]
    fn work(&self) -> (u32, u32) {
        (self.made.values().sum(), self.stopped)
    }

    /// Panics.
    #[handler]
    fn fall(&self) {
        panic!("off the ladder");
    }

    /// A slow lamp has come on.
    #[handler]
    fn comes_on(&mut self, cx: &Context<Self>, uid: Uid) {
        let key = ResourceKey { uid, rank: 0 };
        self.lamps.set(cx, key, Status::Running, Some(LampState { shines: "at last".into() }));
    }
}

impl Resource for Lamp {
    type Agent = Electrician;
    type Spec = LampSpec;
    type State = LampState;
    const NAME: &'static str = "lamp";

    async fn create(
        agent: &mut Electrician,
        _: &Context<Electrician>,
        key: ResourceKey,
        spec: &LampSpec,
    ) -> Result<Progress<LampState>, String> {
        *agent.made.entry(key).or_default() += 1;
        match spec.colour.as_str() {
            "broken" => Err("it does not light".into()),
            "slow" | "stubborn" => Ok(Progress::Later),
            colour => Ok(Progress::Done(LampState { shines: colour.to_owned() })),
        }
    }

    async fn stop(
        agent: &mut Electrician,
        _: &Context<Electrician>,
        key: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        agent.stopped += 1;
        let is_stubborn = agent.lamps.spec(key).is_some_and(|spec| spec.colour == "stubborn");
        Ok(if is_stubborn { Progress::Later } else { Progress::Done(()) })
    }

    async fn update(
        _: &mut Electrician,
        _: &Context<Electrician>,
        _: ResourceKey,
        spec: &LampSpec,
    ) -> Result<LampState, SpecConflict> {
        if spec.colour == "black" { Err(SpecConflict) } else { Ok(LampState { shines: spec.colour.clone() }) }
    }
}

const ONE: Uid = Uid(1);

fn lamp(id: Uid, colour: &str) -> CreateOrUpdate<Lamp> {
    CreateOrUpdate::new(id, "lamp".into(), LampSpec { colour: colour.into() })
}

fn why() -> String {
    "it is day".into()
}

async fn state(
    cx: &Client,
    agent: &ActorHandle<Electrician>,
    id: Uid,
) -> mesh::resource::ResourceState<LampState> {
    agent.message(GetState::<Lamp>::new(id)).call(cx).await.unwrap()
}

#[mesh::test]
async fn a_create_is_state(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    let state = state(cx, &agent, ONE).await;
    assert_eq!((state.status, state.label.as_str()), (Status::Running, "lamp"));
    assert_eq!(state.state.unwrap().shines, "red");
    assert!(!state.spec_conflict);
}

#[mesh::test]
async fn a_second_create_with_the_same_spec_is_ignored(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    let before = state(cx, &agent, ONE).await;
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    let after = state(cx, &agent, ONE).await;
    assert_eq!((after.generation, after.spec_conflict), (before.generation, false));
    assert_eq!(agent.work().call(cx).await.unwrap(), (1, 0));
}

#[mesh::test]
async fn a_second_create_with_another_spec_updates(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    let before = state(cx, &agent, ONE).await;
    agent.message(lamp(ONE, "green")).send(cx).unwrap();
    let after = state(cx, &agent, ONE).await;
    assert_eq!(after.state.unwrap().shines, "green");
    assert!(after.generation > before.generation);
    assert_eq!(agent.work().call(cx).await.unwrap(), (1, 0));
}

#[mesh::test]
async fn an_update_that_cannot_be_is_recorded_and_changes_nothing(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    agent.message(lamp(ONE, "black")).send(cx).unwrap();
    let after = state(cx, &agent, ONE).await;
    assert!(after.spec_conflict);
    assert_eq!((after.status, after.state.unwrap().shines.as_str()), (Status::Running, "red"));
}

#[mesh::test]
async fn a_create_that_fails_is_a_failed_status(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "broken")).send(cx).unwrap();
    let overlay = agent.message(GetRankStatus::<Lamp>::new(ONE)).call(cx).await.unwrap();
    assert_eq!(overlay.get(0), Some(&Status::failed("it does not light")));
}

#[mesh::test]
async fn what_was_never_made_does_not_exist(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    assert_eq!(state(cx, &agent, ONE).await.status, Status::NotExist);
    agent.message(Stop::<Lamp>::new(ONE, why())).send(cx).unwrap();
    assert_eq!(agent.work().call(cx).await.unwrap(), (0, 0));
}

#[mesh::test]
async fn a_stop_is_idempotent_and_final(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    agent.message(Stop::<Lamp>::new(ONE, why())).send(cx).unwrap();
    agent.message(Stop::<Lamp>::new(ONE, why())).send(cx).unwrap();
    agent.message(lamp(ONE, "green")).send(cx).unwrap();
    assert_eq!(state(cx, &agent, ONE).await.status, Status::Stopped);
    assert_eq!(agent.work().call(cx).await.unwrap(), (1, 1));
}

#[mesh::test]
async fn a_wait_is_answered_when_the_status_is_reached(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let afar: ActorRef<Electrician> = (&agent).into();
    // Before it exists.
    let mut waits = Box::pin(afar.message(WaitRankStatus::<Lamp>::new(ONE, StatusClass::Running)).call(cx));
    agent.message(lamp(ONE, "slow")).send(cx).unwrap();
    settle().await;
    assert!(
        std::future::poll_fn(|task| std::task::Poll::Ready(waits.as_mut().poll(task).is_pending())).await
    );
    agent.comes_on(ONE).send(cx).unwrap();
    assert_eq!(waits.await.unwrap().get(0), Some(&Status::Running));
}

#[mesh::test]
async fn a_wait_through_a_handle_is_answered_too(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let waits = agent.message(WaitRankStatus::<Lamp>::new(ONE, StatusClass::Running)).call(cx);
    agent.message(lamp(ONE, "red")).send(cx).unwrap();
    assert_eq!(waits.await.unwrap().get(0), Some(&Status::Running));
}

#[mesh::test]
async fn a_wait_for_what_will_never_run_ends(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let afar: ActorRef<Electrician> = (&agent).into();
    let waits = afar.message(WaitRankStatus::<Lamp>::new(ONE, StatusClass::Running)).call(cx);
    agent.message(lamp(ONE, "broken")).send(cx).unwrap();
    assert!(matches!(waits.await.unwrap().get(0), Some(Status::Failed { .. })));
}

#[mesh::test]
async fn a_stream_of_states_gives_the_first_and_each_change(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let (port, mut states) = cx.open_port().unwrap();
    agent.message(StreamState::<Lamp>::new(ONE, 0, 0, port)).send(cx).unwrap();
    agent.message(lamp(ONE, "slow")).send(cx).unwrap();
    agent.comes_on(ONE).send(cx).unwrap();
    agent.message(Stop::<Lamp>::new(ONE, why())).send(cx).unwrap();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let overlay: StateOverlay<LampState> = states.receive().await.unwrap();
        assert_eq!(overlay.len(), 1);
        seen.push(overlay.get(0).unwrap().status.class());
    }
    use StatusClass::{Initializing, NotExist, Running, Stopped, Stopping};
    assert_eq!(seen, [NotExist, Initializing, Running, Stopping, Stopped]);
    // Nobody tells of it any more.
    states.receive().await.unwrap_err();
}

#[mesh::test]
async fn what_is_seen_of_one_that_stops_is_told_too(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let (out, mut states) = cx.open_port().unwrap();
    agent.message(lamp(ONE, "stubborn")).send(cx).unwrap();
    agent.message(Stop::<Lamp>::new(ONE, why())).send(cx).unwrap();
    agent.message(StreamState::<Lamp>::new(ONE, 0, 0, out)).send(cx).unwrap();
    agent.comes_on(ONE).send(cx).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let overlay: StateOverlay<LampState> = states.receive().await.unwrap();
        let standing = overlay.get(0).unwrap().clone();
        let shines = standing.details.state.map(|state| state.shines);
        seen.push((standing.status, standing.generation, shines));
    }
    let want = [(Status::Stopping, 2, None), (Status::Stopping, 3, Some("at last".to_owned()))];
    assert_eq!(seen, want);
}

/// Waits until `holds` is true of all that is known.
async fn until<S: Clone + PartialEq + Serialize + DeserializeOwned + Send + 'static>(
    states: &mut AccumulatingPort<StateOverlay<S>>,
    holds: impl Fn(&StateOverlay<S>) -> bool,
) -> StateOverlay<S> {
    loop {
        let all = states.receive().await.unwrap();
        if holds(&all) {
            return all;
        }
    }
}

fn shines(overlay: &StateOverlay<LampState>, ranks: std::ops::Range<u32>, colour: &str) -> bool {
    let of = |rank| overlay.get(rank).and_then(|standing| standing.details.state.as_ref());
    ranks.into_iter().all(|rank| of(rank).is_some_and(|state| state.shines == colour))
}

/// Ranks that are alike are one run, and come in few envelopes: the gateways know the states of a kind by its `resource(…)`.
#[test]
fn states_of_many_ranks_are_merged_on_their_way() {
    on_network(12, async |cx, _| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 3))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 16)).await.unwrap();
        let agents = procs.spawn(cx, "electricians", Electrician::spec()).await.unwrap();
        agents.message(lamp(ONE, "red")).cast(cx).unwrap();
        agents.message(WaitRankStatus::<Lamp>::new(ONE, StatusClass::Running)).call(cx).await.unwrap();
        settle().await;
        let counters = cx.proc().outbox().gateway().counters();
        let delivered = || counters.delivered.load(Ordering::Relaxed);

        let came = delivered();
        let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(5)).unwrap();
        agents.message(StreamState::<Lamp>::new(ONE, 0, 0, out)).cast(cx).unwrap();
        let all = until(&mut states, |all| all.len() == 48).await;
        assert!(shines(&all, 0..48, "red"), "{all:?}");
        assert_eq!(all.runs().count(), 1, "{all:?}");
        let asked = delivered() - came;
        // Of each host the first, and all the others together.
        assert!(asked <= 6, "{asked} envelopes for the states of 48");

        let came = delivered();
        agents.message(lamp(ONE, "green")).cast(cx).unwrap();
        let all = until(&mut states, |all| shines(all, 0..48, "green")).await;
        assert_eq!(all.runs().count(), 1, "{all:?}");
        let changed = delivered() - came;
        assert!(changed <= 6, "{changed} envelopes for a change of 48");

        // What is other at some ranks is a run of its own.
        agents.slice(("hosts", 1)).message(lamp(ONE, "blue")).cast(cx).unwrap();
        let all = until(&mut states, |all| shines(all, 16..32, "blue")).await;
        let runs: Vec<_> = all.runs().map(|(ranks, _)| ranks).collect();
        assert_eq!(runs, [0..16, 16..32, 32..48]);
        let mesh = all.to_mesh(agents.control().region());
        assert_eq!((mesh.len(), mesh.runs().count()), (48, 3));

        let came = delivered();
        agents.message(Stop::<Lamp>::new(ONE, why())).cast(cx).unwrap();
        let mut last = all;
        while let Ok(all) = states.receive().await {
            last = all;
        }
        // The stream ends with the last of them, and nothing is lost by that.
        assert!(last.entries().all(|(_, standing)| standing.status == Status::Stopped), "{last:?}");
        assert_eq!((last.len(), last.runs().count()), (48, 3));
        let stopped = delivered() - came;
        assert!(stopped <= 12, "{stopped} envelopes for the end of 48");
    });
}

/// Another question's answers win by its epoch; ranks of a part are told at those of the whole.
#[mesh::test]
async fn who_asks_again_is_told_by_the_later_question(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let agents = procs.spawn(cx, "electricians", Electrician::spec()).await.unwrap();
    let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(5)).unwrap();
    for colour in ["red", "green"] {
        agents.message(lamp(ONE, colour)).cast(cx).unwrap();
    }
    agents.message(StreamState::<Lamp>::new(ONE, 0, 0, out.clone())).cast(cx).unwrap();
    until(&mut states, |all| shines(all, 0..3, "green")).await;
    // One that is made anew knows nothing of how often it changed before.
    let anew = procs.slice(1..3).spawn(cx, "electricians", Electrician::spec()).await.unwrap();
    anew.message(lamp(ONE, "red")).cast(cx).unwrap();
    anew.message(StreamState::<Lamp>::new(ONE, 1, 1, out)).cast(cx).unwrap();
    let all = until(&mut states, |all| shines(all, 1..3, "red")).await;
    assert!(shines(&all, 0..1, "green"), "{all:?}");
    // What the others still have to say is old.
    agents.message(lamp(ONE, "blue")).cast(cx).unwrap();
    let all = until(&mut states, |all| shines(all, 0..1, "blue")).await;
    assert!(shines(&all, 1..3, "red"), "{all:?}");
}

#[mesh::test]
async fn when_a_rank_is_heard_of_does_not_set_it_apart(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 4)).await.unwrap();
    let agents = procs.spawn(cx, "electricians", Electrician::spec()).await.unwrap();
    agents.slice(0..2).message(lamp(ONE, "red")).cast(cx).unwrap();
    let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(5)).unwrap();
    agents.message(StreamState::<Lamp>::new(ONE, 0, 0, out)).cast(cx).unwrap();
    until(&mut states, |all| all.len() == 4 && shines(all, 0..2, "red")).await;
    agents.slice(2..4).message(lamp(ONE, "red")).cast(cx).unwrap();
    let all = until(&mut states, |all| shines(all, 0..4, "red")).await;
    assert_eq!(all.runs().count(), 1, "{all:?}");
}

/// Who reads states is told which agent is gone, and goes on with the others.
#[mesh::test]
async fn an_agent_that_fails_is_named_to_who_is_told_of_states(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let agents = procs.spawn(cx, "electricians", Electrician::spec()).await.unwrap();
    let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(5)).unwrap();
    agents.message(lamp(ONE, "red")).cast(cx).unwrap();
    agents.message(StreamState::<Lamp>::new(ONE, 0, 0, out)).cast(cx).unwrap();
    until(&mut states, |all| all.len() == 3).await;
    agents.rank(1).fall().send(cx).unwrap();
    let lost = states.receive().await.unwrap_err();
    assert_eq!(lost.callee.as_ref().unwrap().rank, Some(1), "{lost}");
    agents.message(lamp(ONE, "green")).cast(cx).unwrap();
    let all = until(&mut states, |all| shines(all, 0..1, "green") && shines(all, 2..3, "green")).await;
    assert!(shines(&all, 1..2, "red"), "{all:?}");
}

/// Manages bells. It is generic, so no gateway knows of its kinds.
struct Ringer<T> {
    bells: ResourceTable<Bell<T>>,
}

struct Bell<T>(PhantomData<T>);

#[actor(resource(Bell<T> = self.bells))]
impl<T: Named + Send> Ringer<T> {
    #[new]
    fn new() -> Self {
        Ringer { bells: ResourceTable::default() }
    }
}

mesh::register!(Ringer<u8>);

impl<T: Named + Send> Resource for Bell<T> {
    type Agent = Ringer<T>;
    type Spec = ();
    type State = ();
    const NAME: &'static str = "bell";

    async fn create(
        _: &mut Ringer<T>,
        _: &Context<Ringer<T>>,
        _: ResourceKey,
        (): &(),
    ) -> Result<Progress<()>, String> {
        Ok(Progress::Done(()))
    }

    async fn stop(
        _: &mut Ringer<T>,
        _: &Context<Ringer<T>>,
        _: ResourceKey,
        _: &str,
    ) -> Result<Progress<()>, String> {
        Ok(Progress::Done(()))
    }
}

#[test]
fn states_that_no_gateway_knows_come_one_by_one_and_amount_to_the_same() {
    on_network(13, async |cx, _| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 8)).await.unwrap();
        let agents = procs.spawn(cx, "ringers", Ringer::<u8>::spec()).await.unwrap();
        agents.message(CreateOrUpdate::<Bell<u8>>::new(ONE, "bell".into(), ())).cast(cx).unwrap();
        agents.message(WaitRankStatus::<Bell<u8>>::new(ONE, StatusClass::Running)).call(cx).await.unwrap();
        settle().await;
        let counters = cx.proc().outbox().gateway().counters();
        let came = counters.delivered.load(Ordering::Relaxed);
        let (out, mut states) = cx.open_accumulating_port(Merge, Duration::from_millis(5)).unwrap();
        agents.message(StreamState::<Bell<u8>>::new(ONE, 0, 0, out)).cast(cx).unwrap();
        let all = until(&mut states, |all| all.len() == 16).await;
        assert_eq!(all.runs().count(), 1, "{all:?}");
        assert_eq!(counters.delivered.load(Ordering::Relaxed) - came, 16);
    });
}

#[mesh::test]
async fn list_gives_all_and_stop_all_stops_them_and_refuses_more(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    for id in 1..4 {
        agent.message(lamp(Uid(id), "red")).send(cx).unwrap();
    }
    agent.message(StopAll::<Lamp>::new(why())).send(cx).unwrap();
    agent.message(lamp(Uid(9), "red")).send(cx).unwrap();
    let all = agent.message(List::<Lamp>::new()).call(cx).await.unwrap();
    let seen: Vec<_> = all.iter().map(|state| (state.key.uid.0, state.status.class())).collect();
    use StatusClass::{Failed, Stopped};
    assert_eq!(seen, [(1, Stopped), (2, Stopped), (3, Stopped), (9, Failed)]);
    assert_eq!(agent.work().call(cx).await.unwrap(), (3, 3));
}

#[mesh::test]
async fn one_cast_makes_a_member_at_each_rank_and_each_answers_for_its_own(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let agents = procs.spawn(cx, "electricians", Electrician::spec()).await.unwrap();
    agents.message(lamp(ONE, "red")).cast(cx).unwrap();
    agents.slice(1..2).message(Stop::<Lamp>::new(ONE, why())).cast(cx).unwrap();
    // A view of the last two: ranks 0 and 1 there.
    let overlays = agents.slice(1..3).message(GetRankStatus::<Lamp>::new(ONE)).call(cx).await.unwrap();
    assert_eq!(overlays[0].entries().collect::<Vec<_>>(), [(0, &Status::Stopped)]);
    assert_eq!(overlays[1].entries().collect::<Vec<_>>(), [(1, &Status::Running)]);
    let merged = agents.message(GetRankStatus::<Lamp>::new(ONE)).reduce(Merge).call(cx).await.unwrap();
    let want = [(0, &Status::Running), (1, &Status::Stopped), (2, &Status::Running)];
    assert_eq!(merged.entries().collect::<Vec<_>>(), want);
}

/// A table remembers the last that have ended, and of the others nothing.
#[mesh::test]
async fn resources_that_have_ended_are_forgotten_in_the_end(cx: &Client) {
    let agent = cx.spawn(Electrician::default());
    let many = ENDED_MAX as u64 + 100;
    for n in 0..many {
        agent.message(lamp(Uid(n), "red")).send_wait(cx).await.unwrap();
        agent.message(Stop::<Lamp>::new(Uid(n), why())).send_wait(cx).await.unwrap();
    }
    let left = agent.message(List::<Lamp>::new()).call(cx).await.unwrap();
    assert_eq!(left.len(), ENDED_MAX);
    assert!(left.iter().all(|state| state.status == Status::Stopped));
    assert_eq!(left[0].key.uid, Uid(100), "the oldest are forgotten first");
    assert_eq!(state(cx, &agent, Uid(0)).await.status, Status::NotExist);
    // One that was forgotten has ended, for those who wait for that.
    let wait = WaitRankStatus::<Lamp>::new(Uid(0), StatusClass::Stopped);
    let overlay = agent.message(wait).call(cx).await.unwrap();
    assert_eq!(overlay.get(0), Some(&Status::Stopped));
    assert_eq!(
        agent.work().call(cx).await.unwrap(),
        (u32::try_from(many).unwrap(), u32::try_from(many).unwrap())
    );
}
