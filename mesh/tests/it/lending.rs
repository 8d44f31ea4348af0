//! Ports whose references go on any known road end with those that hold them (`CALL-1`).

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::port::{Port, PortClosed};
use mesh::prelude::*;

use crate::support::{Counter, four, settle};

/// Holds ports, and hands them on.
#[derive(Default)]
struct Keeper {
    kept: Vec<PortRef<u64>>,
    opened: Option<Port<u64>>,
    unseen: Option<Port<PortRef<u64>>>,
}

#[actor]
impl Keeper {
    #[new]
    fn new() -> Self {
        Keeper::default()
    }

    #[handler]
    fn hold(&mut self, out: PortRef<u64>) {
        self.kept.push(out);
    }

    #[handler]
    fn hold_all(&mut self, out: Vec<PortRef<u64>>) {
        self.kept.extend(out);
    }

    /// Posts its rank to all it holds.
    #[handler]
    fn post(&self, cx: &Context<Self>) {
        for out in &self.kept {
            let _ = out.post(cx, cx.rank() as u64);
        }
    }

    #[handler]
    fn let_go(&mut self) {
        self.kept.clear();
    }

    #[handler]
    fn let_go_of_first(&mut self) {
        self.kept.remove(0);
    }

    /// Gives all it holds to another, in a plain message or a call, and keeps nothing.
    #[handler]
    async fn hand_on(&mut self, cx: &Context<Self>, to: ActorRef<Keeper>, in_a_call: bool) {
        let kept = std::mem::take(&mut self.kept);
        if in_a_call {
            to.hold_all(kept).call(cx).await.unwrap();
        } else {
            to.hold_all(kept).send(cx).unwrap();
        }
    }

    /// Gives all it holds to every rank of a mesh, and keeps nothing.
    #[handler]
    fn hand_on_to_all(&mut self, cx: &Context<Self>, to: mesh::ActorMeshRef<Keeper>) {
        to.hold_all(std::mem::take(&mut self.kept)).cast(cx).unwrap();
    }

    /// Gives what it holds back in its reply.
    #[handler]
    fn give_back(&mut self) -> Vec<PortRef<u64>> {
        std::mem::take(&mut self.kept)
    }

    /// As `give_back`, after a while.
    #[handler]
    async fn give_back_after(&mut self, wait: Duration) -> Vec<PortRef<u64>> {
        tokio::time::sleep(wait).await;
        std::mem::take(&mut self.kept)
    }

    /// Takes what another gives back.
    #[handler]
    async fn fetch(&mut self, cx: &Context<Self>, from: ActorRef<Keeper>) {
        self.kept = from.give_back().call(cx).await.unwrap();
    }

    /// Takes what the ranks of a mesh have opened.
    #[handler]
    async fn fetch_opened(&mut self, cx: &Context<Self>, from: mesh::ActorMeshRef<Keeper>) {
        self.kept = from.open().call(cx).await.unwrap().into_iter().collect();
    }

    /// Posts all it holds, and keeps nothing; whether all of it went.
    #[handler]
    fn post_all(&mut self, cx: &Context<Self>, to: PortRef<PortRef<u64>>) -> bool {
        std::mem::take(&mut self.kept).into_iter().all(|out| to.post(cx, out).is_ok())
    }

    /// Posts ports that it opens.
    #[handler]
    fn post_opened(&mut self, cx: &Context<Self>, #[stream] to: PortRef<PortRef<u64>>) {
        let opened = self.open(cx);
        to.post(cx, opened).unwrap();
    }

    /// Opens a port for ports, whose items it does not look at.
    #[handler]
    fn open_for_ports(&mut self, cx: &Context<Self>) -> PortRef<PortRef<u64>> {
        let (to, ports) = cx.open_port().unwrap();
        self.unseen = Some(ports);
        to
    }

    /// Takes the items of a port that it opens, from another's `post_all`.
    #[handler]
    async fn fetch_items(&mut self, cx: &Context<Self>, from: ActorRef<Keeper>) {
        let (to, mut items) = cx.open_port().unwrap();
        from.post_all(to).call(cx).await.unwrap();
        self.kept.push(items.receive().await.unwrap());
    }

    /// Opens a port.
    #[handler]
    fn open(&mut self, cx: &Context<Self>) -> PortRef<u64> {
        let (out, items) = cx.open_port().unwrap();
        self.opened = Some(items);
        out
    }

    /// What comes to the port that it has opened, in words.
    #[handler]
    async fn hear(&mut self) -> String {
        match next(self.opened.as_mut().unwrap()).await {
            Some(Ok(item)) => item.to_string(),
            Some(Err(closed)) => closed.to_string(),
            None => "over".to_owned(),
        }
    }

    /// What its gateway waits for.
    #[handler]
    fn awaited(&self, cx: &Context<Self>) -> usize {
        mesh::actor::Caller::scope(cx).outbox.gateway().awaited()
    }

    #[handler]
    fn fall(&self) {
        panic!("it fell");
    }
}

/// Is made with a port.
struct Made {
    out: Option<PortRef<u64>>,
}

#[actor]
impl Made {
    #[new]
    fn new(out: PortRef<u64>) -> Self {
        Made { out: Some(out) }
    }

    #[handler]
    fn post(&self, cx: &Context<Self>) {
        self.out.as_ref().unwrap().post(cx, cx.rank() as u64).unwrap();
    }

    #[handler]
    async fn hand_on(&mut self, cx: &Context<Self>, to: ActorRef<Keeper>) {
        to.hold(self.out.take().unwrap()).call(cx).await.unwrap();
    }

    #[handler]
    fn fall(&self) {
        panic!("it fell");
    }
}

async fn keepers(cx: &Client) -> (ProcMesh, ActorMesh<Counter>, ActorMesh<Keeper>) {
    cx.on_failure(|_| Directive::Handled);
    let (procs, counters) = four(cx).await;
    let keepers = procs.spawn(cx, "keepers", Keeper::spec()).await.unwrap();
    (procs, counters, keepers)
}

/// The next item; `None` when the port is over, in order.
async fn next(items: &mut Port<u64>) -> Option<Result<u64, PortClosed>> {
    let hour = Duration::from_secs(3600);
    let item =
        std::future::poll_fn(|task| futures_core::Stream::poll_next(std::pin::Pin::new(&mut *items), task));
    tokio::time::timeout(hour, item).await.expect("the port stays open")
}

async fn is_open(items: &mut Port<u64>) {
    let came = tokio::time::timeout(Duration::from_secs(3600), items.receive()).await;
    assert!(came.is_err(), "{came:?}");
}

#[track_caller]
fn fell(came: Option<Result<u64, PortClosed>>, mesh: &str, rank: u32) {
    let closed = came.expect("an error first").unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert_eq!(closed.callee.as_ref().and_then(|callee| callee.rank), Some(rank), "{closed}");
    assert!(closed.to_string().contains(mesh), "{closed}");
}

#[mesh::test]
async fn a_port_that_went_in_a_call_ends_when_it_is_let_go_of(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    keepers.rank(1).post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(1)));
    is_open(&mut items).await;
    keepers.rank(1).let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_went_in_a_call_names_the_rank_that_fails_with_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.hold(port).call(cx).await.unwrap();
    is_open(&mut items).await;
    keepers.rank(2).fall().send(cx).unwrap();
    fell(next(&mut items).await, "keepers@workers/2", 2);
    is_open(&mut items).await;
    for rank in [0, 1, 3] {
        keepers.rank(rank).let_go().call(cx).await.unwrap();
    }
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_whose_call_or_waiting_send_is_refused_ends(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    keepers.rank(3).fall().send(cx).unwrap();
    cx.failure(|_| true).await;
    settle().await;
    let (port, item) = cx.open_once_port::<u64>().unwrap();
    assert!(keepers.rank(3).hold(port).call(cx).await.is_err());
    let closed = item.await.unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    // A waiting send gives the message back, and with it the reference.
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    let refused = keepers.rank(3).hold(port).send_wait(cx).await.unwrap_err();
    fell(next(&mut items).await, "keepers@workers/3", 3);
    is_open(&mut items).await;
    drop(refused);
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_is_handed_on_ends_with_its_last_holder(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    for in_a_call in [false, true] {
        let (port, mut items) = cx.open_port::<u64>().unwrap();
        keepers.rank(1).hold(port).send(cx).unwrap();
        keepers.rank(1).hand_on(keepers.rank(2), in_a_call).call(cx).await.unwrap();
        keepers.rank(2).hand_on(keepers.rank(3), in_a_call).call(cx).await.unwrap();
        is_open(&mut items).await;
        keepers.rank(3).post().call(cx).await.unwrap();
        assert_eq!(next(&mut items).await, Some(Ok(3)));
        is_open(&mut items).await;
        keepers.rank(3).let_go().call(cx).await.unwrap();
        assert_eq!(next(&mut items).await, None, "in a call: {in_a_call}");
    }
}

#[mesh::test]
async fn a_port_that_is_handed_on_names_the_one_that_fails_with_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(0).hold(port).call(cx).await.unwrap();
    keepers.rank(0).hand_on_to_all(keepers.slice(1..4)).call(cx).await.unwrap();
    settle().await;
    // Who has handed it on is not missed.
    keepers.rank(0).fall().send(cx).unwrap();
    is_open(&mut items).await;
    // Its rank is that of the view it was handed on to.
    keepers.rank(2).fall().send(cx).unwrap();
    fell(next(&mut items).await, "keepers@workers/2", 1);
    keepers.rank(1).let_go().call(cx).await.unwrap();
    is_open(&mut items).await;
    keepers.rank(3).let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_is_handed_home_is_held_there(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let home: ActorRef<Keeper> = this_proc(cx).gspawn(cx, 0, "home", Keeper::spec()).await.unwrap();
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    keepers.rank(1).hand_on(home.clone(), true).call(cx).await.unwrap();
    is_open(&mut items).await;
    home.let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn ports_in_one_message_end_each_for_itself(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (one, mut first) = cx.open_port::<u64>().unwrap();
    let (other, mut second) = cx.open_port::<u64>().unwrap();
    // Two references to the second: it is let go of with the last.
    keepers.rank(1).hold_all(vec![one, other.clone(), other]).send(cx).unwrap();
    settle().await;
    keepers.rank(1).let_go_of_first().call(cx).await.unwrap();
    assert_eq!(next(&mut first).await, None);
    keepers.rank(1).let_go_of_first().call(cx).await.unwrap();
    is_open(&mut second).await;
    keepers.rank(1).let_go_of_first().call(cx).await.unwrap();
    assert_eq!(next(&mut second).await, None);
}

/// Two casts of one port are two loans, whose ranks are those of two views.
#[mesh::test]
async fn a_port_that_is_cast_twice_names_ranks_as_they_were_addressed(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.slice(0..2).hold(port.clone()).cast(cx).unwrap();
    keepers.slice(2..4).hold(port).cast(cx).unwrap();
    settle().await;
    keepers.rank(3).fall().send(cx).unwrap();
    fell(next(&mut items).await, "keepers@workers/3", 1);
    for rank in 0..3 {
        keepers.rank(rank).let_go().call(cx).await.unwrap();
    }
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_goes_in_a_reply_ends_with_who_gets_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    let back = keepers.rank(1).give_back().call(cx).await.unwrap();
    back[0].post(cx, 7).unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(7)));
    is_open(&mut items).await;
    drop(back);
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_goes_in_a_reply_names_who_fails_with_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let home: ActorRef<Keeper> = this_proc(cx).gspawn(cx, 0, "home", Keeper::spec()).await.unwrap();
    // From one proc to another, and within a proc, by what is encoded all the same.
    for (giver, caller, name) in [
        (keepers.rank(1), keepers.rank(2), "keepers@workers/2"),
        (home.clone(), keepers.rank(0), "keepers@workers/0"),
        (home.clone(), this_proc(cx).gspawn(cx, 0, "other", Keeper::spec()).await.unwrap(), "other@"),
    ] {
        let (port, mut items) = cx.open_port::<u64>().unwrap();
        giver.hold(port).call(cx).await.unwrap();
        caller.fetch(giver).call(cx).await.unwrap();
        is_open(&mut items).await;
        caller.post().call(cx).await.unwrap();
        next(&mut items).await.expect("an item").unwrap();
        caller.fall().send(cx).unwrap();
        let closed = next(&mut items).await.expect("an error first").unwrap_err();
        assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
        assert!(closed.to_string().contains(name), "{closed}");
        assert_eq!(next(&mut items).await, None, "{name}");
    }
}

/// Its own port, of an actor that is not the client, and by all the ways that a reply goes.
#[mesh::test]
async fn ports_in_the_replies_of_a_mesh_end_each_for_itself(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let hosts = mesh::HostMesh::allocate(cx, &mesh::ProcessAllocator::new(extent!(hosts = 2))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 4)).await.unwrap();
    let keepers = procs.spawn(cx, "keepers", Keeper::spec()).await.unwrap();
    for streamed in [false, true] {
        let mut opened: Vec<PortRef<u64>> = Vec::new();
        if streamed {
            let mut replies = keepers.open().stream(cx);
            while let Some((_, port)) = replies.next().await {
                opened.push(port.unwrap());
            }
        } else {
            opened.extend(keepers.open().call(cx).await.unwrap());
        }
        assert_eq!(opened.len(), 8);
        let hearing: Vec<_> = (0..8).map(|rank| keepers.rank(rank).hear().call(cx)).collect();
        settle().await;
        // Each was held until now, and by nobody else.
        for port in opened {
            port.post(cx, 5).unwrap();
        }
        for hears in hearing {
            assert_eq!(hears.await.unwrap(), "5");
        }
        assert_eq!(keepers.hear().call(cx).await.unwrap().values(), ["over"; 8], "streamed: {streamed}");
    }
    // Who has called them fails.
    let home: ActorRef<Keeper> = this_proc(cx).gspawn(cx, 0, "home", Keeper::spec()).await.unwrap();
    home.fetch_opened(keepers.slice(0..8)).call(cx).await.unwrap();
    home.fall().send(cx).unwrap();
    for hears in keepers.hear().call(cx).await.unwrap() {
        assert!(hears.contains("home@") && hears.contains("it fell"), "{hears}");
    }
}

#[mesh::test]
async fn a_port_in_a_reply_that_nobody_waits_for_is_let_go_of(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let minute = Duration::from_secs(60);
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    let late = keepers.rank(1).give_back_after(2 * minute).timeout(minute).call(cx).await;
    assert!(matches!(late.unwrap_err().kind, CallErrorKind::Deadline { .. }));
    assert_eq!(next(&mut items).await, None);
    // So is one that has come, and was not looked at.
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    let replies = keepers.slice(1..2).give_back().call(cx);
    is_open(&mut items).await;
    drop(replies);
    assert_eq!(next(&mut items).await, None);
    // Or that comes to a collector whose caller has left.
    let hosts = mesh::HostMesh::allocate(cx, &mesh::ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
    let procs = hosts.spawn_procs(cx, extent!(gpus = 2)).await.unwrap();
    let others = procs.spawn(cx, "others", Keeper::spec()).await.unwrap();
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    others.hold(port).call(cx).await.unwrap();
    let replies = others.give_back_after(2 * minute).timeout(minute).call(cx).await;
    assert_eq!(replies.unwrap_err().failed.len(), 2);
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_that_goes_as_an_item_ends_with_who_takes_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (to, mut ports) = cx.open_port::<PortRef<u64>>().unwrap();
    for taken in [true, false] {
        let (port, mut items) = cx.open_port::<u64>().unwrap();
        keepers.rank(1).hold(port).call(cx).await.unwrap();
        assert!(keepers.rank(1).post_all(to.clone()).call(cx).await.unwrap());
        is_open(&mut items).await;
        if taken {
            let port = ports.receive().await.unwrap();
            port.post(cx, 7).unwrap();
            assert_eq!(next(&mut items).await, Some(Ok(7)));
            is_open(&mut items).await;
        } else {
            // In the queue of a port that is closed.
            ports = cx.open_port().unwrap().1;
        }
        assert_eq!(next(&mut items).await, None, "taken: {taken}");
    }
    // To a port that is closed already, from elsewhere and from here.
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port.clone()).call(cx).await.unwrap();
    assert!(keepers.rank(1).post_all(to.clone()).call(cx).await.unwrap());
    let refused = to.post(cx, port).unwrap_err();
    is_open(&mut items).await;
    drop(refused);
    assert_eq!(next(&mut items).await, None);
    // To one that takes one item, which is looked at, or not.
    for taken in [true, false] {
        let (to, once) = cx.open_once_port::<PortRef<u64>>().unwrap();
        let (port, mut items) = cx.open_port::<u64>().unwrap();
        keepers.rank(1).hold(port).call(cx).await.unwrap();
        assert!(keepers.rank(1).post_all(to).call(cx).await.unwrap());
        is_open(&mut items).await;
        if taken {
            drop(once.await.unwrap());
        } else {
            drop(once);
        }
        assert_eq!(next(&mut items).await, None, "taken: {taken}");
    }
}

#[mesh::test]
async fn a_port_that_goes_as_an_item_names_who_fails_with_it(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    keepers.rank(2).fetch_items(keepers.rank(1)).call(cx).await.unwrap();
    is_open(&mut items).await;
    keepers.rank(2).fall().send(cx).unwrap();
    let closed = next(&mut items).await.expect("an error first").unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert!(closed.to_string().contains("port@workers/2"), "{closed}");
    assert_eq!(next(&mut items).await, None);
    // In its queue, which nobody has looked at.
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keepers.rank(1).hold(port).call(cx).await.unwrap();
    let to = keepers.rank(3).open_for_ports().call(cx).await.unwrap();
    assert!(keepers.rank(1).post_all(to).call(cx).await.unwrap());
    is_open(&mut items).await;
    keepers.rank(3).fall().send(cx).unwrap();
    let closed = next(&mut items).await.expect("an error first").unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn ports_that_a_stream_brings_end_each_for_itself(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let mut ports = keepers.post_opened().stream(cx).unwrap();
    let mut opened: Vec<PortRef<u64>> = Vec::new();
    while let Ok(port) = ports.receive().await {
        opened.push(port);
    }
    assert_eq!(opened.len(), 4);
    opened.iter().for_each(|port| port.post(cx, 5).unwrap());
    assert_eq!(keepers.hear().call(cx).await.unwrap().values(), ["5"; 4]);
    let hearing = keepers.hear().call(cx);
    settle().await;
    drop(opened);
    assert_eq!(hearing.await.unwrap().values(), ["over"; 4]);
}

/// Moved, not encoded: who has it is counted by itself.
#[mesh::test]
async fn a_port_in_a_reply_within_the_process_is_moved(cx: &Client) {
    let keeper = cx.spawn(Keeper::default());
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    keeper.hold(port).call(cx).await.unwrap();
    let back = keeper.give_back().call(cx).await.unwrap();
    assert_eq!(cx.proc().outbox().ports().loans_len(), 0);
    keeper.control().stop();
    keeper.control().ended().await;
    is_open(&mut items).await;
    drop(back);
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_of_a_constructor_is_held_as_long_as_the_actors_live(cx: &Client) {
    let (procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    let made = procs.spawn(cx, "made", Made::spec(port)).await.unwrap();
    made.rank(2).post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(2)));
    is_open(&mut items).await;
    made.rank(1).fall().send(cx).unwrap();
    fell(next(&mut items).await, "made@workers/1", 1);
    // What it has handed on goes on without it.
    made.rank(2).hand_on(keepers.rank(0)).call(cx).await.unwrap();
    made.control().stop(cx).await.unwrap_err();
    is_open(&mut items).await;
    keepers.rank(0).post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(0)));
    keepers.rank(0).let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_of_a_single_actor_s_constructor_ends_with_it(cx: &Client) {
    let (procs, _counters, _keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    let made: ActorRef<Made> = procs.gspawn(cx, 1, "made", Made::spec(port)).await.unwrap();
    made.post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(0)));
    is_open(&mut items).await;
    made.fall().send(cx).unwrap();
    let closed = next(&mut items).await.expect("an error first").unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert_eq!(next(&mut items).await, None);
}

#[mesh::test]
async fn a_port_of_a_constructor_within_the_process_is_held_as_long_as_the_actor_lives(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let (port, mut items) = cx.open_port::<u64>().unwrap();
    let made = cx.spawn_spec(Made::spec(port.clone()));
    let other = cx.spawn_spec(Made::spec(port));
    made.post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(0)));
    other.fall().send(cx).unwrap();
    let closed = next(&mut items).await.expect("an error first").unwrap_err();
    assert!(matches!(closed.kind, CallErrorKind::ActorFailed { .. }), "{closed}");
    assert!(closed.to_string().contains("Made@"), "{closed}");
    is_open(&mut items).await;
    // What it has handed on goes on without it, and its handles hold nothing.
    made.hand_on(keepers.rank(0)).call(cx).await.unwrap();
    made.control().stop();
    made.control().ended().await;
    is_open(&mut items).await;
    keepers.rank(0).post().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, Some(Ok(0)));
    keepers.rank(0).let_go().call(cx).await.unwrap();
    assert_eq!(next(&mut items).await, None);
}

/// The number of loans of a table goes back to where it was.
#[mesh::test]
async fn nothing_is_left_of_a_loan(cx: &Client) {
    let (_procs, _counters, keepers) = keepers(cx).await;
    let before = keepers.awaited().call(cx).await.unwrap();
    for _ in 0..3 {
        let (port, items) = cx.open_port::<u64>().unwrap();
        keepers.hold(port.clone()).call(cx).await.unwrap();
        keepers.rank(1).hand_on(keepers.rank(2), true).call(cx).await.unwrap();
        drop(keepers.rank(3).give_back().call(cx).await.unwrap());
        keepers.rank(3).fetch(keepers.rank(2)).call(cx).await.unwrap();
        drop((port, items));
        keepers.let_go().call(cx).await.unwrap();
        settle().await;
        assert_eq!(cx.proc().outbox().ports().loans_len(), 0);
    }
    // Nor at those on the way, who do not see what is said to the opener.
    for _ in 0..3 {
        let (port, items) = cx.open_port::<u64>().unwrap();
        keepers.rank(0).hold(port).call(cx).await.unwrap();
        keepers.rank(0).hand_on_to_all(keepers.slice(1..3)).call(cx).await.unwrap();
        keepers.rank(3).fetch(keepers.rank(2)).call(cx).await.unwrap();
        drop(keepers.slice(1..4).give_back().call(cx).await.unwrap());
        drop(items);
    }
    // Of what nobody waits for, and of what does not arrive.
    let minute = Duration::from_secs(60);
    let (port, items) = cx.open_port::<u64>().unwrap();
    keepers.slice(0..2).hold(port).call(cx).await.unwrap();
    keepers.rank(1).give_back_after(2 * minute).timeout(minute).call(cx).await.unwrap_err();
    tokio::time::sleep(2 * minute).await;
    keepers.rank(3).fall().send(cx).unwrap();
    settle().await;
    keepers.rank(0).hand_on(keepers.rank(3), false).call(cx).await.unwrap();
    drop(items);
    settle().await;
    let after = keepers.slice(0..3).awaited().call(cx).await.unwrap();
    assert_eq!(after.values(), &before.values()[..3]);
}
