//! Casts over other gateways: what is refused when one of those is lost.

use super::*;
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

/// A sender with a fan-out of one, and two gateways that it has links to.
async fn three() -> (MemoryNetwork, [Site; 3], Vec<Listening>) {
    let network = MemoryNetwork::new();
    let sites = [1, 2, 3].map(|n| {
        let site = site_at(&network, n, None);
        let config = GatewayConfig { cast_fanout: 1, ..site.gateway.0.config.clone() };
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
    // One waits for the confirmation just then.
    sender.gateway.post(sender.message(&far.addr())).unwrap();
    link_of(&sender, &far).give_up("test");
    while sender.gateway.state().relays.over(Uid(1), Uid(3)).is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = sender.inbox.told().len();
    assert_eq!(told + far.inbox.take().len(), 1, "it came, or went back");
    let mut message = sender.message(&far.addr());
    let gateway = far.gateway.id();
    message.to.at = Arc::new(Location { gateway, door: Some(door_of(gateway)) });
    sender.gateway.post(message).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(far.inbox.take().len(), 1);
    // The new link has said which epoch it is.
    assert!(far.gateway.state().relays.is_over(&[Epoch { of: Uid(1), number: 0 }]));
    assert!(!far.gateway.state().relays.is_over(&[Epoch { of: Uid(1), number: 1 }]));
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
