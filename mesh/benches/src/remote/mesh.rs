//! mesh: an `ActorRef` to an actor of another process, over the link that its address leads to.

use super::peer::{Peer, Small};
use bytes::Bytes;
use mesh::config::{Config, MAILBOX_CAPACITY};
use mesh::{ActorRef, ChannelAddr, Client, Root, RootOptions, actor};

pub struct Counter(u64);

#[actor]
impl Counter {
    #[handler]
    fn tell(&mut self, _m: Small) {
        self.0 += 1;
    }

    #[handler]
    fn big(&mut self, body: Bytes) {
        self.0 += u64::from(body[0] == 7);
    }

    #[handler]
    fn ask(&mut self, _m: Small) -> u64 {
        self.0
    }
}

pub struct Mesh {
    root: Root,
    actor: ActorRef<Counter>,
}

impl Mesh {
    fn cx(&self) -> &Client {
        self.root.client()
    }
}

/// A root whose mailboxes take whatever the links bring: the links' windows are the bound.
async fn root() -> Root {
    let config = Config::default().with_test(MAILBOX_CAPACITY, usize::MAX);
    Root::start(RootOptions { config, ..RootOptions::default() }).await.expect("it starts")
}

impl Peer for Mesh {
    const WINDOW: usize = 4;

    async fn serve(at: String, ready: impl FnOnce(String) + Send) {
        let root = root().await;
        let cx = root.client();
        let addr = match at.as_str() {
            "tcp" => "tcp:127.0.0.1:0".to_owned(),
            path => format!("unix:{path}"),
        };
        let addr: ChannelAddr = addr.parse().expect("an address");
        let listening = cx.serve(&addr).await.expect("a door");
        let actor = cx.spawn(Counter(0));
        ready(serde_json::to_string(&actor.control().to_ref()).expect("a reference can be sent"));
        std::mem::forget((root, listening, actor));
    }

    async fn connect(to: String) -> Self {
        Mesh { root: root().await, actor: serde_json::from_str(&to).expect("a reference") }
    }

    async fn tell(&self, m: Small) {
        // A full window refuses: then it waits for room.
        if self.actor.tell(m).send(self.cx()).is_err() {
            self.actor.tell(m).send_wait(self.cx()).await.expect("the actor has room");
        }
    }

    async fn big(&self, body: &Bytes) {
        self.actor.big(body.clone()).send_wait(self.cx()).await.expect("the actor has room");
    }

    async fn ask(&self, m: Small) -> u64 {
        self.actor.ask(m).call(self.cx()).await.expect("the actor answers")
    }
}
