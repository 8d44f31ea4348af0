//! Ports whose holders' processes are lost: whoever waits hears where (`CALL-1`).

use mesh::CallErrorKind;
use mesh::port::{Port, PortClosed};
use mesh::prelude::*;
use rustix::process::Signal;

use crate::actors::{Holder, Victim};
use crate::world::{KILLED, World, lost, send_signal, soon};

crate::tests![
    port_in_a_call_hears_of_a_killed_holder,
    port_that_is_handed_on_hears_of_a_killed_holder,
    port_of_a_constructor_hears_of_a_killed_process,
    port_that_is_behind_a_killed_host_hears_of_it,
    port_in_a_reply_hears_of_a_killed_caller,
    port_that_goes_as_an_item_hears_of_who_was_killed_with_it,
];

#[track_caller]
fn killed(closed: &PortClosed, holder: &str, rank: u32) {
    assert_eq!(lost(&closed.kind).0, &KILLED, "{closed}");
    assert_eq!(closed.callee.as_ref().and_then(|callee| callee.rank), Some(rank), "{closed}");
    assert!(closed.to_string().contains(holder), "{closed}");
}

async fn kill(cx: &Client, victims: &ActorMesh<Victim>, rank: usize) {
    let pid = victims.rank(rank).pid().call(cx).await.unwrap();
    send_signal(pid, Signal::KILL);
}

async fn over(items: &mut Port<u64>) {
    assert_eq!(soon(items.receive()).await.unwrap_err().kind, CallErrorKind::ActorStopped);
}

async fn port_in_a_call_hears_of_a_killed_holder() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(2).await;
    let holders = procs.spawn(cx, "holders", Holder::spec(None)).await.unwrap();
    let (once, item) = cx.open_once_port::<u64>().unwrap();
    let (many, mut items) = cx.open_port::<u64>().unwrap();
    holders.rank(1).hold(once).call(cx).await.unwrap();
    holders.hold(many).call(cx).await.unwrap();
    kill(cx, &victims, 1).await;
    killed(&soon(item).await.unwrap_err(), "holders@workers/1", 1);
    killed(&soon(items.receive()).await.unwrap_err(), "holders@workers/1", 1);
    // The other one has it still.
    holders.rank(0).post().call(cx).await.unwrap();
    assert_eq!(soon(items.receive()).await, Ok(0));
    holders.rank(0).let_go().call(cx).await.unwrap();
    over(&mut items).await;
    world.end().await;
}

async fn port_that_is_handed_on_hears_of_a_killed_holder() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(3).await;
    let holders = procs.spawn(cx, "holders", Holder::spec(None)).await.unwrap();
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    holders.rank(0).hold(port).call(cx).await.unwrap();
    holders.rank(0).hand_on(holders.slice(1..3)).call(cx).await.unwrap();
    // Who has handed it on and has it no more is not missed.
    kill(cx, &victims, 0).await;
    soon(cx.failure(|failure| failure.ranks == [0])).await;
    holders.rank(1).post().call(cx).await.unwrap();
    assert_eq!(soon(items.receive()).await, Ok(1));
    kill(cx, &victims, 2).await;
    // The rank is that of the view it was handed on to.
    killed(&soon(items.receive()).await.unwrap_err(), "holders@workers/2", 1);
    holders.rank(1).let_go().call(cx).await.unwrap();
    over(&mut items).await;
    world.end().await;
}

async fn port_of_a_constructor_hears_of_a_killed_process() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(2).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    let holders = procs.spawn(cx, "holders", Holder::spec(Some(port))).await.unwrap();
    holders.rank(1).post().call(cx).await.unwrap();
    assert_eq!(soon(items.receive()).await, Ok(1));
    kill(cx, &victims, 1).await;
    killed(&soon(items.receive()).await.unwrap_err(), "holders@workers/1", 1);
    kill(cx, &victims, 0).await;
    killed(&soon(items.receive()).await.unwrap_err(), "holders@workers/0", 0);
    assert!(soon(items.receive()).await.is_err(), "nobody is left");
    world.end().await;
}

async fn port_that_is_behind_a_killed_host_hears_of_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let holders = procs.spawn(cx, "holders", Holder::spec(None)).await.unwrap();
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    // From one proc to the other directly: the host alone knows the road.
    holders.rank(0).hold(port).call(cx).await.unwrap();
    holders.rank(0).hand_on(holders.slice(1..2)).call(cx).await.unwrap();
    let host = victims.rank(0).parent().call(cx).await.unwrap();
    send_signal(host, Signal::KILL);
    let closed = soon(items.receive()).await.unwrap_err();
    assert!(closed.to_string().contains("holders@gpus/1"), "{closed}");
    assert!(soon(items.receive()).await.is_err(), "nobody is left");
    drop((procs, victims, holders, hosts));
    world.end().await;
}

async fn port_in_a_reply_hears_of_a_killed_caller() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let (procs, victims) = world.victims(4).await;
    let holders = procs.spawn(cx, "holders", Holder::spec(None)).await.unwrap();
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    // From one to the client, to another alone, and from two who are asked together.
    for rank in 0..4 {
        holders.rank(rank).hold(port.clone()).call(cx).await.unwrap();
    }
    drop(port);
    let own = holders.rank(0).give_back().call(cx).await.unwrap();
    holders.rank(1).fetch(holders.slice(2..4)).call(cx).await.unwrap();
    kill(cx, &victims, 2).await;
    soon(cx.failure(|failure| failure.ranks == [2])).await;
    // Who has given it is not missed, and those who have it post.
    holders.rank(1).post().call(cx).await.unwrap();
    assert_eq!((soon(items.receive()).await, soon(items.receive()).await), (Ok(1), Ok(1)));
    kill(cx, &victims, 1).await;
    for _ in 0..2 {
        let closed = soon(items.receive()).await.unwrap_err();
        assert_eq!(lost(&closed.kind).0, &KILLED, "{closed}");
        assert!(closed.to_string().contains("holders@workers/1"), "{closed}");
    }
    own[0].post(cx, 7).unwrap();
    assert_eq!(soon(items.receive()).await, Ok(7));
    drop(own);
    over(&mut items).await;
    world.end().await;
}

async fn port_that_goes_as_an_item_hears_of_who_was_killed_with_it() {
    let world = World::start().await;
    world.handle_failures();
    let cx = world.client();
    let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
    let victims = procs.spawn(cx, "victims", Victim::spec()).await.unwrap();
    let holders = procs.spawn(cx, "holders", Holder::spec(None)).await.unwrap();
    let (once, item) = cx.open_once_port::<u64>().unwrap();
    let (many, mut items) = cx.open_port::<u64>().unwrap();
    let to = holders.rank(1).open().call(cx).await.unwrap();
    holders.rank(0).hold(once).call(cx).await.unwrap();
    holders.rank(0).hold(many).call(cx).await.unwrap();
    holders.rank(0).post_all(to).call(cx).await.unwrap();
    // What was posted is there when this is: it goes the same way.
    let (port, _items) = cx.open_port::<u64>().unwrap();
    holders.rank(0).hold(port).call(cx).await.unwrap();
    holders.rank(0).hand_on(holders.slice(1..2)).call(cx).await.unwrap();
    kill(cx, &victims, 1).await;
    for closed in [soon(item).await.unwrap_err(), soon(items.receive()).await.unwrap_err()] {
        assert_eq!(lost(&closed.kind).0, &KILLED, "{closed}");
        assert!(closed.to_string().contains("port@gpus/1"), "{closed}");
    }
    assert!(soon(items.receive()).await.is_err(), "nobody is left");
    drop((procs, victims, holders, hosts));
    world.end().await;
}
