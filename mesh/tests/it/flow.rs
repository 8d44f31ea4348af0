//! A full mailbox in another proc: sends to it are refused here, calls and waiting sends wait, and nobody else does.

use std::time::Duration;

use mesh::call::CallErrorKind;
use mesh::config::{self, Config};
use mesh::prelude::*;
use mesh::{HostMesh, ProcessAllocator};
use tokio::time::{Instant, timeout};

use crate::loss::with_config;
use crate::support::settle;

const FULL: CallErrorKind = CallErrorKind::MailboxFull { capacity: 4 };

#[derive(Default)]
struct Slow(Vec<u32>);

#[actor(mailbox(capacity = 4))]
impl Slow {
    #[new]
    fn new() -> Slow {
        Slow::default()
    }

    #[handler]
    async fn nap(&mut self, len: Duration) {
        tokio::time::sleep(len).await;
    }

    #[handler]
    fn fall(&mut self) {
        panic!("it fell");
    }

    #[handler]
    fn keep(&mut self, n: u32) {
        self.0.push(n);
    }

    #[handler]
    fn kept(&self) -> Vec<u32> {
        self.0.clone()
    }
}

const NAP: Duration = Duration::from_secs(20);

/// Sends numbers until one is refused; gives how many were taken.
async fn fill(cx: &Client, slow: &ActorRef<Slow>, gives_way: bool) -> u32 {
    slow.nap(NAP).send(cx).unwrap();
    settle().await;
    for n in 0.. {
        match slow.keep(n).send(cx) {
            Ok(()) if gives_way => settle().await,
            Ok(()) => {}
            Err(error) => {
                assert_eq!((error.kind, error.message.n), (FULL, n));
                return n;
            }
        }
        assert!(n < 200_000, "nobody says that it is full");
    }
    unreachable!()
}

#[mesh::test]
async fn a_send_to_a_full_actor_elsewhere_is_refused_here_and_what_was_taken_is_handled_in_order(
    cx: &Client,
) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let mesh = procs.spawn(cx, "slow", Slow::spec()).await.unwrap();
    let slow = mesh.rank(0);
    let start = Instant::now();
    let taken = fill(cx, &slow, true).await;
    assert_eq!(taken, 5, "four in the mailbox, and one on its way");
    assert!(start.elapsed() < NAP, "{:?}", start.elapsed());
    // Those who wait are held back, not refused, and stand behind what was taken.
    let mut waiting = Box::pin(slow.keep(taken).send_wait(cx));
    let mut call = Box::pin(slow.keep(taken + 1).call(cx));
    assert!(timeout(NAP / 2, &mut waiting).await.is_err(), "it waits");
    assert!(timeout(Duration::from_secs(1), &mut call).await.is_err(), "it waits");
    slow.keep(taken + 2).send(cx).expect("now and then one is let through, to find out");
    assert_eq!(slow.keep(99).send(cx).unwrap_err().kind, FULL);
    waiting.await.unwrap();
    call.await.unwrap();
    assert!(start.elapsed() >= NAP);
    settle().await;
    slow.keep(taken + 3).send(cx).expect("it has said that it has room");
    assert_eq!(slow.kept().call(cx).await.unwrap(), (0..=taken + 3).collect::<Vec<_>>());
    assert_eq!(cx.returned(), 0, "nothing came back");
}

/// Owns what sends to it.
#[derive(Default)]
struct Owner {
    owned: Option<(ProcMesh, ActorMesh<Chatter>)>,
    heard: Vec<String>,
}

#[actor(mailbox(capacity = 4))]
impl Owner {
    #[handler]
    async fn own(&mut self, cx: &Context<Self>) -> mesh::ActorMeshRef<Chatter> {
        let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
        let chatters = procs.spawn(cx, "chatters", Chatter::spec()).await.unwrap();
        let view = chatters.control().to_ref();
        self.owned = Some((procs, chatters));
        view
    }

    #[handler]
    async fn nap(&mut self, len: Duration) {
        tokio::time::sleep(len).await;
    }

    #[handler]
    fn hear(&mut self, n: u32) {
        self.heard.push(n.to_string());
    }

    #[handler]
    fn heard(&self) -> Vec<String> {
        self.heard.clone()
    }

    #[on_failure]
    async fn on_failure(&mut self, failure: Failure) -> Directive {
        let what =
            if matches!(failure.subject, mesh::supervision::Subject::Proc(_)) { "proc" } else { "actor" };
        self.heard.push(what.to_owned());
        Directive::Handled
    }
}

struct Chatter;

#[actor]
impl Chatter {
    #[new]
    fn new() -> Chatter {
        Chatter
    }

    /// Far more than a mailbox takes, before anything can be said.
    #[handler]
    fn chat(&self, cx: &Context<Self>, to: ActorRef<Owner>, count: u32) {
        for n in 0..count {
            to.hear(n).send(cx).unwrap();
        }
    }

    #[handler]
    fn fall(&self) {
        panic!("it fell");
    }
}

/// `SUP-2`, `HOLD-4`: what is held for an owner that is full was acknowledged before.
#[mesh::test]
async fn a_failure_is_heard_behind_what_is_held_for_its_owner(cx: &Client) {
    for by_proc in [false, true] {
        let owner = cx.spawn(Owner::default());
        let chatters = owner.own().call(cx).await.unwrap();
        owner.nap(NAP).send(cx).unwrap();
        settle().await;
        chatters.rank(0).chat(owner.control().to_ref(), 500).call(cx).await.unwrap();
        if by_proc {
            // Ends without having been asked to by its host.
            let proc = chatters.rank(0).control().addr().proc();
            let agent: ActorRef<mesh::agent::ProcAgent> =
                ActorRef::at(proc.actor(mesh::agent::PROC_AGENT, "proc_agent".into()));
            agent.shut_down().send(cx).unwrap();
        } else {
            chatters.rank(0).fall().send(cx).unwrap();
        }
        settle().await;
        let mut heard = Vec::new();
        for _ in 0..100 {
            heard = owner.heard().call(cx).await.unwrap();
            if heard.len() > 500 {
                break;
            }
            tokio::time::sleep(NAP / 10).await;
        }
        let numbers: Vec<String> = (0..500).map(|n: u32| n.to_string()).collect();
        assert_eq!(heard[..500], numbers[..]);
        assert_eq!(heard[500..], [if by_proc { "proc" } else { "actor" }.to_owned()]);
    }
}

#[mesh::test]
async fn what_is_on_its_way_to_a_full_actor_is_kept_and_stops_nobody(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let (slow, quick) = (
        procs.spawn(cx, "slow", Slow::spec()).await.unwrap(),
        procs.spawn(cx, "quick", Slow::spec()).await.unwrap(),
    );
    let (slow, quick) = (slow.rank(0), quick.rank(0));
    slow.nap(NAP).send(cx).unwrap();
    settle().await;
    // Far more than its mailbox takes, before anything can be said.
    for n in 0..20_000 {
        slow.keep(n).send(cx).unwrap();
    }
    let start = Instant::now();
    for n in 0..1000 {
        quick.keep(n).call(cx).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(1), "others wait: {:?}", start.elapsed());
    assert_eq!(slow.keep(0).send(cx).unwrap_err().kind, FULL);
    assert_eq!(slow.kept().call(cx).await.unwrap(), (0..20_000).collect::<Vec<_>>());
    assert_eq!(cx.returned(), 0, "nothing came back");
}

#[mesh::test]
async fn casts_and_sends_to_a_full_rank_keep_their_order_and_are_refused_by_rank(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 3)).await.unwrap();
    let mesh = procs.spawn(cx, "slow", Slow::spec()).await.unwrap();
    let slow = mesh.rank(1);
    slow.nap(NAP).send(cx).unwrap();
    settle().await;
    let mut sent = Vec::new();
    for n in 0..20 {
        match n % 2 {
            0 => mesh.keep(n).cast(cx).unwrap(),
            _ => slow.keep(n).send(cx).unwrap(),
        }
        sent.push(n);
    }
    settle().await;
    let error = mesh.keep(50).cast(cx).unwrap_err();
    let refused: Vec<_> =
        error.failed.iter().map(|failed| (failed.rank, failed.error.kind.clone())).collect();
    assert_eq!(refused, [(1, FULL)], "the others have it");
    assert_eq!(slow.kept().call(cx).await.unwrap(), sent);
    let even: Vec<_> = (0..20).step_by(2).chain([50]).collect();
    assert_eq!(mesh.rank(2).kept().call(cx).await.unwrap(), even);
}

#[mesh::test]
async fn an_actor_that_fails_while_messages_are_held_for_it_gives_them_back(cx: &Client) {
    cx.on_failure(|_| Directive::Handled);
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let mesh = procs.spawn(cx, "slow", Slow::spec()).await.unwrap();
    let slow = mesh.rank(0);
    slow.nap(NAP).send(cx).unwrap();
    settle().await;
    slow.fall().send(cx).unwrap();
    for n in 0..300 {
        slow.keep(n).send(cx).unwrap();
    }
    let error = slow.keep(300).send_wait(cx).await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::ActorFailed { .. } | CallErrorKind::ActorStopped), "{error}");
    settle().await;
    // What the mailbox had accepted went with the actor, and is counted there.
    let returned = cx.returned();
    assert!((290..=297).contains(&returned), "{returned} came back");
}

#[test]
fn a_hop_that_cannot_send_on_holds_a_window_and_says_so() {
    const WINDOW: u32 = 100;
    let config = Config::default()
        .with(config::SEED, Some(1))
        .with(config::LINK_WINDOW_MESSAGES, WINDOW as usize)
        .with(config::LINK_GIVE_UP, Duration::from_secs(60));
    with_config(config, async |cx, network| {
        let hosts = HostMesh::allocate(cx, &ProcessAllocator::new(extent!(hosts = 1))).await.unwrap();
        let procs = hosts.spawn_procs(cx, extent!(gpus = 1)).await.unwrap();
        let mesh = procs.spawn(cx, "slow", Slow::spec()).await.unwrap();
        let slow = mesh.rank(0);
        slow.keep(0).call(cx).await.unwrap();
        let host = format!("host-{}", procs.proc(0).unwrap().at.gateway);
        assert_eq!(network.partition(&host), 1);
        let mut sent = 1;
        let full = loop {
            match slow.keep(sent).send(cx) {
                Ok(()) => sent += 1,
                Err(error) => break error.kind,
            }
            settle().await;
            assert!(sent < 4 * WINDOW, "nobody says that it is full");
        };
        assert_eq!(full, CallErrorKind::MailboxFull { capacity: u64::from(WINDOW) });
        assert!((WINDOW..=WINDOW + 2).contains(&sent), "{sent} are on their way");
        // The rest is held back here.
        let mut waiting = Box::pin(slow.keep(sent).send_wait(cx));
        assert!(timeout(Duration::from_secs(1), &mut waiting).await.is_err(), "it waits");
        network.heal(&host);
        waiting.await.unwrap();
        assert_eq!(slow.kept().call(cx).await.unwrap(), (0..=sent).collect::<Vec<_>>());
        assert_eq!(cx.returned(), 0, "nothing came back");
    });
}
