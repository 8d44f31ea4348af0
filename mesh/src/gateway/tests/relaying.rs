//! Casts over other gateways: what is refused when one of those is lost.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::super::relay::Relays;
use super::*;
use crate::transport::Transport;
use crate::wire::cast::{Cast, Epoch, Manifest, Member, Procs};

fn cast_to(from: &Site, members: &[&Site]) -> Cast {
    let mut manifest = Manifest::new(Uid(1), 2, 8, None, &Procs::Named(Vec::new()));
    for (rank, site) in (0..).zip(members) {
        let gateway = site.gateway.id();
        let at = Arc::new(Location { gateway, door: Some(door_of(gateway)) });
        manifest.push(&Member { rank, base_rank: rank, proc: site.id.clone(), at });
    }
    Cast { manifest, headers: from.headers(), payload: Payload::of(&1_u8).unwrap() }
}

fn door_of(gateway: GatewayId) -> ChannelAddr {
    door(&format!("door-{}", gateway.uid.0))
}

/// Where a site is dialled.
fn at_door(site: &Site) -> ProcAddr {
    let gateway = site.gateway.id();
    ProcAddr { at: Arc::new(Location { gateway, door: Some(door_of(gateway)) }), ..site.addr() }
}

/// The slot that the answer to a call comes back to.
fn numbered(call: &Envelope) -> Option<u32> {
    call.headers.reply_to.as_ref().map(|(_, slot)| *slot)
}

/// A sender with a fan-out of one, and two gateways that it has links to.
async fn three() -> (MemoryNetwork, [Site; 3], Vec<Listening>) {
    linked([1, 2, 3], 1).await
}

/// A sender with a fan-out, and others that it has links to.
async fn linked<const N: usize>(
    sites: [u64; N],
    cast_fanout: usize,
) -> (MemoryNetwork, [Site; N], Vec<Listening>) {
    let network = MemoryNetwork::new();
    let sites = sites.map(|n| {
        let site = site_at(&network, n, None);
        let config = GatewayConfig { cast_fanout, ..site.gateway.0.config.clone() };
        let transports = site.gateway.0.transports.clone();
        let gateway =
            Gateway::new(gateway_id(n), None, config, transports, Arc::default(), EventLog::default());
        let local: Arc<dyn LocalProc> = site.inbox.clone();
        gateway.attach(&site.id, &local);
        Site { gateway, ..site }
    });
    let mut doors = Vec::new();
    for site in &sites {
        doors.push(site.gateway.serve(&door_of(site.gateway.id())).await.unwrap());
    }
    for to in &sites[1..] {
        sites[0].gateway.dial(&door_of(to.gateway.id())).await.unwrap();
    }
    (network, sites, doors)
}

fn link_of(from: &Site, to: &Site) -> Link {
    let state = from.gateway.state();
    let id = state.by_gateway[&to.gateway.id().uid];
    state.link(id).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_cast_goes_over_another_gateway_unless_something_is_on_its_way() {
    let (_network, [sender, relay, far], _doors) = three().await;
    let busy = link_of(&sender, &far);
    sender.gateway.post(sender.message(&far.addr())).unwrap();
    assert!(!busy.is_idle());
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    assert_eq!(sender.gateway.state().relays.over(Uid(1), Uid(3)), None, "it would pass what was sent");
    busy.flush().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    let over = link_of(&sender, &relay).id();
    assert_eq!(sender.gateway.state().relays.over(Uid(1), Uid(3)), Some(over));
    // Straight, when it is confirmed that the cast has come.
    sender.gateway.post(sender.message(&far.addr())).unwrap();
    assert!(sender.gateway.state().relays.confirming.contains_key(&Uid(3)));
    busy.flush().await;
    while far.inbox.got.lock().unwrap().len() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(sender.gateway.state().relays.over(Uid(1), Uid(3)), None);
    let points: Vec<bool> = far.inbox.take().iter().map(|came| came.headers.point.is_some()).collect();
    assert_eq!(points, [false, true, true, false], "in the order in which they were sent");
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_relay_still_brings_is_refused() {
    let (_network, [sender, relay, far], _doors) = three().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    settle().await;
    assert_eq!(far.inbox.take().len(), 1);
    link_of(&sender, &relay).flush().await;
    link_of(&sender, &relay).give_up("test");
    while sender.gateway.state().relays.epoch().number == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    sender.gateway.post(sender.message(&far.addr())).unwrap();
    settle().await;
    assert_eq!(far.inbox.take().len(), 1, "it goes straight now");
    let mut late = cast_to(&sender, &[&far]);
    for (number, want) in [(0, 0), (1, 1)] {
        late.manifest.relay(Epoch { of: Uid(1), number });
        let envelope = late.envelope(&late.manifest).unwrap();
        link_of(&relay, &far).post(envelope).unwrap();
        settle().await;
        assert_eq!(far.inbox.take().len(), want, "of epoch {number}");
        late.manifest = cast_to(&sender, &[&far]).manifest;
    }
    let returned = sender.inbox.told();
    assert!(
        matches!(&returned[..], [(7, reason)] if reason.contains("the cast went over was lost")),
        "{returned:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_whose_own_link_is_lost_is_dialled_again_whatever_was_relayed_to_it() {
    let (_network, [sender, relay, far], _doors) = three().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    settle().await;
    assert_eq!(far.inbox.take().len(), 1);
    // Two wait for the confirmation just then.
    sender.gateway.post(sender.call(&at_door(&far), 1)).unwrap();
    sender.gateway.post(sender.call(&at_door(&far), 2)).unwrap();
    link_of(&sender, &far).give_up("test");
    while sender.gateway.state().relays.over(Uid(1), Uid(3)).is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(sender.inbox.told().is_empty());
    let came = far.inbox.take();
    assert_eq!(came.iter().map(numbered).collect::<Vec<_>>(), [Some(1), Some(2)], "as it waited");
    // The new link has said which epoch it is.
    assert!(far.gateway.state().relays.is_over(&[Epoch { of: Uid(1), number: 0 }]));
    assert!(!far.gateway.state().relays.is_over(&[Epoch { of: Uid(1), number: 1 }]));
}

#[tokio::test(start_paused = true)]
async fn one_that_others_do_not_reach_is_reached_straight_by_the_next_cast() {
    let (_network, [sender, relay, far], mut doors) = three().await;
    // The link that there is stays; who dials waits in vain.
    drop(doors.pop());
    settle().await;
    let _unheard = sender.gateway.0.transports.listen(&door("door-3")).await.unwrap();
    let cast = || {
        let cast = cast_to(&sender, &[&relay, &far]);
        sender.gateway.post_cast(cast, |bounced| panic!("{}", bounced.kind));
    };
    cast();
    tokio::time::sleep(Duration::from_secs(1)).await;
    settle().await;
    let told = sender.inbox.told();
    assert!(matches!(&told[..], [(7, reason)] if reason.contains("door-3")), "{told:?}");
    for n in 0..4 {
        // It waits for no other dial.
        cast();
        sender.gateway.post(sender.call(&far.addr(), n)).unwrap();
        settle().await;
        link_of(&sender, &far).flush().await;
        let came = far.inbox.take();
        assert_eq!(came.iter().map(numbered).collect::<Vec<_>>(), [None, Some(n)]);
        assert_eq!(sender.gateway.state().relays.over(Uid(1), Uid(3)), None);
    }
    assert!(sender.inbox.told().is_empty());
    assert_eq!(relay.inbox.take().len(), 5);
    // The next link may be another way.
    let at = at_door(&far).at;
    assert!(sender.gateway.state().relays.is_unreached(Some(&at)));
    link_of(&sender, &far).give_up("test");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!sender.gateway.state().relays.is_unreached(Some(&at)));
}

#[tokio::test(start_paused = true)]
async fn one_that_has_refused_the_relay_lately_is_not_reached_either() {
    let (_network, [sender, relay, far], _doors) = three().await;
    relay.gateway.state().refusals.note(Uid(3), "they do not agree");
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    settle().await;
    let told = sender.inbox.told();
    assert!(matches!(&told[..], [(7, reason)] if reason.contains("do not agree")), "{told:?}");
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    settle().await;
    assert_eq!(far.inbox.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn those_that_others_do_not_reach_take_no_place_in_the_fan_out() {
    let (_network, sites, mut doors) = linked([1, 2, 3, 4, 5, 6], 2).await;
    let [sender, others @ ..] = &sites;
    // Of the third and of the fifth, which are behind the second and the fourth.
    drop((doors.remove(4), doors.remove(2)));
    // The second time they go behind the question whether the first have come.
    for (count, want, came) in
        [(4, 2, [1, 0, 1, 0, 0]), (4, 6, [1, 1, 1, 1, 0]), (4, 4, [1, 1, 1, 1, 0]), (5, 4, [1; 5])]
    {
        settle().await;
        let idle = others.iter().map(|site| link_of(sender, site));
        for link in idle {
            link.flush().await;
        }
        let sent = sender.gateway.counters().forwarded.load(Ordering::Relaxed);
        let cast = cast_to(sender, &others[..count].iter().collect::<Vec<_>>());
        sender.gateway.post_cast(cast, |bounced| panic!("{}", bounced.kind));
        settle().await;
        assert_eq!(sender.gateway.counters().forwarded.load(Ordering::Relaxed) - sent, want);
        assert_eq!(others.iter().map(|site| site.inbox.take().len()).collect::<Vec<_>>(), came);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_an_earlier_life_of_a_gateway_goes_back() {
    let (_network, [sender, relay, far], _doors) = three().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    let gateway = GatewayId { uid: Uid(3), incarnation: 9 };
    let earlier = Arc::new(Location { gateway, door: None });
    let message = sender.message(&ProcAddr { at: earlier.clone(), ..far.addr() });
    // One that comes then does not wait: the answer would be no confirmation.
    let refused = sender.gateway.post(message.clone()).unwrap_err();
    assert!(refused.kind.to_string().contains("was restarted"), "{}", refused.kind);
    sender.gateway.state().relays.confirming.entry(Uid(3)).or_default().push(message).unwrap();
    sender.gateway.release_confirmed(&earlier).await;
    let told = sender.inbox.told();
    assert!(matches!(&told[..], [(7, reason)] if reason.contains("was restarted")), "{told:?}");
    assert!(sender.gateway.state().relays.confirming.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_confirmation_is_sent_before_its_gateway_closes() {
    let (_network, [sender, relay, far], _doors) = three().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    settle().await;
    link_of(&sender, &relay).flush().await;
    sender.gateway.post(sender.message(&far.addr())).unwrap();
    sender.gateway.close(Duration::from_secs(1), "test").await;
    settle().await;
    let points: Vec<bool> = far.inbox.take().iter().map(|came| came.headers.point.is_some()).collect();
    assert_eq!(points, [true, false]);
    assert!(sender.inbox.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_vain_goes_back_when_its_gateway_closes() {
    let (network, [sender, relay, far], _doors) = three().await;
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    // For a confirmation, and for a door.
    network.stall("door-2");
    let _unheard = sender.gateway.0.transports.listen(&door("door-4")).await.unwrap();
    sender.gateway.post(sender.call(&far.addr(), 1)).unwrap();
    sender.gateway.post(sender.call(&elsewhere(400, 4, Some(door("door-4"))), 2)).unwrap();
    let begin = clock::now();
    sender.gateway.close(Duration::from_millis(100), "test").await;
    assert_eq!(begin.elapsed(), Duration::from_millis(100));
    let told = sender.inbox.told();
    assert!(told.iter().all(|(_, reason)| reason.contains("closing")), "{told:?}");
    assert_eq!(told.iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn who_waits_for_a_confirmation_waits_on_when_the_relay_of_another_sender_is_lost() {
    let mut relays = Relays::new(gateway_id(1));
    relays.set(Uid(1), Uid(3), LinkId(5), None);
    relays.set(Uid(2), Uid(3), LinkId(6), Some(LinkId(7)));
    let (asker, mut confirmed) = oneshot::channel();
    relays.ask(Uid(3), asker);
    assert_eq!(relays.lost(LinkId(6)), [Uid(3)]);
    assert_eq!(confirmed.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    assert_eq!(relays.lost(LinkId(5)), [Uid(3)]);
    assert_eq!(confirmed.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

/// Takes casts slowly: until a message has come, or could have long since.
struct Slow {
    begun: mpsc::Sender<()>,
    passed: (mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>),
    got: Mutex<Vec<&'static str>>,
}

impl LocalProc for Slow {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let is_cast = envelope.headers.point.is_some();
        if is_cast {
            self.begun.send(()).unwrap();
            let _ = self.passed.1.lock().unwrap().recv_timeout(Duration::from_millis(500));
        }
        self.got.lock().unwrap().push(if is_cast { "cast" } else { "message" });
        let _ = self.passed.0.send(());
        Ok(())
    }
}

#[tokio::test]
async fn what_is_handed_on_just_now_is_not_passed_by_what_comes_behind_the_word_that_it_is_late() {
    let (_network, [sender, relay, far], _doors) = three().await;
    let (begun, has_begun) = mpsc::channel();
    let (sends, passed) = mpsc::channel();
    let slow = Arc::new(Slow { begun, passed: (sends, Mutex::new(passed)), got: Mutex::default() });
    let local: Arc<dyn LocalProc> = slow.clone();
    far.gateway.attach(&far.id, &local);
    let mut cast = cast_to(&sender, &[&far]);
    cast.manifest.relay(Epoch { of: Uid(1), number: 0 });
    let envelope = cast.envelope(&cast.manifest).unwrap();
    let (from_relay, from_sender) = (LinkId(77), link_of(&far, &sender).id());
    sender.gateway.post_cast(cast_to(&sender, &[&relay, &far]), |bounced| panic!("{}", bounced.kind));
    let epoch = {
        let mut state = sender.gateway.state();
        let over = state.relays.over(Uid(1), Uid(3)).unwrap();
        state.relay_lost(&sender.gateway, over).remove(0).1
    };
    std::thread::scope(|threads| {
        threads.spawn(|| far.gateway.arrived(from_relay, envelope));
        has_begun.recv().unwrap();
        far.gateway.arrived(from_sender, epoch);
        far.gateway.arrived(from_sender, sender.message(&far.addr()));
    });
    assert_eq!(*slow.got.lock().unwrap(), ["cast", "message"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_relayed_to_the_host_of_a_lost_child_hears_how_that_ended() {
    let Family { network, parent, child, process, _door } = family().await;
    let mut cast = cast_to(&parent, &[]);
    let (proc, at) = (child.id.clone(), parent.gateway.location());
    cast.manifest.push(&Member { rank: 0, base_rank: 0, proc, at });
    cast.manifest.relay(Epoch { of: Uid(50), number: 0 });
    network.stall("host");
    parent.gateway.arrived(LinkId(77), cast.envelope(&cast.manifest).unwrap());
    network.cut("host");
    settle().await;
    process.exit.notify_one();
    settle().await;
    let told = parent.inbox.told();
    assert!(matches!(&told[..], [(7, reason)] if reason.contains("is gone: exit code 3")), "{told:?}");
}
