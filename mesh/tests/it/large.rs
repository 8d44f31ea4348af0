//! Large messages: in chunks, whole and in order over a network that cuts, and in nobody's way; and byte strings that
//! travel beside a message.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use mesh::addr::{ChannelAddr, Location};
use mesh::call::CallErrorKind;
use mesh::event::EventLog;
use mesh::gateway::{Bounced, Gateway, LocalProc};
use mesh::ident::{ActorId, GatewayId, Label, ProcId, Uid};
use mesh::prelude::*;
use mesh::transport::{Faults, MemoryNetwork, Transports};
use mesh::wire::codec::{Part, Payload};
use mesh::wire::envelope::{Body, Destination, Envelope, Headers, Lane, Target};
use tokio::time::sleep;

use super::links::{config, long};

/// Who sent it, its number, and whether its bytes are those that were sent.
type Came = (u64, u64, bool);

#[derive(Default)]
struct Sink(Mutex<Vec<Came>>);

impl LocalProc for Sink {
    fn deliver(&self, envelope: Envelope) -> Result<(), Box<Bounced>> {
        let (sender, seq) = (envelope.headers.sender.uid.0, envelope.headers.deadline_us.unwrap());
        let whole = envelope.payload().is_some_and(|came| *came == payload(sender, seq, came.len_bytes()));
        self.0.lock().unwrap().push((sender, seq, whole));
        Ok(())
    }
}

/// The payload of message `seq` of a sender, with `len` bytes: body and parts, or a body alone.
fn payload(sender: u64, seq: u64, len: usize) -> Payload {
    let byte = |at: usize| (sender + 3 * seq + at as u64 / 1000).to_le_bytes()[0];
    let bytes: Bytes = (0..len).map(byte).collect::<Vec<u8>>().into();
    let at = if seq.is_multiple_of(3) { len } else { len / 4 };
    let mut parts = Vec::new();
    if at < len {
        parts = vec![bytes.slice(at..at + 1), Bytes::new(), bytes.slice(at + 1..)];
    }
    Payload { body: bytes.slice(..at), parts }
}

struct Pair {
    network: MemoryNetwork,
    from: Gateway,
    to: Gateway,
    sink: Arc<Sink>,
    _attached: Arc<dyn LocalProc>,
    _door: mesh::gateway::Listening,
}

impl Pair {
    async fn new() -> Pair {
        let network = MemoryNetwork::new();
        let gateway = |uid| {
            let transports = Transports { memory: network.clone(), ..Transports::default() };
            let id = GatewayId { uid: Uid(uid), incarnation: 1 };
            Gateway::new(id, None, config(), transports, Arc::default(), EventLog::default())
        };
        let (from, to, sink) = (gateway(1), gateway(2), Arc::<Sink>::default());
        let attached: Arc<dyn LocalProc> = sink.clone();
        to.attach(&ProcId::single(Uid(20), Label::new("to")), &attached);
        let door = to.serve(&ChannelAddr::Memory("to".into())).await.unwrap();
        from.dial(door.addr()).await.unwrap();
        Pair { network, from, to, sink, _attached: attached, _door: door }
    }

    fn post(&self, sender: u64, seq: u64, len: usize) -> Result<(), Box<Bounced>> {
        let at = Arc::new(Location { gateway: self.to.id(), door: None });
        let target = Target::Handler { actor: Uid(30), incarnation: 0, handler: 4 };
        let proc = ProcId::single(Uid(10), Label::new("from"));
        let sender_id = ActorId::new(proc, Uid(sender), Label::new("sender"));
        let own = Headers::of(sender_id, self.from.location(), Lane::Data);
        let headers = Headers { deadline_us: Some(seq), ..own };
        let to = Destination { proc: ProcId::single(Uid(20), Label::new("to")), at, target };
        self.from.post(Envelope { to, headers, body: Body::Message(payload(sender, seq, len)) })
    }

    /// Posts, waiting where the window is full.
    async fn post_wait(&self, sender: u64, seq: u64, len: usize) {
        while let Err(bounced) = self.post(sender, seq, len) {
            assert!(matches!(bounced.kind, CallErrorKind::MailboxFull { .. }), "{}", bounced.kind);
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn came(&self, count: usize) -> Vec<Came> {
        while self.sink.0.lock().unwrap().len() < count {
            sleep(Duration::from_millis(1)).await;
        }
        self.sink.0.lock().unwrap().clone()
    }
}

/// Three senders send messages of all sizes while the connection is cut again and again.
async fn check_cut(seed: u64, count: u64) -> u64 {
    let pair = Pair::new().await;
    let cut_after_bytes = 900_000 + 10_000 * (seed % 40);
    let faults =
        Faults { seed, cut_after_bytes, delay_max: Duration::from_millis(seed % 3), failing_dials: 8 };
    pair.network.set_faults(faults);
    pair.network.cut("to");
    let mut rng = fastrand::Rng::with_seed(seed);
    for seq in 1..=count {
        for sender in 1..=3 {
            let len = match rng.u32(..4) {
                0 => rng.usize(..1_000_000),
                1 => rng.usize(100_000..300_000),
                _ => rng.usize(4..1000),
            };
            pair.post_wait(sender, seq, len.max(4)).await;
        }
    }
    let came = pair.came(3 * usize::try_from(count).unwrap()).await;
    assert_eq!(came.len(), 3 * usize::try_from(count).unwrap());
    assert!(came.iter().all(|(_, _, whole)| *whole), "each as it was sent");
    for sender in 1..=3 {
        let numbers = came.iter().filter(|(of, _, _)| *of == sender).map(|(_, seq, _)| *seq);
        assert!(numbers.eq(1..=count), "in order");
    }
    pair.network.connections("to")
}

#[test]
fn messages_of_all_sizes_arrive_whole_and_in_order_over_a_network_that_cuts() {
    let (seeds, count) = if long() { (200, 100) } else { (6, 15) };
    let mut connections = 0;
    for seed in 0..seeds {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let check = async { tokio::time::timeout(Duration::from_secs(3600), check_cut(seed, count)).await };
        connections += runtime.block_on(check).expect("virtual time for all of it");
    }
    println!("{connections} connections");
    assert!(connections > 3 * seeds, "{connections} connections are too few to show anything");
}

#[tokio::test(start_paused = true)]
async fn a_huge_message_stops_no_small_ones_of_others() {
    let pair = Pair::new().await;
    pair.post(1, 1, 48 << 20).unwrap();
    pair.post(1, 2, 64).unwrap();
    for seq in 1..=200 {
        pair.post(2, seq, 64).unwrap();
    }
    let came = pair.came(202).await;
    assert!(came.iter().all(|(_, _, whole)| *whole));
    let order: Vec<(u64, u64)> = came.iter().map(|(sender, seq, _)| (*sender, *seq)).collect();
    assert!(order[..200].iter().copied().eq((1..=200).map(|seq| (2, seq))), "before it");
    assert_eq!(order[200..], [(1, 1), (1, 2)], "in order, and behind it");
}

#[tokio::test(start_paused = true)]
async fn large_messages_have_a_window() {
    let pair = Pair::new().await;
    pair.network.partition("to");
    pair.post(1, 1, 40 << 20).expect("one alone may be larger");
    let refused = pair.post(2, 1, 1 << 20).unwrap_err();
    assert_eq!(refused.kind, CallErrorKind::MailboxFull { capacity: 1000 });
    pair.post(2, 2, 64).expect("small ones are not stopped");
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Tensor {
    name: String,
    values: Vec<Part>,
}

struct Store;

#[actor]
impl Store {
    #[new]
    fn new() -> Store {
        Store
    }

    #[handler]
    fn echo(&self, bytes: Bytes) -> Bytes {
        bytes
    }

    #[handler]
    fn turned(&self, mut tensor: Tensor) -> Tensor {
        tensor.values.reverse();
        tensor
    }

    #[handler]
    fn place(&self, bytes: Bytes) -> usize {
        bytes.as_ptr().addr()
    }
}

#[mesh::test]
async fn bytes_and_parts_go_to_another_proc_and_back(cx: &Client) {
    let procs = this_host(cx).await.unwrap().spawn_procs(cx, extent!(procs = 1)).await.unwrap();
    let stores = procs.spawn(cx, "stores", Store::spec()).await.unwrap();
    for len in [0_usize, 5, 5000, 40_000, 3 << 20] {
        let bytes = Bytes::from(vec![len.to_le_bytes()[0]; len]);
        assert_eq!(stores.rank(0).echo(bytes.clone()).call(cx).await.unwrap(), bytes);
        let values = vec![Part::from(vec![1; 3]), bytes.clone().into(), Part::from(vec![2; 2000])];
        let back = stores.rank(0).turned(Tensor { name: "t".into(), values }).call(cx).await.unwrap();
        assert_eq!((back.name.as_str(), back.values.len()), ("t", 3));
        assert_eq!((back.values[0].len(), &back.values[1].0, back.values[2].len()), (2000, &bytes, 3));
    }
}

#[mesh::test]
async fn bytes_are_not_copied_within_a_process(cx: &Client) {
    let store = cx.spawn(Store);
    let bytes = Bytes::from(vec![1; 1 << 20]);
    assert_eq!(store.place(bytes.clone()).call(cx).await.unwrap(), bytes.as_ptr().addr());
}
