//! xtra: one `Handler` for each type, `Box<dyn MessageEnvelope>` in a mutex-guarded heap.

use super::peer::{DONE, Node, Peer, Sky};
use xtra::prelude::*;

pub struct Xtra;

#[derive(xtra::Actor)]
pub struct Station(Node<Xtra>);

struct Tell(u64);
struct Ask(u64);
struct Link(Address<Station>);
struct Token(u64);
struct Child(u64);
struct Stop;

fn spawn(cap: usize) -> Address<Station> {
    let mailbox = if cap == 0 { Mailbox::unbounded() } else { Mailbox::bounded(cap) };
    xtra::spawn_tokio(Station(Node::new()), mailbox)
}

async fn send<M: Send + 'static>(to: &Address<Station>, msg: M)
where
    Station: Handler<M>,
{
    let _ = to.send(msg).detach().await;
}

impl Handler<Tell> for Station {
    type Return = ();
    async fn handle(&mut self, m: Tell, _: &mut Context<Self>) {
        self.0.tell(m.0);
    }
}

impl Handler<Ask> for Station {
    type Return = u64;
    async fn handle(&mut self, m: Ask, _: &mut Context<Self>) -> u64 {
        self.0.ask(m.0)
    }
}

impl Handler<Link> for Station {
    type Return = ();
    async fn handle(&mut self, m: Link, _: &mut Context<Self>) {
        self.0.link(m.0);
    }
}

impl Handler<Token> for Station {
    type Return = ();
    async fn handle(&mut self, m: Token, _: &mut Context<Self>) {
        if let Some((next, hops)) = self.0.token(m.0) {
            let _ = next.send(Token(hops)).detach().await;
        }
    }
}

/// With the node's own address: the mailbox only knows it weakly.
impl Handler<(Address<Station>, Sky<Address<Station>>)> for Station {
    type Return = ();
    async fn handle(
        &mut self,
        (me, sky): (Address<Station>, Sky<Address<Station>>),
        ctx: &mut Context<Self>,
    ) {
        if let (1, Some(up)) = (sky.size, &sky.up) {
            let _ = up.send(Child(sky.num)).detach().await;
            return ctx.stop_self();
        }
        self.0.sky(&sky);
        for sky in sky.children(&me) {
            let child = spawn(0);
            let _ = child.send((child.clone(), sky)).detach().await;
        }
    }
}

impl Handler<Child> for Station {
    type Return = ();
    async fn handle(&mut self, m: Child, ctx: &mut Context<Self>) {
        match self.0.child(m.0) {
            Some((Some(up), sum)) => {
                let _ = up.send(Child(sum)).detach().await;
                ctx.stop_self();
            }
            Some((None, sum)) => DONE.set(sum),
            None => {}
        }
    }
}

impl Handler<Stop> for Station {
    type Return = ();
    async fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop_self();
    }
}

impl Peer for Xtra {
    type Ref = Address<Station>;

    const BOUNDED: bool = true;

    async fn spawn(cap: usize) -> Self::Ref {
        spawn(cap)
    }

    async fn tell(to: &Self::Ref, v: u64) {
        send(to, Tell(v)).await
    }

    async fn ask(to: &Self::Ref, v: u64) -> u64 {
        to.send(Ask(v)).await.unwrap()
    }

    async fn link(to: &Self::Ref, next: Self::Ref) {
        send(to, Link(next)).await
    }

    async fn token(to: &Self::Ref, hops: u64) {
        send(to, Token(hops)).await
    }

    async fn sky(to: &Self::Ref, node: Sky<Self::Ref>) {
        send(to, (to.clone(), node)).await
    }

    async fn stop(it: Self::Ref) {
        send(&it, Stop).await
    }

    async fn fanout(to: &[Self::Ref], v: u64) -> u64 {
        let mut replies = Vec::with_capacity(to.len());
        for actor in to {
            replies.push(actor.send(Ask(v)).detach().await.unwrap());
        }
        let mut sum = 0;
        for reply in replies {
            sum += reply.await.unwrap();
        }
        sum
    }
}
