//! actix: synchronous handlers on thread-bound contexts, `Box<dyn EnvelopeProxy>` in
//! a Vyukov queue. Two threads are two arbiters, actors dealt to them in turn.

use super::peer::{DONE, Node, Peer, Sky};
use actix::{
    Actor, ActorContext, Addr, Arbiter, ArbiterHandle, AsyncContext, Context, Handler, Message, System,
};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub struct Actix;
pub struct Station(Node<Actix>);

impl Actor for Station {
    type Context = Context<Self>;
}

macro_rules! message {
    ($($name:ident($($of:ty)?) -> $result:ty;)*) => {$(
        struct $name($($of)?);
        impl Message for $name {
            type Result = $result;
        }
    )*};
}

message! {
    Tell(u64) -> ();
    Ask(u64) -> u64;
    Link(Addr<Station>) -> ();
    Token(u64) -> ();
    Child(u64) -> ();
    Stop() -> ();
}

impl Message for Sky<Addr<Station>> {
    type Result = ();
}

static ARBITERS: OnceLock<Vec<ArbiterHandle>> = OnceLock::new();
static NEXT: AtomicUsize = AtomicUsize::new(0);

fn arbiter() -> Option<&'static ArbiterHandle> {
    let all = ARBITERS.get().unwrap();
    (!all.is_empty()).then(|| &all[NEXT.fetch_add(1, Relaxed) % all.len()])
}

fn spawn() -> Addr<Station> {
    match arbiter() {
        Some(a) => Station::start_in_arbiter(a, |_| Station(Node::new())),
        None => Station(Node::new()).start(),
    }
}

impl Handler<Tell> for Station {
    type Result = ();
    fn handle(&mut self, m: Tell, _: &mut Context<Self>) {
        self.0.tell(m.0);
    }
}

impl Handler<Ask> for Station {
    type Result = u64;
    fn handle(&mut self, m: Ask, _: &mut Context<Self>) -> u64 {
        self.0.ask(m.0)
    }
}

impl Handler<Link> for Station {
    type Result = ();
    fn handle(&mut self, m: Link, _: &mut Context<Self>) {
        self.0.link(m.0);
    }
}

impl Handler<Token> for Station {
    type Result = ();
    fn handle(&mut self, m: Token, _: &mut Context<Self>) {
        if let Some((next, hops)) = self.0.token(m.0) {
            next.do_send(Token(hops));
        }
    }
}

impl Handler<Sky<Addr<Station>>> for Station {
    type Result = ();
    fn handle(&mut self, sky: Sky<Addr<Station>>, ctx: &mut Context<Self>) {
        if let (1, Some(up)) = (sky.size, &sky.up) {
            up.do_send(Child(sky.num));
            return ctx.stop();
        }
        self.0.sky(&sky);
        for sky in sky.children(&ctx.address()) {
            spawn().do_send(sky);
        }
    }
}

impl Handler<Child> for Station {
    type Result = ();
    fn handle(&mut self, m: Child, ctx: &mut Context<Self>) {
        match self.0.child(m.0) {
            Some((Some(up), sum)) => {
                up.do_send(Child(sum));
                ctx.stop();
            }
            Some((None, sum)) => DONE.set(sum),
            None => {}
        }
    }
}

impl Handler<Stop> for Station {
    type Result = ();
    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Peer for Actix {
    type Ref = Addr<Station>;

    async fn spawn(_: usize) -> Self::Ref {
        spawn()
    }

    async fn tell(to: &Self::Ref, v: u64) {
        to.do_send(Tell(v));
    }

    async fn ask(to: &Self::Ref, v: u64) -> u64 {
        to.send(Ask(v)).await.unwrap()
    }

    async fn link(to: &Self::Ref, next: Self::Ref) {
        to.do_send(Link(next));
    }

    async fn token(to: &Self::Ref, hops: u64) {
        to.do_send(Token(hops));
    }

    async fn sky(to: &Self::Ref, node: Sky<Self::Ref>) {
        to.do_send(node);
    }

    async fn stop(it: Self::Ref) {
        it.do_send(Stop());
    }

    async fn fanout(to: &[Self::Ref], v: u64) -> u64 {
        let replies: Vec<_> = to.iter().map(|a| a.send(Ask(v))).collect();
        let mut sum = 0;
        for reply in replies {
            sum += reply.await.unwrap();
        }
        sum
    }

    fn run(args: &crate::measure::Args, work: impl Future<Output = ()> + Send + 'static) {
        let threads = args.threads();
        System::new().block_on(async move {
            let arbiters =
                if threads > 1 { vec![Arbiter::current(), Arbiter::new().handle()] } else { Vec::new() };
            let _ = ARBITERS.set(arbiters);
            actix::spawn(work).await.unwrap();
        });
    }

    fn go(work: impl Future<Output = ()> + Send + 'static) {
        match arbiter() {
            Some(a) => drop(a.spawn(work)),
            None => drop(actix::spawn(work)),
        }
    }
}
