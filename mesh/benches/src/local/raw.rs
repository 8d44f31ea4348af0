//! Plain tokio: an enum on an mpsc channel, a task, a oneshot for each reply.

use super::peer::{DONE, Node, Peer, Sky};
use tokio::sync::{mpsc, oneshot};

pub struct Raw;

pub enum Msg {
    Tell(u64),
    Ask(u64, oneshot::Sender<u64>),
    Link(Tx),
    Token(u64),
    Sky(Box<(Tx, Sky<Tx>)>),
    Child(u64),
    Stop,
}

#[derive(Clone)]
pub enum Tx {
    Bounded(mpsc::Sender<Msg>),
    Unbounded(mpsc::UnboundedSender<Msg>),
}

impl Tx {
    #[inline]
    async fn send(&self, msg: Msg) {
        let _ = match self {
            Tx::Bounded(tx) => tx.send(msg).await,
            Tx::Unbounded(tx) => tx.send(msg),
        };
    }
}

fn spawn(cap: usize) -> Tx {
    if cap == 0 {
        let (tx, mut rx) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut node = Node::<Raw>::new();
            while let Some(msg) = rx.recv().await {
                if handle(&mut node, msg).await {
                    break;
                }
            }
        });
        Tx::Unbounded(tx)
    } else {
        let (tx, mut rx) = mpsc::channel(cap);
        tokio::spawn(async move {
            let mut node = Node::<Raw>::new();
            while let Some(msg) = rx.recv().await {
                if handle(&mut node, msg).await {
                    break;
                }
            }
        });
        Tx::Bounded(tx)
    }
}

/// Whether the actor is done.
#[inline]
async fn handle(node: &mut Node<Raw>, msg: Msg) -> bool {
    match msg {
        Msg::Tell(v) => node.tell(v),
        Msg::Ask(v, reply) => drop(reply.send(node.ask(v))),
        Msg::Link(next) => node.link(next),
        Msg::Token(hops) => {
            if let Some((next, hops)) = node.token(hops) {
                next.send(Msg::Token(hops)).await;
            }
        }
        Msg::Sky(sky) => {
            let (me, sky) = *sky;
            if let (1, Some(up)) = (sky.size, &sky.up) {
                up.send(Msg::Child(sky.num)).await;
                return true;
            }
            node.sky(&sky);
            for sky in sky.children(&me) {
                let child = spawn(0);
                child.send(Msg::Sky(Box::new((child.clone(), sky)))).await;
            }
        }
        Msg::Child(v) => match node.child(v) {
            Some((Some(up), sum)) => {
                up.send(Msg::Child(sum)).await;
                return true;
            }
            Some((None, sum)) => DONE.set(sum),
            None => {}
        },
        Msg::Stop => return true,
    }
    false
}

impl Peer for Raw {
    type Ref = Tx;

    const BOUNDED: bool = true;

    async fn spawn(cap: usize) -> Tx {
        spawn(cap)
    }

    async fn tell(to: &Tx, v: u64) {
        to.send(Msg::Tell(v)).await
    }

    async fn ask(to: &Tx, v: u64) -> u64 {
        let (tx, rx) = oneshot::channel();
        to.send(Msg::Ask(v, tx)).await;
        rx.await.unwrap()
    }

    async fn link(to: &Tx, next: Tx) {
        to.send(Msg::Link(next)).await
    }

    async fn token(to: &Tx, hops: u64) {
        to.send(Msg::Token(hops)).await
    }

    async fn sky(to: &Tx, node: Sky<Tx>) {
        to.send(Msg::Sky(Box::new((to.clone(), node)))).await
    }

    async fn stop(it: Tx) {
        it.send(Msg::Stop).await
    }

    async fn fanout(to: &[Tx], v: u64) -> u64 {
        let mut replies = Vec::with_capacity(to.len());
        for tx in to {
            let (reply, rx) = oneshot::channel();
            tx.send(Msg::Ask(v, reply)).await;
            replies.push(rx);
        }
        let mut sum = 0;
        for rx in replies {
            sum += rx.await.unwrap();
        }
        sum
    }
}
