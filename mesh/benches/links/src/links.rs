//! mesh: a gateway at each end, and a proc behind it that counts, without an actor.

use crate::peer::{Peer, Small};
use bytes::Bytes;
use mesh::addr::{ChannelAddr, Location, PortAddr, ProcAddr};
use mesh::event::EventLog;
use mesh::gateway::{Bounced, Gateway, GatewayConfig, LocalProc};
use mesh::ident::{ActorId, GatewayId, Label, ProcId, Uid};
use mesh::transport::Transports;
use mesh::wire::codec::Payload;
use mesh::wire::envelope::{Body, Destination, Envelope, HOPS_MAX, Headers, Lane, ReplyOn, Target};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

const SERVER: GatewayId = GatewayId { uid: Uid(1), incarnation: 11 };
const CLIENT: GatewayId = GatewayId { uid: Uid(2), incarnation: 22 };

pub struct Links {
    gateway: Gateway,
    at: Arc<Location>,
    here: Arc<Location>,
    proc: ProcId,
    callee: ProcId,
    sender: ActorId,
    replies: Arc<Replies>,
}

fn gateway(id: GatewayId) -> Gateway {
    let config = GatewayConfig {
        handshake_timeout: Duration::from_secs(5),
        exit_status_wait: Duration::from_secs(2),
        link_give_up: Duration::from_secs(10),
        link_window_messages: 65_536,
        link_window_bytes: 64 << 20,
        link_silence: None,
        links_max: 1000,
        cast_fanout: 16,
    };
    Gateway::new(id, None, config, Transports::default(), Arc::default(), EventLog::default())
}

fn proc(n: u64) -> ProcId {
    ProcId::single(Uid(n), Label::new("counter"))
}

struct Counter {
    gateway: Gateway,
    count: AtomicU64,
}

impl LocalProc for Counter {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let payload = envelope.payload().expect("a message");
        let Some((port, slot)) = envelope.headers.reply_to else {
            if payload.parts.is_empty() {
                let small: Small = payload.get().expect("64 bytes");
                self.count.fetch_add(u64::from(small.0[0] != 0), Relaxed);
            } else {
                self.count.fetch_add(u64::from(payload.parts[0][0] == 7), Relaxed);
            }
            return Ok(());
        };
        let headers = Headers { reply_to: None, lane: Lane::Control, ..envelope.headers };
        let body = Body::Reply(Payload::of(&self.count.load(Relaxed)).expect("a number"));
        self.gateway.post_or_bounce(Envelope { to: Destination::port(&port, slot), headers, body });
        Ok(())
    }
}

#[derive(Default)]
struct Replies(Mutex<Option<oneshot::Sender<u64>>>);

impl LocalProc for Replies {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let value = envelope.payload().expect("a reply").get().expect("a number");
        let waiting = self.0.lock().unwrap().take();
        let _ = waiting.expect("someone asked").send(value);
        Ok(())
    }
}

impl Links {
    fn envelope(&self, payload: Payload) -> Envelope {
        let target = Target::Handler { actor: Uid(3), incarnation: 0, handler: 4 };
        Envelope {
            to: Destination { proc: self.callee.clone(), at: self.at.clone(), target },
            headers: Headers {
                sender: self.sender.clone(),
                sender_at: self.here.clone(),
                deadline_us: None,
                chain: Vec::new(),
                trace: None,
                hops: HOPS_MAX,
                lane: Lane::Data,
                reply_to: None,
                reply_on: ReplyOn::Answer,
                point: None,
                lent: None,
            },
            body: Body::Message(payload),
        }
    }

    async fn post(&self, mut envelope: Envelope) {
        while let Err(bounced) = self.gateway.post(envelope) {
            envelope = bounced.envelope;
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
}

impl Peer for Links {
    async fn serve(at: String, ready: impl FnOnce(String) + Send) {
        let gateway = gateway(SERVER);
        let counter: Arc<dyn LocalProc> =
            Arc::new(Counter { gateway: gateway.clone(), count: AtomicU64::new(0) });
        gateway.attach(&proc(100), &counter);
        let addr = match at.as_str() {
            "tcp" => ChannelAddr::Tcp("127.0.0.1:0".into()),
            path => ChannelAddr::Unix(path.into()),
        };
        let door = gateway.serve(&addr).await.expect("it can be served");
        ready(door.addr().to_string());
        std::future::pending::<()>().await;
    }

    async fn connect(to: String) -> Links {
        let gateway = gateway(CLIENT);
        let door: ChannelAddr = to.parse().expect("an address");
        gateway.dial(&door).await.expect("it answers");
        let replies = Arc::new(Replies::default());
        let local: Arc<dyn LocalProc> = replies.clone();
        let own = proc(200);
        gateway.attach(&own, &local);
        std::mem::forget(local);
        Links {
            at: Arc::new(Location { gateway: SERVER, door: Some(door) }),
            here: gateway.location(),
            gateway,
            sender: ActorId::new(own.clone(), Uid(5), Label::new("client")),
            proc: own,
            callee: proc(100),
            replies,
        }
    }

    async fn tell(&self, m: Small) {
        self.post(self.envelope(Payload::of(&m).expect("64 bytes"))).await;
    }

    async fn big(&self, body: &Bytes) {
        let payload = Payload { body: Bytes::new(), parts: vec![body.clone()] };
        self.post(self.envelope(payload)).await;
    }

    async fn ask(&self, m: Small) -> u64 {
        let mut envelope = self.envelope(Payload::of(&m).expect("64 bytes"));
        let port = PortAddr { proc: ProcAddr { id: self.proc.clone(), at: self.here.clone() }, port: 6 };
        envelope.headers.reply_to = Some((port, 0));
        let (sender, reply) = oneshot::channel();
        *self.replies.0.lock().unwrap() = Some(sender);
        self.post(envelope).await;
        reply.await.expect("a reply")
    }
}
