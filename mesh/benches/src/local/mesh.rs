//! mesh, as a program uses it: handlers of an `#[actor]`, supervised by whoever spawned it, with counters, deadlines
//! and a bounded mailbox (with a bound that is never reached where a workload asks for none).

use super::peer::{DONE, Node, Peer, Sky};
use crate::measure::Args;
use mesh::config::{Config, MAILBOX_CAPACITY};
use mesh::{ActorHandle, Client, Context, Root, RootOptions, actor};
use std::sync::OnceLock;

pub struct Mesh;

pub struct Station(Node<Mesh>);

type Handle = ActorHandle<Station>;

static CLIENT: OnceLock<Client> = OnceLock::new();

fn cx() -> &'static Client {
    CLIENT.get().expect("the root runs")
}

#[actor]
impl Station {
    #[handler(local)]
    fn tell(&mut self, v: u64) {
        self.0.tell(v);
    }

    #[handler(local)]
    fn ask(&mut self, v: u64) -> u64 {
        self.0.ask(v)
    }

    #[handler(local)]
    fn link(&mut self, next: Handle) {
        self.0.link(next);
    }

    #[handler(local)]
    fn token(&mut self, hops: u64, cx: &Context<Self>) {
        if let Some((next, hops)) = self.0.token(hops) {
            next.token(hops).send(cx).expect("the ring runs");
        }
    }

    #[handler(local)]
    fn sky(&mut self, node: Sky<Handle>, cx: &Context<Self>) {
        if let (1, Some(up)) = (node.size, &node.up) {
            up.child(node.num).send(cx).expect("the parent runs");
            return cx.stop();
        }
        self.0.sky(&node);
        for node in node.children(&cx.handle()) {
            cx.spawn(Station(Node::new())).sky(node).send(cx).expect("the child runs");
        }
    }

    #[handler(local)]
    fn child(&mut self, v: u64, cx: &Context<Self>) {
        match self.0.child(v) {
            Some((Some(up), sum)) => {
                up.child(sum).send(cx).expect("the parent runs");
                cx.stop();
            }
            Some((None, sum)) => DONE.set(sum),
            None => {}
        }
    }
}

impl Peer for Mesh {
    type Ref = Handle;

    const BOUNDED: bool = true;

    async fn spawn(_: usize) -> Handle {
        cx().spawn(Station(Node::new()))
    }

    async fn tell(to: &Handle, v: u64) {
        to.tell(v).send(cx()).expect("there is room");
    }

    async fn tell_bounded(to: &Handle, v: u64) {
        to.tell(v).send_wait(cx()).await.expect("the actor runs");
    }

    async fn ask(to: &Handle, v: u64) -> u64 {
        to.ask(v).call(cx()).await.expect("the actor runs")
    }

    async fn link(to: &Handle, next: Handle) {
        to.link(next).send(cx()).expect("there is room");
    }

    async fn token(to: &Handle, hops: u64) {
        to.token(hops).send(cx()).expect("there is room");
    }

    async fn sky(to: &Handle, node: Sky<Handle>) {
        to.sky(node).send(cx()).expect("there is room");
    }

    async fn stop(it: Handle) {
        it.control().stop();
    }

    async fn fanout(to: &[Handle], v: u64) -> u64 {
        let replies: Vec<_> = to.iter().map(|actor| actor.ask(v).call(cx())).collect();
        let mut sum = 0;
        for reply in replies {
            sum += reply.await.expect("the actor runs");
        }
        sum
    }

    fn run(args: &Args, work: impl Future<Output = ()> + Send + 'static) {
        let runtime = crate::measure::runtime(args.threads());
        let capacity = match args.capacity() {
            0 => usize::MAX,
            capacity => capacity,
        };
        let config = Config::default().with_test(MAILBOX_CAPACITY, capacity);
        let work = async move {
            let root =
                Root::start(RootOptions { config, ..RootOptions::default() }).await.expect("it starts");
            assert!(CLIENT.set(root.client().clone()).is_ok(), "one root");
            work.await;
        };
        runtime.block_on(runtime.spawn(work)).expect("the work does not panic");
    }
}
