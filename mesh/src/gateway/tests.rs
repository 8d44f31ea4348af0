use std::sync::atomic::AtomicBool;

use super::awaiting::Awaiting;
use super::held::{HELD_MAX, Held};
use super::state::State;
use super::*;
use crate::addr::{ChannelAddr, PortAddr, ProcAddr};
use crate::clock;
use crate::ident::ActorId;
use crate::supervision::ExitStatus;
use crate::transport::MemoryNetwork;
use crate::wire::codec::Payload;
use crate::wire::hello::HandlerFingerprint;

mod flow;
mod relaying;
mod strangers;

/// Keeps what is delivered, or refuses it.
#[derive(Default)]
struct Inbox {
    got: Mutex<Vec<Envelope>>,
    refuses: AtomicBool,
}

impl Inbox {
    fn take(&self) -> Vec<Envelope> {
        std::mem::take(&mut self.got.lock().unwrap())
    }

    /// What is told to ports and senders: slot or handler, and the reason.
    fn told(&self) -> Vec<(u64, String)> {
        self.take().iter().filter_map(told).collect()
    }
}

fn told(envelope: &Envelope) -> Option<(u64, String)> {
    match (&envelope.body, envelope.to.target) {
        (Body::Failed(kind), Target::Port { slot, .. }) => Some((u64::from(slot), kind.to_string())),
        (Body::Returned { reason, .. }, Target::Handler { handler: RETURNED, actor, .. }) => {
            Some((actor.0, reason.to_string()))
        }
        _ => None,
    }
}

impl LocalProc for Inbox {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(Box::new(Bounced { envelope, kind: CallErrorKind::ActorStopped }));
        }
        self.got.lock().unwrap().push(envelope);
        Ok(())
    }
}

/// A gateway with one proc.
struct Site {
    gateway: Gateway,
    id: ProcId,
    inbox: Arc<Inbox>,
}

fn gateway_id(n: u64) -> GatewayId {
    GatewayId { uid: Uid(n), incarnation: 1 }
}

fn gateway_of(network: &MemoryNetwork, id: GatewayId, print: Option<ActorFingerprint>) -> Gateway {
    let prints = Arc::new(print.into_iter().collect());
    gateway_with(network, id, None, prints)
}

fn gateway_with(
    network: &MemoryNetwork,
    id: GatewayId,
    location: Option<Location>,
    prints: Arc<Vec<ActorFingerprint>>,
) -> Gateway {
    let config = GatewayConfig {
        handshake_timeout: Duration::from_secs(1),
        exit_status_wait: Duration::from_secs(2),
        link_give_up: Duration::ZERO,
        link_window_messages: 100,
        link_window_bytes: 1 << 20,
        link_silence: None,
        links_max: 20,
        cast_fanout: 16,
    };
    let transports = Transports { memory: network.clone(), ..Transports::default() };
    Gateway::new(id, location, config, transports, prints, EventLog::default())
}

fn site_at(network: &MemoryNetwork, n: u64, location: Option<Location>) -> Site {
    let gateway = gateway_with(network, gateway_id(n), location, Arc::default());
    let id = ProcId::single(Uid(100 * n), "proc".into());
    let inbox = Arc::new(Inbox::default());
    let local: Arc<dyn LocalProc> = inbox.clone();
    gateway.attach(&id, &local);
    Site { gateway, id, inbox }
}

impl Site {
    fn addr(&self) -> ProcAddr {
        ProcAddr { id: self.id.clone(), at: self.gateway.location() }
    }

    fn headers(&self) -> Headers {
        Headers {
            sender: ActorId::new(self.id.clone(), Uid(7), "sender".into()),
            sender_at: self.gateway.location(),
            lane: Lane::Data,
            ..self.gateway.own_headers()
        }
    }

    /// A message to an actor of `to`.
    fn message(&self, to: &ProcAddr) -> Envelope {
        let target = Target::Handler { actor: Uid(1), incarnation: 0, handler: 2 };
        let to = Destination { proc: to.id.clone(), at: to.at.clone(), target };
        Envelope { to, headers: self.headers(), body: Body::Message(Payload::of(&1_u8).unwrap()) }
    }

    /// A call whose reply comes back to `slot`.
    fn call(&self, to: &ProcAddr, slot: u32) -> Envelope {
        let mut call = self.message(to);
        call.headers.reply_to = Some((PortAddr { proc: self.addr(), port: 9 }, slot));
        call
    }
}

fn door(name: &str) -> ChannelAddr {
    ChannelAddr::Memory(name.into())
}

const TOKEN: [u8; 16] = [5; 16];

/// Ends when it is told to.
#[derive(Default)]
struct Child {
    exit: Notify,
    ended: AtomicBool,
}

impl ExitObserver for Child {
    fn exited(&self) -> Pin<Box<dyn Future<Output = Exit> + Send + '_>> {
        Box::pin(async {
            if !self.ended.load(Ordering::Relaxed) {
                self.exit.notified().await;
            }
            Exit { status: ExitStatus::Code(3), stderr_tail: Vec::new() }
        })
    }

    fn give_up(&self, _: &str) {
        self.kill();
    }

    fn kill(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.exit.notify_one();
    }
}

struct Family {
    network: MemoryNetwork,
    parent: Site,
    child: Site,
    process: Arc<Child>,
    _door: Listening,
}

/// A parent and the child that it expects.
async fn family() -> Family {
    let network = MemoryNetwork::new();
    let parent = site_at(&network, 1, None);
    let listening = parent.gateway.serve(&door("host")).await.unwrap();
    let child = site_at(&network, 2, Some((*parent.gateway.location()).clone()));
    let process = Arc::new(Child::default());
    let mut expected = parent.gateway.expect(TOKEN, child.id.clone(), process.clone());
    child.gateway.dial_up(&door("host"), TOKEN).await.unwrap();
    assert_eq!(expected.arrived().await, Some(gateway_id(2)));
    Family { network, parent, child, process, _door: listening }
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Where an envelope for a proc at a gateway goes, in words.
#[track_caller]
fn check_route(state: &State, to: &ProcAddr, from: Option<LinkId>, want: &str) {
    let target = Target::Handler { actor: Uid(1), incarnation: 0, handler: 2 };
    let to = Destination { proc: to.id.clone(), at: to.at.clone(), target };
    let said = match route::choose(state, gateway_id(1), &to, from, None) {
        Step::Local(_) => "local".to_owned(),
        Step::Link(link) => format!("{}", link.id()),
        Step::Dial(at) => format!("dial {}", at.gateway.uid.0),
        Step::Confirm(at) => format!("confirm {}", at.gateway.uid.0),
        Step::Depart => "depart".to_owned(),
        Step::Bounce(kind) => format!("bounce: {kind}"),
    };
    assert!(said.starts_with(want), "{said:?} does not begin with {want:?}");
}

fn elsewhere(proc: u64, gateway: u64, door: Option<ChannelAddr>) -> ProcAddr {
    let at = Location { gateway: gateway_id(gateway), door };
    ProcAddr { id: ProcId::single(Uid(proc), "far".into()), at: Arc::new(at) }
}

#[tokio::test(start_paused = true)]
async fn routes_are_chosen_in_a_fixed_order() {
    let family = family().await;
    let parent = &family.parent.gateway;
    let own = family.parent.addr();
    let child = family.child.addr();
    let mut state = parent.state();
    check_route(&state, &own, None, "local");
    check_route(&state, &child, None, "link 1");
    // By the gateway behind a link; never back over the link it came from.
    check_route(&state, &elsewhere(77, 2, None), None, "link 1");
    check_route(&state, &elsewhere(77, 2, None), Some(LinkId(1)), "bounce: unreachable: no route");
    check_route(&state, &elsewhere(77, 1, None), None, "bounce: unreachable: there is no proc far here");
    check_route(&state, &elsewhere(77, 8, Some(door("far"))), None, "dial 8");
    check_route(&state, &elsewhere(77, 8, None), None, "bounce: unreachable: no route");
    let restarted = Location { gateway: GatewayId { uid: Uid(2), incarnation: 2 }, door: None };
    let restarted = ProcAddr { at: Arc::new(restarted), ..elsewhere(77, 2, None) };
    check_route(&state, &restarted, None, "bounce: unreachable: gateway-0000000000000002#2 was restarted");
    state.departing.insert(Uid(55), Held::default());
    check_route(&state, &elsewhere(55, 1, None), None, "depart");
    let dead = ProcId::single(Uid(56), "dead".into());
    let kind = CallErrorKind::proc_lost(&dead, &Exit::unknown());
    state.record_gone(&dead, kind);
    check_route(&state, &elsewhere(56, 1, None), None, "bounce: process dead is gone");
}

#[tokio::test(start_paused = true)]
async fn a_child_sends_what_it_does_not_know_up() {
    let family = family().await;
    let state = family.child.gateway.state();
    let up = state.uplink.unwrap();
    let target = Target::Handler { actor: Uid(1), incarnation: 0, handler: 2 };
    let far = elsewhere(77, 8, Some(door("far")));
    let to = Destination { proc: far.id, at: far.at, target };
    assert!(
        matches!(route::choose(&state, gateway_id(2), &to, None, None), Step::Link(link) if link.id() == up)
    );
    // What came from there does not go back; it is dialled.
    assert!(matches!(route::choose(&state, gateway_id(2), &to, Some(up), None), Step::Dial(_)));
}

#[tokio::test(start_paused = true)]
async fn the_table_of_awaited_calls_is_swept_of_those_whose_time_is_over() {
    let mut awaiting = Awaiting::new();
    let site = site_at(&MemoryNetwork::new(), 1, None);
    let far = elsewhere(77, 8, None);
    let call = |slot: u32, deadline_us: Option<u64>| {
        let mut call = site.call(&far, slot);
        call.headers.deadline_us = deadline_us;
        call
    };
    for slot in 0..1024 {
        awaiting.sent(LinkId(1), &call(slot, (slot % 2 == 0).then_some(10_000)));
    }
    tokio::time::advance(Duration::from_millis(11)).await;
    awaiting.sent(LinkId(2), &call(5000, Some(10_000)));
    assert_eq!(awaiting.take(LinkId(1)).len(), 512, "those without a limit stay");
    assert_eq!(awaiting.take(LinkId(2)).len(), 1);
    awaiting.sent(LinkId(1), &call(1, None));
    awaiting.answered(site.id.uid, 9, 1);
    assert!(awaiting.take(LinkId(1)).is_empty());
}

#[tokio::test]
async fn a_refused_call_tells_its_port_and_a_refused_message_its_sender() {
    let site = site_at(&MemoryNetwork::new(), 1, None);
    let nowhere = elsewhere(77, 8, None);
    site.gateway.post_or_bounce(site.call(&nowhere, 4));
    site.gateway.post_or_bounce(site.message(&nowhere));
    let told = site.inbox.told();
    assert_eq!(told.iter().map(|(whom, _)| *whom).collect::<Vec<_>>(), [4, 7]);
    assert!(told.iter().all(|(_, reason)| reason.starts_with("unreachable: no route")), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_bounced_is_counted_and_never_bounced_again() {
    let site = site_at(&MemoryNetwork::new(), 1, None);
    site.inbox.refuses.store(true, Ordering::Relaxed);
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    site.gateway.post_or_bounce(site.message(&site.addr()));
    site.gateway.post_or_bounce(site.call(&site.addr(), 1));
    let counters = site.gateway.counters();
    assert_eq!((count(&counters.bounced), count(&counters.lost)), (2, 2));
    // An answer that nobody takes is lost at once.
    let answer = Envelope { body: Body::Failed(CallErrorKind::ActorStopped), ..site.message(&site.addr()) };
    site.gateway.post_or_bounce(answer);
    assert_eq!((count(&counters.bounced), count(&counters.lost)), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_cannot_go_gives_the_envelope_back() {
    let site = site_at(&MemoryNetwork::new(), 1, None);
    let bounced = site.gateway.post(site.call(&elsewhere(77, 8, None), 1)).unwrap_err();
    assert!(matches!(bounced.kind, CallErrorKind::Unreachable { .. }));
    assert_eq!(site.inbox.take().len(), 0, "the sender is here: nothing is bounced");
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_answered_with_the_exit_of_the_lost_proc() {
    let Family { network, parent, child, process, _door } = family().await;
    parent.gateway.post(parent.call(&child.addr(), 1)).unwrap();
    settle().await;
    assert_eq!(child.inbox.take().len(), 1, "it arrived, and is never answered");
    network.cut("host");
    settle().await;
    // Its exit is not yet known: late calls and messages are held.
    parent.gateway.post(parent.call(&child.addr(), 2)).unwrap();
    parent.gateway.post(parent.message(&child.addr())).unwrap();
    assert_eq!(parent.inbox.take().len(), 0);
    process.exit.notify_one();
    settle().await;
    let told = parent.inbox.told();
    assert_eq!(told.iter().map(|(whom, _)| *whom).collect::<Vec<_>>(), [1, 2, 7]);
    assert!(told.iter().all(|(_, reason)| reason.contains("is gone: exit code 3")), "{told:?}");
    let late = parent.gateway.post(parent.message(&child.addr())).unwrap_err();
    assert!(matches!(late.kind, CallErrorKind::ProcLost { .. }));
}

/// Between the end of a link and the word of it.
#[tokio::test(start_paused = true)]
async fn a_call_that_finds_its_link_lost_is_answered_by_who_hears_of_the_loss() {
    let Family { network, parent, child, .. } = family().await;
    let link = {
        let state = parent.gateway.state();
        state.link(state.by_proc[&child.id.uid]).unwrap()
    };
    assert!(!link.is_lost());
    network.cut("host");
    link.lost().await;
    let call = parent.call(&child.addr(), 1);
    // As `go` does under the lock that the link was found under.
    parent.gateway.state().awaiting.sent(link.id(), &call);
    assert!(parent.gateway.hand_to(&link, call).is_ok());
    assert_eq!(parent.gateway.state().awaiting.take(link.id()).len(), 1, "it is not forgotten");
    // A message goes back to its sender, which is here.
    let refused = parent.gateway.hand_to(&link, parent.message(&child.addr())).unwrap_err();
    assert!(matches!(refused.kind, CallErrorKind::Unreachable { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_lost_proc_that_does_not_exit_is_killed() {
    let Family { network, parent, child, process, _door } = family().await;
    parent.gateway.post(parent.call(&child.addr(), 1)).unwrap();
    let start = clock::now();
    network.cut("host");
    while parent.inbox.got.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(process.ended.load(Ordering::Relaxed));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_envelopes_held_for_a_departing_proc_are_bounded() {
    let Family { network, parent, child, process, _door } = family().await;
    network.cut("host");
    settle().await;
    for _ in 0..HELD_MAX {
        parent.gateway.post(parent.message(&child.addr())).unwrap();
    }
    let refused = parent.gateway.post(parent.message(&child.addr())).unwrap_err();
    assert_eq!(refused.kind, CallErrorKind::MailboxFull { capacity: HELD_MAX as u64 });
    process.exit.notify_one();
    settle().await;
    assert_eq!(parent.inbox.told().len(), HELD_MAX);
}

#[tokio::test(start_paused = true)]
async fn an_answered_call_is_not_answered_again_when_the_link_is_lost() {
    let Family { network, parent, child, process, _door } = family().await;
    parent.gateway.post(parent.call(&child.addr(), 1)).unwrap();
    settle().await;
    let to = Destination::port(&PortAddr { proc: parent.addr(), port: 9 }, 1);
    let body = Body::Reply(Payload::of(&2_u8).unwrap());
    child.gateway.post(Envelope { to, headers: child.headers(), body }).unwrap();
    settle().await;
    assert_eq!(parent.inbox.take().len(), 1);
    network.cut("host");
    process.exit.notify_one();
    settle().await;
    assert_eq!(parent.inbox.take().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_uplink_is_lost_is_told_and_its_calls_are_answered() {
    let Family { network, parent, child, _door, .. } = family().await;
    child.gateway.post(child.call(&parent.addr(), 3)).unwrap();
    settle().await;
    network.cut("host");
    child.gateway.uplink_lost().await;
    let told = child.inbox.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].1.starts_with("unreachable: the link was lost"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_with_an_unknown_token_is_refused() {
    let Family { network, parent, child, _door, .. } = family().await;
    let stranger = site_at(&network, 3, None);
    let refused = stranger.gateway.dial_up(&door("host"), [6; 16]).await.unwrap_err();
    assert!(refused.to_string().contains("refuses this gateway"), "{refused}");
    assert_eq!(parent.gateway.state().links.len(), 1);
    // A token is good once.
    let again = site_at(&network, 4, None);
    again.gateway.dial_up(&door("host"), TOKEN).await.unwrap_err();
    parent.gateway.post(parent.message(&child.addr())).unwrap();
    settle().await;
    assert_eq!(child.inbox.take().len(), 1, "the child is still the one that was expected");
}

#[tokio::test(start_paused = true)]
async fn a_peer_without_a_token_may_not_claim_procs() {
    let Family { network, parent, child, _door, .. } = family().await;
    let stranger = site_at(&network, 3, None);
    stranger.gateway.dial(&door("host")).await.unwrap();
    settle().await;
    let state = parent.gateway.state();
    assert!(!state.by_proc.contains_key(&stranger.id.uid));
    assert!(state.by_proc.contains_key(&child.id.uid));
}

#[tokio::test(start_paused = true)]
async fn a_permission_ends_with_whoever_waits_for_the_child() {
    let network = MemoryNetwork::new();
    let parent = site_at(&network, 1, None);
    let _door = parent.gateway.serve(&door("host")).await.unwrap();
    let late = site_at(&network, 2, None);
    drop(parent.gateway.expect(TOKEN, late.id.clone(), Arc::new(Child::default())));
    late.gateway.dial_up(&door("host"), TOKEN).await.unwrap_err();
    assert!(parent.gateway.state().links.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_envelope_without_hops_goes_back() {
    let Family { parent, child, _door, .. } = family().await;
    let mut call = child.call(&parent.addr(), 1);
    call.headers.hops = 0;
    child.gateway.post(call).unwrap();
    settle().await;
    assert_eq!(parent.inbox.take().len(), 0);
    let told = child.inbox.told();
    assert!(told[0].1.contains("no route within"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_door_is_dialled_once_and_what_was_held_follows_in_order() {
    let network = MemoryNetwork::new();
    let (near, far) = (site_at(&network, 1, None), site_at(&network, 2, None));
    let _door = far.gateway.serve(&door("far")).await.unwrap();
    far.gateway.publish_door(&door("far"));
    for slot in 0..10 {
        near.gateway.post(near.call(&far.addr(), slot)).unwrap();
    }
    settle().await;
    let slots: Vec<u32> =
        far.inbox.take().iter().map(|call| call.headers.reply_to.as_ref().unwrap().1).collect();
    assert_eq!(slots, (0..10).collect::<Vec<_>>());
    assert_eq!(near.gateway.state().links.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_door_where_nobody_is_bounces_what_was_held() {
    let site = site_at(&MemoryNetwork::new(), 1, None);
    let far = elsewhere(77, 8, Some(door("far")));
    site.gateway.post(site.call(&far, 1)).unwrap();
    site.gateway.post(site.message(&far)).unwrap();
    settle().await;
    let told = site.inbox.told();
    assert_eq!(told.iter().map(|(whom, _)| *whom).collect::<Vec<_>>(), [1, 7]);
    assert!(site.gateway.state().dialing.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_proc_that_has_ended_is_unreachable() {
    let site = site_at(&MemoryNetwork::new(), 1, None);
    let addr = site.addr();
    let message = site.message(&addr);
    drop(site.inbox);
    let bounced = site.gateway.post(message).unwrap_err();
    assert!(bounced.kind.to_string().contains("has ended"), "{}", bounced.kind);
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_the_identity_of_a_child_of_the_parent_or_of_the_gateway_itself() {
    let Family { network, parent, child, _door, .. } = family().await;
    let _child_door = child.gateway.serve(&door("child")).await.unwrap();
    // As the child, in this life and in a next one; as the parent, to the parent and to the child.
    for (uid, incarnation, at, says) in [
        (2, 1, "host", "is a child of"),
        (2, 2, "host", "is a child of"),
        (1, 1, "host", "is the gateway that was dialled"),
        (1, 9, "host", "is the gateway that was dialled"),
        (1, 1, "child", "is the parent of"),
    ] {
        let id = GatewayId { uid: Uid(uid), incarnation };
        let stranger = gateway_of(&network, id, None);
        // It hears of it in the answer, or, if it is told later, on its link.
        match stranger.dial(&door(at)).await {
            Ok(_) => {
                settle().await;
                assert!(stranger.state().links.is_empty(), "{id} to {at}");
            }
            Err(error) => {
                let error = refusal::with_cause(&error);
                assert!(error.contains(says), "{error}");
            }
        }
    }
    assert_eq!(parent.gateway.state().links.len(), 1);
    parent.gateway.post(parent.message(&child.addr())).unwrap();
    child.gateway.post(child.message(&parent.addr())).unwrap();
    settle().await;
    assert_eq!((child.inbox.take().len(), parent.inbox.take().len()), (1, 1), "the family is as before");
}

#[tokio::test(start_paused = true)]
async fn the_links_of_peers_are_bounded_and_children_still_come_in() {
    let Family { network, parent, _door, .. } = family().await;
    let mut peers: Vec<Gateway> = Vec::new();
    for n in 10..40 {
        let peer = gateway_of(&network, gateway_id(n), None);
        match peer.dial(&door("host")).await {
            Ok(_) => peers.push(peer),
            Err(error) => {
                let error = refusal::with_cause(&error);
                assert!(error.contains("there are 20 links already"), "{error}");
            }
        }
    }
    settle().await;
    assert_eq!(parent.gateway.state().links.len(), 20);
    let late = site_at(&network, 50, None);
    let mut expected = parent.gateway.expect([9; 16], late.id.clone(), Arc::new(Child::default()));
    late.gateway.dial_up(&door("host"), [9; 16]).await.unwrap();
    assert_eq!(expected.arrived().await, Some(gateway_id(50)));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_has_refused_is_not_dialled_for_every_message() {
    let network = MemoryNetwork::new();
    let differs = |schema| {
        let handlers = vec![HandlerFingerprint { name: "add".into(), args: vec![], reply: schema }];
        ActorFingerprint { name: "Counter".into(), handlers }
    };
    let refusing = gateway_of(&network, gateway_id(7), Some(differs(1)));
    let _refusing_door = refusing.serve(&door("refusing")).await.unwrap();
    let near = gateway_of(&network, gateway_id(1), Some(differs(2)));
    let site = Site { gateway: near, id: ProcId::single(Uid(100), "proc".into()), inbox: Arc::default() };
    let local: Arc<dyn LocalProc> = site.inbox.clone();
    site.gateway.attach(&site.id, &local);
    let there = elsewhere(77, 7, Some(door("refusing")));
    let start = tokio::time::Instant::now();
    let mut told = 0;
    for _ in 0..100 {
        match site.gateway.post(site.message(&there)) {
            Ok(()) => {}
            Err(bounced) => {
                let reason = bounced.kind.to_string();
                assert!(reason.contains("handler `add` of actor `Counter`"), "{reason}");
                told += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(network.connections("refusing"), 1, "dialled once for all of them");
    told += site.inbox.told().len();
    assert_eq!(told, 100, "and every sender hears of it");
    // What separates the two may be mended.
    tokio::time::sleep(Duration::from_secs(1)).await;
    site.gateway.post(site.message(&there)).unwrap();
    settle().await;
    assert_eq!(network.connections("refusing"), 2);
}

/// A life of the proc of a child, which is there.
async fn life(network: &MemoryNetwork, parent: &Site, incarnation: u64) -> (Site, Arc<Child>) {
    let own = GatewayId { uid: Uid(2), incarnation };
    let location = Some((*parent.gateway.location()).clone());
    let gateway = gateway_with(network, own, location, Arc::default());
    let (id, inbox) = (ProcId::single(Uid(2), "proc".into()), Arc::new(Inbox::default()));
    let local: Arc<dyn LocalProc> = inbox.clone();
    gateway.attach(&id, &local);
    let process = Arc::new(Child::default());
    let mut expected = parent.gateway.expect(TOKEN, id.clone(), process.clone());
    gateway.dial_up(&door("host"), TOKEN).await.unwrap();
    assert_eq!(expected.arrived().await, Some(own));
    (Site { gateway, id, inbox }, process)
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_a_proc_that_comes_back_stays_in_order_over_two_deaths_and_its_time_runs_on() {
    let network = MemoryNetwork::new();
    let parent = site_at(&network, 1, None);
    let _door = parent.gateway.serve(&door("host")).await.unwrap();
    let (first, process) = life(&network, &parent, 1).await;
    let to = first.addr();
    parent.gateway.keep_place(&to.id);
    let post = |slot, time_ms: u64| {
        let mut call = parent.call(&to, slot);
        call.headers.deadline_us = Some(1000 * time_ms);
        parent.gateway.post(call).unwrap();
    };
    network.cut("host");
    settle().await;
    post(1, 1000);
    post(2, 10);
    process.exit.notify_one();
    settle().await;
    post(3, 1000);
    let (_second, process) = life(&network, &parent, 2).await;
    network.cut("host");
    settle().await;
    post(4, 1000);
    process.exit.notify_one();
    parent.gateway.place_is_empty(&to.id).await;
    let (third, _process) = life(&network, &parent, 3).await;
    post(5, 1000);
    assert_eq!(parent.inbox.told(), []);
    tokio::time::advance(Duration::from_millis(10)).await;
    parent.gateway.open_place(&to.id);
    post(6, 1000);
    settle().await;
    let got: Vec<_> = third
        .inbox
        .take()
        .iter()
        .map(|call| (call.headers.reply_to.as_ref().unwrap().1, call.headers.deadline_us.unwrap()))
        .collect();
    let left = 990_000;
    assert_eq!(got, [(1, left), (3, left), (4, left), (5, left), (6, 1_000_000)]);
    let told = parent.inbox.told();
    assert_eq!(told, [(2, "no reply within 10 ms".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn time_runs_on_while_a_door_is_dialled() {
    let network = MemoryNetwork::new();
    let (near, far) = (site_at(&network, 1, None), site_at(&network, 2, None));
    let _door = far.gateway.serve(&door("far")).await.unwrap();
    far.gateway.publish_door(&door("far"));
    for (slot, time_us) in [(1, 1000), (2, 2000)] {
        let mut call = near.call(&far.addr(), slot);
        call.headers.deadline_us = Some(time_us);
        near.gateway.post(call).unwrap();
    }
    tokio::time::advance(Duration::from_millis(1)).await;
    settle().await;
    let got: Vec<_> = far.inbox.take().iter().map(|call| call.headers.deadline_us).collect();
    assert_eq!(got, [Some(1000)]);
    assert_eq!(near.inbox.told(), [(1, "no reply within 1 ms".to_owned())]);
}
