use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;
use crate::addr::{ChannelAddr, Location};
use crate::ident::{GatewayId, Uid};
use crate::transport::{Connection, MemoryNetwork, SocketDir, Transport, Transports};
use crate::wire::codec::{Encoder, Payload};
use crate::wire::envelope::{Body, Lane};
use crate::wire::frame::{self, Frame, FrameKind};
use crate::wire::heads::HeadWriter;
use crate::wire::hello::{
    ActorFingerprint, HandlerDifference, HandlerFingerprint, Hello, HelloError, MAGIC, PROTOCOL,
};
use crate::wire::testing::{envelope, number};

mod auth;
mod writing;

/// Ten times what real input and output here should ever take.
const HANG: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq)]
enum Event {
    Arrived(u64),
    Lost { reason: String, returned: Vec<u64> },
}

/// Sends what happens on a link into a channel.
struct Recorder(mpsc::UnboundedSender<Event>);

impl LinkEvents for Recorder {
    fn arrived(&self, _: LinkId, envelope: Envelope) {
        assert_ne!(number(&envelope), PANICS, "as the test wants it");
        let _ = self.0.send(Event::Arrived(number(&envelope)));
    }

    fn lost(&self, _: LinkId, Loss { reason, .. }: Loss, returned: Vec<Envelope>) {
        let returned = returned.iter().map(number).collect();
        let _ = self.0.send(Event::Lost { reason, returned });
    }
}

/// The number of an envelope at which the recorder panics.
const PANICS: u64 = u64::MAX;

struct Side {
    link: Link,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Side {
    fn start(ready: Ready) -> Side {
        let (sender, events) = mpsc::unbounded_channel();
        Side { link: ready.start(LinkId(1), Arc::new(Recorder(sender)), None), events }
    }

    /// Everything up to the loss: what arrived, the reason, what was returned. Nothing comes after it, and the tasks end.
    async fn until_lost(mut self) -> (Vec<u64>, String, Vec<u64>) {
        let mut arrived = Vec::new();
        let (reason, returned) = loop {
            match self.events.recv().await.expect("a link is lost before its events are dropped") {
                Event::Arrived(number) => arrived.push(number),
                Event::Lost { reason, returned } => break (reason, returned),
            }
        };
        assert!(self.link.is_closed());
        assert_eq!(self.events.recv().await, None, "the loss is the last event, and the reader task ends");
        (arrived, reason, returned)
    }

    async fn arrived(&mut self) -> u64 {
        match self.events.recv().await {
            Some(Event::Arrived(number)) => number,
            other => panic!("nothing arrived, but {other:?}"),
        }
    }
}

fn hello(name: u64, hash: u64) -> Hello {
    let gateway = GatewayId { uid: Uid(name), incarnation: 1 };
    let takes = |name: &str, schema| HandlerFingerprint {
        name: name.into(),
        args: vec![("by".into(), schema)],
        reply: 0,
    };
    let handlers = vec![takes("add", hash), takes("get", 1)];
    Hello {
        magic: MAGIC,
        protocol: PROTOCOL,
        gateway,
        location: Location { gateway, door: None },
        build: "test".into(),
        procs: Vec::new(),
        token: None,
        session: None,
        fingerprints: vec![ActorFingerprint { name: "Counter".into(), handlers }],
    }
}

fn data(number: u64) -> Envelope {
    envelope(Lane::Data, number)
}

fn door() -> ChannelAddr {
    ChannelAddr::Memory("door".into())
}

async fn connect(transport: &impl Transport, addr: &ChannelAddr) -> (Connection, Connection) {
    let mut listener = transport.listen(addr).await.unwrap();
    let addr = listener.local_addr();
    let (near, far) = tokio::join!(transport.dial(&addr), listener.accept());
    (near.unwrap(), far.unwrap())
}

async fn shake((near, far): (Connection, Connection), limits: &LinkLimits) -> (Ready, Ready) {
    let (a, b) = (hello(1, 7), hello(2, 7));
    let (near, far) = tokio::join!(handshake(near, &a, limits), handshake(far, &b, limits));
    let ((near, heard_near), (far, heard_far)) = (near.unwrap(), far.unwrap());
    assert_eq!((heard_near, heard_far), (b, a));
    (near, far)
}

async fn pair_with(network: &MemoryNetwork, limits: LinkLimits) -> (Side, Side) {
    let (near, far) = shake(connect(network, &door()).await, &limits).await;
    (Side::start(near), Side::start(far))
}

async fn pair() -> (Side, Side) {
    pair_with(&MemoryNetwork::new(), LinkLimits::default()).await
}

/// The networks of both kinds of links: with sessions, and within the process.
fn both_kinds() -> [MemoryNetwork; 2] {
    [MemoryNetwork::new(), direct::network()]
}

/// Posts the numbers of `range`, waiting for room where there is none.
async fn post_all(link: &Link, range: std::ops::RangeInclusive<u64>) {
    for number in range {
        let mut next = data(number);
        while let Err(refused) = link.post(next) {
            assert!(matches!(refused.kind, CallErrorKind::MailboxFull { .. }), "{}", refused.kind);
            next = *refused.envelope;
            link.room().await;
        }
    }
}

fn window(messages: u64) -> LinkLimits {
    LinkLimits { window: Window { messages, ..Window::default() }, ..LinkLimits::default() }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_envelopes_arrive_in_order_both_ways() {
    for (network, limits) in both_kinds()
        .iter()
        .flat_map(|network| [(network, LinkLimits::default()), (network, window(100)), (network, window(1))])
    {
        let (near, far) = pair_with(network, limits).await;
        tokio::join!(post_all(&near.link, 1..=10_000), post_all(&far.link, 1..=10_000));
        near.link.close("done");
        let (near, far) = tokio::join!(near.until_lost(), far.until_lost());
        let all: Vec<u64> = (1..=10_000).collect();
        assert_eq!(near, (all.clone(), "closed: done".into(), vec![]));
        assert_eq!(far, (all, "the other side closed the link: done".into(), vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_returns_what_was_not_acknowledged() {
    let network = MemoryNetwork::new();
    let (near, mut far) = pair_with(&network, LinkLimits::default()).await;
    post_all(&near.link, 1..=5000).await;
    for want in 1..=2000 {
        assert_eq!(far.arrived().await, want);
    }
    assert_eq!(network.cut("door"), 1);
    let refused_late = loop {
        if let Err(refused) = near.link.post(data(5001)) {
            break refused;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(number(&refused_late.envelope), 5001);
    assert!(matches!(refused_late.kind, CallErrorKind::Unreachable { .. }));
    let ((_, _, returned), (rest, _, _)) = tokio::join!(near.until_lost(), far.until_lost());
    let arrived = 2000 + rest.len() as u64;
    assert_eq!(rest, (2001..=arrived).collect::<Vec<_>>());
    let acknowledged = returned[0] - 1;
    assert!(acknowledged <= arrived, "acknowledged {acknowledged} of {arrived}");
    let last = *returned.last().unwrap();
    assert!(last >= 5000);
    assert!(returned.iter().copied().filter(|number| *number != 5001).eq(acknowledged + 1..=5000));
}

#[tokio::test(start_paused = true)]
async fn equal_runs_have_equal_event_logs() {
    async fn run() -> (Vec<u64>, Vec<u64>, Duration) {
        let (network, start) = (MemoryNetwork::new(), Instant::now());
        let (near, mut far) = pair_with(&network, window(100)).await;
        let link = near.link.clone();
        let posting = tokio::spawn(async move {
            for number in 1.. {
                link.room().await;
                if link.post(data(number)).is_err() {
                    return;
                }
            }
        });
        let mut arrived = Vec::new();
        while arrived.len() < 777 {
            arrived.push(far.arrived().await);
        }
        network.cut("door");
        posting.await.unwrap();
        let ((_, _, returned), (rest, _, _)) = tokio::join!(near.until_lost(), far.until_lost());
        arrived.extend(rest);
        (arrived, returned, start.elapsed())
    }
    let (first, second) = (run().await, run().await);
    assert_eq!(first, second);
    let acknowledged = first.1[0] - 1;
    assert!(
        acknowledged > 0
            && first.1.iter().copied().eq(acknowledged + 1..=acknowledged + first.1.len() as u64)
    );
}

#[tokio::test(start_paused = true)]
async fn a_close_delivers_what_was_posted_on_either_side() {
    for network in both_kinds() {
        let (near, far) = pair_with(&network, LinkLimits::default()).await;
        post_all(&near.link, 1..=500).await;
        post_all(&far.link, 1..=500).await;
        near.link.close("enough");
        far.link.close("me too");
        let refused = near.link.post(data(501)).unwrap_err();
        assert_eq!(refused.kind, CallErrorKind::Unreachable { reason: "closed: enough".into() });
        let all: Vec<u64> = (1..=500).collect();
        let (near, far) = tokio::join!(near.until_lost(), far.until_lost());
        assert_eq!(near, (all.clone(), "closed: enough".into(), vec![]));
        assert_eq!(far, (all, "closed: me too".into(), vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_window_refuses_data_and_admits_control() {
    for network in both_kinds() {
        let (near, mut far) = pair_with(&network, window(2)).await;
        near.link.post(data(1)).unwrap();
        near.link.post(data(2)).unwrap();
        let refused = near.link.post(data(3)).unwrap_err();
        assert_eq!(
            (number(&refused.envelope), refused.kind),
            (3, CallErrorKind::MailboxFull { capacity: 2 })
        );
        near.link.post(envelope(Lane::Control, 4)).unwrap();
        near.link.room().await;
        near.link.post(data(5)).unwrap();
        for want in [1, 2, 4, 5] {
            assert_eq!(far.arrived().await, want);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_counts_in_the_window() {
    for network in both_kinds() {
        let (near, _far) = pair_with(&network, window(2)).await;
        let returned = |number| {
            let sent = data(number);
            let body = Body::Returned { to: Box::new(sent.to), reason: CallErrorKind::ActorStopped };
            Envelope { body, ..envelope(Lane::Control, number) }
        };
        near.link.post(returned(1)).unwrap();
        near.link.post(returned(2)).unwrap();
        let refused = near.link.post(returned(3)).unwrap_err();
        assert_eq!(refused.kind, CallErrorKind::MailboxFull { capacity: 2 });
        near.link.room().await;
        near.link.post(returned(3)).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_the_idle_acknowledgement() {
    let (near, mut far) = pair().await;
    let start = Instant::now();
    near.link.flush().await;
    near.link.post(data(1)).unwrap();
    near.link.flush().await;
    assert_eq!(Instant::now(), start);
    assert_eq!(far.arrived().await, 1);
    // Without one, the acknowledgement comes after the delay.
    near.link.post(data(2)).unwrap();
    near.link.shared().until(|state| state.is_acknowledged(2)).await;
    assert!(
        (Duration::from_millis(10)..Duration::from_millis(13)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_with_the_link() {
    let network = MemoryNetwork::new();
    let (near, far) = pair_with(&network, LinkLimits::default()).await;
    near.link.post(data(1)).unwrap();
    let (flush, room) = (near.link.flush(), near.link.room());
    network.cut("door");
    tokio::join!(flush, room, near.link.shared().until(|_| false));
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_large_messages_that_are_posted_later() {
    let (near, mut far) = pair().await;
    let post = || {
        let body = Body::Message(Payload { body: vec![1; 1 << 20].into(), parts: Vec::new() });
        near.link.post(Envelope { body, ..data(1) }).unwrap();
    };
    (0..8).for_each(|_| post());
    let mut flush = std::pin::pin!(near.link.flush());
    for arrived in 0..64 {
        tokio::select! {
            biased;
            () = &mut flush => {
                let more = std::iter::from_fn(|| far.events.try_recv().ok()).count();
                return assert!(arrived + more >= 8, "{arrived} and {more}");
            }
            _ = far.arrived() => {}
        }
        // Eight are on the way, always.
        post();
    }
    panic!("it waits for ever");
}

#[tokio::test(start_paused = true)]
async fn a_link_outlives_its_handles() {
    for network in both_kinds() {
        let (near, mut far) = pair_with(&network, LinkLimits::default()).await;
        near.link.post(data(1)).unwrap();
        drop(near.link);
        assert_eq!(far.arrived().await, 1);
        far.link.post(data(2)).unwrap();
        let mut events = near.events;
        assert_eq!(events.recv().await, Some(Event::Arrived(2)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_a_frame_comes_back() {
    let (near, mut far) = pair().await;
    let mut long = data(1);
    long.body = Body::Failed(CallErrorKind::Undeliverable { reason: "x".repeat(70_000) });
    let refused = near.link.post(long.clone()).unwrap_err();
    assert_eq!(*refused.envelope, long);
    assert!(matches!(refused.kind, CallErrorKind::Decode { .. }), "{}", refused.kind);
    let mut chained = data(1);
    chained.headers.chain = vec![chained.headers.sender.clone(); 65];
    let refused = near.link.post(chained).unwrap_err();
    assert!(refused.kind.to_string().contains("65 callers"), "{}", refused.kind);
    near.link.post(data(2)).unwrap();
    assert_eq!(far.arrived().await, 2, "the link goes on, without a gap");
}

#[tokio::test(start_paused = true)]
async fn a_large_payload_arrives_whole() {
    struct Whole(mpsc::UnboundedSender<Envelope>);
    impl LinkEvents for Whole {
        fn arrived(&self, _: LinkId, envelope: Envelope) {
            let _ = self.0.send(envelope);
        }
        fn lost(&self, _: LinkId, _: Loss, _: Vec<Envelope>) {}
    }
    for network in both_kinds() {
        let (near, far) = shake(connect(&network, &door()).await, &LinkLimits::default()).await;
        let (sender, mut arrived) = mpsc::unbounded_channel();
        let (near, _far) = (Side::start(near), far.start(LinkId(2), Arc::new(Whole(sender)), None));
        let mut large = data(1);
        let parts = vec![Bytes::from(vec![2; 3 << 20]), Bytes::new(), Bytes::from(vec![3; 40 << 20])];
        large.body = Body::Message(Payload { body: vec![1; 1 << 20].into(), parts });
        near.link.post(large.clone()).unwrap();
        assert!(arrived.recv().await == Some(large));
    }
}

#[tokio::test]
async fn links_work_over_real_sockets() {
    let dir = SocketDir::new(None).unwrap();
    let work = async {
        for addr in [dir.addr("s"), ChannelAddr::Tcp("127.0.0.1:0".into())] {
            let connections = connect(&Transports::default(), &addr).await;
            let (near, far) = shake(connections, &LinkLimits::default()).await;
            let (near, far) = (Side::start(near), Side::start(far));
            tokio::join!(post_all(&near.link, 1..=2000), post_all(&far.link, 1..=2000));
            near.link.close("done");
            let (near, far) = tokio::join!(near.until_lost(), far.until_lost());
            assert_eq!((near.0.len(), near.2.len()), (2000, 0));
            assert_eq!((far.0.len(), far.2.len()), (2000, 0));
        }
    };
    tokio::time::timeout(HANG, work).await.expect("it hangs");
}

#[track_caller]
fn check_named(error: LinkError, want: &HelloError) {
    match error {
        LinkError::Mismatch { error, .. } | LinkError::Refused { error, .. } => assert_eq!(error, *want),
        other => panic!("{other}"),
    }
}

async fn check_mismatch(connections: (Connection, Connection), near: &Hello, far: &Hello, want: HelloError) {
    let limits = LinkLimits::default();
    let (a, b) =
        tokio::join!(handshake(connections.0, near, &limits), handshake(connections.1, far, &limits));
    check_named(a.unwrap_err(), &want);
    check_named(b.unwrap_err(), &want.mirrored());
}

fn add_differs() -> HelloError {
    HelloError::Handler {
        actor: "Counter".into(),
        handler: "add".into(),
        difference: HandlerDifference::Argument { name: "by".into() },
    }
}

#[tokio::test(start_paused = true)]
async fn a_mismatch_is_named_on_both_sides() {
    let connections = connect(&MemoryNetwork::new(), &door()).await;
    check_mismatch(connections, &hello(1, 7), &hello(2, 8), add_differs()).await;
    let connections = connect(&MemoryNetwork::new(), &door()).await;
    let other = Hello { protocol: 9, ..hello(2, 7) };
    let want = HelloError::Protocol { local: PROTOCOL, remote: 9 };
    check_mismatch(connections, &hello(1, 7), &other, want).await;
}

#[tokio::test]
async fn a_mismatch_is_named_on_both_sides_of_a_socket() {
    let work = async {
        let dir = SocketDir::new(None).unwrap();
        for addr in [dir.addr("s"), ChannelAddr::Tcp("127.0.0.1:0".into())] {
            let connections = connect(&Transports::default(), &addr).await;
            let start = Instant::now();
            check_mismatch(connections, &hello(1, 7), &hello(2, 8), add_differs()).await;
            let took = start.elapsed();
            println!("refused on both sides within {} us", took.as_micros());
            assert!(took < Duration::from_secs(1), "{took:?}: ten times what it may take");
        }
    };
    tokio::time::timeout(HANG, work).await.expect("it hangs");
}

#[tokio::test(start_paused = true)]
async fn two_hellos_larger_than_the_buffers_pass() {
    let (near, far) = connect(&MemoryNetwork::new(), &door()).await;
    let large = Hello { build: "x".repeat(1 << 20), ..hello(1, 7) };
    let limits = LinkLimits::default();
    let (a, b) = tokio::join!(handshake(near, &large, &limits), handshake(far, &large, &limits));
    assert_eq!((a.unwrap().1.build.len(), b.unwrap().1.build.len()), (1 << 20, 1 << 20));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_the_hello_ends_the_link_of_the_other_side() {
    let (near, far) = shake(connect(&MemoryNetwork::new(), &door()).await, &LinkLimits::default()).await;
    let near = Side::start(near);
    near.link.post(data(1)).unwrap();
    let error = HelloError::Identity { reason: "the token is wrong".into() };
    let ((), (_, reason, returned)) = tokio::join!(far.refuse(&error), near.until_lost());
    assert!(reason.contains("the token is wrong"), "{reason}");
    assert_eq!(returned, vec![1]);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_hung_up_on_at_once() {
    for (noise, found) in
        [(&b"GET / HTTP/1.1\r\n\r\n"[..], *b"GET / HT"), (b"\0", [0; 8]), (b"\x9dmesX", *b"\x9dmesX\0\0\0")]
    {
        let (mut near, far) = connect(&MemoryNetwork::new(), &door()).await;
        near.writer.write_all(noise).await.unwrap();
        let start = Instant::now();
        let error = handshake(far, &hello(1, 7), &LinkLimits::default()).await.unwrap_err();
        check_named(error, &HelloError::NotMesh { found });
        assert_eq!(Instant::now(), start);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_side_is_not_waited_for_for_ever() {
    let (near, far) = connect(&MemoryNetwork::new(), &door()).await;
    let limits = LinkLimits::default();
    let error = handshake(far, &hello(1, 7), &limits).await.unwrap_err();
    assert!(
        matches!(error, LinkError::Timeout { after, .. } if after == limits.handshake_timeout),
        "{error}"
    );
    drop(near);
    let (near, far) = connect(&MemoryNetwork::new(), &door()).await;
    drop(near);
    let error = handshake(far, &hello(1, 7), &limits).await.unwrap_err();
    assert!(matches!(error, LinkError::Io { .. }), "{error}");
}

/// A hello with what comes behind it.
fn hello_and(noise: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    hello(2, 7).encode_into(&mut out).unwrap();
    out.extend_from_slice(noise);
    out
}

fn frame(frame: &Frame) -> BytesMut {
    let mut out = BytesMut::new();
    frame::encode_into(frame, &mut out).unwrap();
    out
}

/// A link whose other side says `noise` behind its hello.
async fn noisy(noise: &[u8]) -> (Side, Connection) {
    let (mut near, far) = connect(&MemoryNetwork::new(), &door()).await;
    near.writer.write_all(&hello_and(noise)).await.unwrap();
    let (ready, _) = handshake(far, &hello(1, 7), &LinkLimits::default()).await.unwrap();
    (Side::start(ready), near)
}

#[tokio::test(start_paused = true)]
async fn malformed_bytes_end_the_link_and_the_other_side_is_told() {
    let mut encoder = Encoder::default();
    HeadWriter::default().encode(&data(1), 1, &mut encoder).unwrap();
    let head = encoder.finish().unwrap().body;
    let body = Payload::of(&1_u64).unwrap().body;
    let good = Frame { seq: 1, head, body, ..Frame::new(FrameKind::Data) };
    let gap = Frame { seq: 3, ..good.clone() };
    let bad_head = Frame { seq: 2, head: good.head.slice(1..), ..good.clone() };
    let bad_ack = Frame { ack: 5, ..Frame::new(FrameKind::Ack) };
    let cases = [
        (BytesMut::from(&b"\xff\xff"[..]), "no frame of kind"),
        (frame(&gap), "message 2 was to come, but message 3 came"),
        (frame(&bad_head), "malformed envelope"),
        (frame(&bad_ack), "message 5 was acknowledged, but only 1 were sent"),
        (frame(&Frame::new(FrameKind::Hello)), "a second hello"),
    ];
    for (bad, want) in cases {
        let mut noise = frame(&good);
        noise.extend_from_slice(&bad);
        let (side, mut peer) = noisy(&noise).await;
        side.link.post(data(7)).unwrap();
        let (arrived, reason, returned) = side.until_lost().await;
        assert!(reason.contains(want), "{reason}");
        assert_eq!((arrived, returned), (vec![1], vec![7]), "what came before is good");
        let mut heard = Vec::new();
        peer.reader.read_to_end(&mut heard).await.unwrap();
        assert!(String::from_utf8_lossy(&heard).contains(want), "the last words say why");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_within_a_frame_is_said() {
    let (side, mut peer) = noisy(&[FrameKind::Data as u8, 0, 0]).await;
    peer.writer.shutdown().await.unwrap();
    let (_, reason, _) = side.until_lost().await;
    assert!(reason.contains("within a frame, after 3 bytes"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_not_answered_ends_after_its_timeout() {
    let (side, _peer) = noisy(&[]).await;
    let shared = Arc::downgrade(side.link.shared());
    side.link.post(data(1)).unwrap();
    let start = Instant::now();
    side.link.close("done");
    assert_eq!(side.until_lost().await, (vec![], "closed: done".into(), vec![1]));
    assert_eq!(start.elapsed(), LinkLimits::default().close_timeout);
    tokio::time::sleep(LinkLimits::default().close_timeout * 2).await;
    assert_eq!(shared.strong_count(), 0, "both tasks have ended");
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_stuck_ends_with_its_link() {
    // The other side reads nothing, so that the buffer between them fills.
    let (side, _peer) = noisy(&[]).await;
    let shared = Arc::downgrade(side.link.shared());
    let mut large = data(1);
    large.body = Body::Message(Payload { body: vec![0; 1 << 20].into(), parts: Vec::new() });
    side.link.post(large).unwrap();
    side.link.close("done");
    assert_eq!(side.until_lost().await.2.len(), 1);
    tokio::time::sleep(LinkLimits::default().close_timeout * 2).await;
    assert_eq!(shared.strong_count(), 0, "both tasks have ended");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_taking_in_ends_the_link_and_is_heard_of() {
    for network in both_kinds() {
        let (near, far) = pair_with(&network, LinkLimits::default()).await;
        near.link.post(data(PANICS)).unwrap();
        let ((_, near, _), (_, far, _)) = tokio::join!(near.until_lost(), far.until_lost());
        assert!(near.contains("panicked") && far.contains("panicked"), "{near} / {far}");
    }
}

#[test]
fn an_envelope_is_small_enough_to_be_moved() {
    assert!(size_of::<Envelope>() <= 512, "{}", size_of::<Envelope>());
    assert!(size_of::<Refused>() <= 128, "{}", size_of::<Refused>());
}
