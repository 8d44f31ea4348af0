//! kameo: one `Message` impl for each type, sent as `Box<dyn DynMessage>`.

use super::peer::{DONE, Node, Peer, Sky};
use kameo::actor::PreparedActor;
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::prelude::*;

pub struct Kameo;
pub struct Station(Node<Kameo>);

impl Actor for Station {
    type Args = ();
    type Error = Infallible;

    async fn on_start(_: (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Station(Node::new()))
    }
}

struct Tell(u64);
struct Ask(u64);
struct Link(ActorRef<Station>);
struct Token(u64);
struct Child(u64);

type Ctx<R = ()> = Context<Station, R>;

fn spawn(cap: usize) -> ActorRef<Station> {
    let mailbox = if cap == 0 { mailbox::unbounded() } else { mailbox::bounded(cap) };
    let prepared = PreparedActor::new(mailbox);
    let actor = prepared.actor_ref().clone();
    prepared.spawn(());
    actor
}

impl Message<Tell> for Station {
    type Reply = ();
    async fn handle(&mut self, m: Tell, _: &mut Ctx) {
        self.0.tell(m.0);
    }
}

impl Message<Ask> for Station {
    type Reply = u64;
    async fn handle(&mut self, m: Ask, _: &mut Ctx<u64>) -> u64 {
        self.0.ask(m.0)
    }
}

impl Message<Link> for Station {
    type Reply = ();
    async fn handle(&mut self, m: Link, _: &mut Ctx) {
        self.0.link(m.0);
    }
}

impl Message<Token> for Station {
    type Reply = ();
    async fn handle(&mut self, m: Token, _: &mut Ctx) {
        if let Some((next, hops)) = self.0.token(m.0) {
            let _ = next.tell(Token(hops)).try_send();
        }
    }
}

impl Message<Sky<ActorRef<Station>>> for Station {
    type Reply = ();
    async fn handle(&mut self, sky: Sky<ActorRef<Station>>, ctx: &mut Ctx) {
        if let (1, Some(up)) = (sky.size, &sky.up) {
            let _ = up.tell(Child(sky.num)).try_send();
            return ctx.stop();
        }
        self.0.sky(&sky);
        for sky in sky.children(ctx.actor_ref()) {
            let _ = spawn(0).tell(sky).try_send();
        }
    }
}

impl Message<Child> for Station {
    type Reply = ();
    async fn handle(&mut self, m: Child, ctx: &mut Ctx) {
        match self.0.child(m.0) {
            Some((Some(up), sum)) => {
                let _ = up.tell(Child(sum)).try_send();
                ctx.stop();
            }
            Some((None, sum)) => DONE.set(sum),
            None => {}
        }
    }
}

impl Peer for Kameo {
    type Ref = ActorRef<Station>;

    const BOUNDED: bool = true;

    async fn spawn(cap: usize) -> Self::Ref {
        spawn(cap)
    }

    async fn tell(to: &Self::Ref, v: u64) {
        let _ = to.tell(Tell(v)).send().await;
    }

    async fn ask(to: &Self::Ref, v: u64) -> u64 {
        to.ask(Ask(v)).send().await.unwrap()
    }

    async fn link(to: &Self::Ref, next: Self::Ref) {
        let _ = to.tell(Link(next)).send().await;
    }

    async fn token(to: &Self::Ref, hops: u64) {
        let _ = to.tell(Token(hops)).send().await;
    }

    async fn sky(to: &Self::Ref, node: Sky<Self::Ref>) {
        let _ = to.tell(node).send().await;
    }

    async fn stop(it: Self::Ref) {
        let _ = it.stop_gracefully().await;
    }

    async fn fanout(to: &[Self::Ref], v: u64) -> u64 {
        let mut replies = Vec::with_capacity(to.len());
        for actor in to {
            replies.push(actor.ask(Ask(v)).enqueue().await.unwrap());
        }
        let mut sum = 0;
        for reply in replies {
            sum += reply.await.unwrap();
        }
        sum
    }
}
