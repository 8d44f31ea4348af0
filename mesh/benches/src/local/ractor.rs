//! ractor: one enum for each actor, sent as `Box<dyn Any>`; unbounded only.

use super::peer::{DONE, Node, Peer, Sky};
use ractor::rpc::{CallResult, multi_call};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

pub struct Ractor;
struct Station;

pub enum Msg {
    Tell(u64),
    Ask(u64, RpcReplyPort<u64>),
    Link(ActorRef<Msg>),
    Token(u64),
    Sky(Sky<ActorRef<Msg>>),
    Child(u64),
}

async fn spawn() -> ActorRef<Msg> {
    Station::spawn(None, Station, ()).await.unwrap().0
}

impl Actor for Station {
    type Msg = Msg;
    type State = Node<Ractor>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg>, _: ()) -> Result<Self::State, ActorProcessingErr> {
        Ok(Node::new())
    }

    async fn handle(
        &self,
        me: ActorRef<Msg>,
        msg: Msg,
        node: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Tell(v) => node.tell(v),
            Msg::Ask(v, reply) => drop(reply.send(node.ask(v))),
            Msg::Link(next) => node.link(next),
            Msg::Token(hops) => {
                if let Some((next, hops)) = node.token(hops) {
                    next.cast(Msg::Token(hops))?;
                }
            }
            Msg::Sky(sky) => {
                if let (1, Some(up)) = (sky.size, &sky.up) {
                    up.cast(Msg::Child(sky.num))?;
                    me.stop(None);
                    return Ok(());
                }
                node.sky(&sky);
                for sky in sky.children(&me) {
                    spawn().await.cast(Msg::Sky(sky))?;
                }
            }
            Msg::Child(v) => match node.child(v) {
                Some((Some(up), sum)) => {
                    up.cast(Msg::Child(sum))?;
                    me.stop(None);
                }
                Some((None, sum)) => DONE.set(sum),
                None => {}
            },
        }
        Ok(())
    }
}

impl Peer for Ractor {
    type Ref = ActorRef<Msg>;

    async fn spawn(_: usize) -> Self::Ref {
        spawn().await
    }

    async fn tell(to: &Self::Ref, v: u64) {
        to.cast(Msg::Tell(v)).unwrap();
    }

    async fn ask(to: &Self::Ref, v: u64) -> u64 {
        to.call(|reply| Msg::Ask(v, reply), None).await.unwrap().unwrap()
    }

    async fn link(to: &Self::Ref, next: Self::Ref) {
        to.cast(Msg::Link(next)).unwrap();
    }

    async fn token(to: &Self::Ref, hops: u64) {
        to.cast(Msg::Token(hops)).unwrap();
    }

    async fn sky(to: &Self::Ref, node: Sky<Self::Ref>) {
        to.cast(Msg::Sky(node)).unwrap();
    }

    async fn stop(it: Self::Ref) {
        it.stop(None);
    }

    async fn fanout(to: &[Self::Ref], v: u64) -> u64 {
        let replies = multi_call(to, |reply| Msg::Ask(v, reply), None).await.unwrap();
        let value = |r| if let CallResult::Success(v) = r { v } else { 0 };
        replies.into_iter().map(value).sum()
    }
}
