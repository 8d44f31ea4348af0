//! Everything that reads bytes from outside, each as a function of bytes: they must not panic, not hang, and not take
//! more memory than the bytes warrant. libFuzzer calls them from `targets/`, and so does an ordinary test, with noise and
//! with what is in `corpus/`, changed.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mesh::ChannelAddr;
use mesh::addr::Location;
use mesh::bootstrap::Orders;
use mesh::config::{Config, Secret};
use mesh::ident::{ActorId, GatewayId, Label, ProcId, Uid};
use mesh::link::{Auth, LinkLimits, handshake_with};
use mesh::reduce::{Merge, Reducer};
use mesh::resource::{Details, StateOverlay};
use mesh::shape::{Extent, Region};
use mesh::transport::{Connection, Trust};
use mesh::value::{Standing, StandingOverlay, Status, StatusOverlay, ValueMesh};
use mesh::wire::auth::Role;
use mesh::wire::codec::{Encoder, Payload};
use mesh::wire::envelope::{Body, Destination, Envelope, Headers, Lane, Target};
use mesh::wire::frame::{self, Frame, FrameDecoder, FrameKind};
use mesh::wire::heads::{HeadReader, HeadWriter};
use mesh::wire::hello::{self, Hello, HelloError, MAGIC, PROTOCOL, Preface};
use mesh::wire::session::{Session, Window};

/// A decoder: its name, what it does with bytes, and bytes that it likes.
pub struct Fuzzed {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them. Each has a file in `targets/` of its name.
pub const TARGETS: &[Fuzzed] = &[
    Fuzzed { name: "frame", run: frame, seeds: frame_seeds },
    Fuzzed { name: "hello", run: hello, seeds: hello_seeds },
    Fuzzed { name: "handshake", run: handshake, seeds: handshake_seeds },
    Fuzzed { name: "envelope", run: envelope, seeds: envelope_seeds },
    Fuzzed { name: "heads", run: heads, seeds: heads_seeds },
    Fuzzed { name: "session", run: session, seeds: session_seeds },
    Fuzzed { name: "orders", run: orders, seeds: orders_seeds },
    Fuzzed { name: "shape", run: shape, seeds: shape_seeds },
    Fuzzed { name: "value", run: value, seeds: value_seeds },
    Fuzzed { name: "text", run: text, seeds: text_seeds },
];

/// Frames, however their bytes are split.
pub fn frame(data: &[u8]) {
    let Some((&step, data)) = data.split_first() else { return };
    let step = usize::from(step).max(1);
    let mut decoder = FrameDecoder::default();
    let mut bytes = BytesMut::new();
    for piece in data.chunks(step) {
        bytes.extend_from_slice(piece);
        loop {
            assert!(decoder.wanted(bytes.len()) <= frame::RESERVE_MAX);
            match decoder.feed(&mut bytes) {
                Ok(Some(frame)) => {
                    let mut again = BytesMut::new();
                    frame::encode_into(&frame, &mut again).expect("what was decoded encodes");
                    assert_eq!(FrameDecoder::default().feed(&mut again), Ok(Some(frame)));
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.feed(&mut bytes), Err(error), "it keeps failing");
                    return;
                }
            }
        }
    }
    let _ = decoder.end(&bytes);
}

/// The body of a hello, and of a refusal.
pub fn hello(data: &[u8]) {
    let Some((preface, body)) = data.split_first_chunk() else { return };
    let preface = Preface::of_bytes(*preface);
    let frame = Frame { body: Bytes::copy_from_slice(body), ..Frame::new(FrameKind::Hello) };
    if let Ok(error) = HelloError::of_frame(frame.clone()) {
        let _ = error.to_string();
    }
    if let Ok(remote) = Hello::decode(preface, frame) {
        let local = some_hello();
        let (ours, theirs) = (hello::check(&local, &remote), hello::check(&remote, &local));
        assert_eq!(ours.is_ok(), theirs.is_ok(), "HELLO-1");
        let _ = format!("{remote:?}");
    }
}

/// A whole handshake: what a side says that may know the secret, and then anything.
pub fn handshake(data: &[u8]) {
    let Some((&mode, said)) = data.split_first() else { return };
    let secret = Secret::new("sixteen bytes or more").expect("it is long enough");
    let role = if mode & 1 == 0 { Role::Dials } else { Role::Accepts };
    let auth = (mode & 2 != 0).then_some(Auth { secret, role });
    let reader = Box::new(std::io::Cursor::new(said.to_vec()));
    let writer = Box::new(tokio::io::sink());
    let connection = Connection::new(reader, writer, "fuzz".to_owned(), Trust::Network);
    let limits = LinkLimits { handshake_timeout: Duration::from_secs(1), ..LinkLimits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime needs nothing that could be missing");
    let shaken = runtime.block_on(handshake_with(connection, auth.as_ref(), &some_hello(), &limits));
    if let Err(error) = shaken {
        let _ = error.to_string();
    } else {
        assert!(auth.is_none(), "nobody proves by chance to know the secret");
    }
}

/// One head of an envelope by itself.
pub fn envelope(data: &[u8]) {
    if let Ok(envelope) = Envelope::decode(data, Payload::default()) {
        let head = envelope.encode_head().expect("what was decoded encodes");
        assert_eq!(Envelope::decode(&head.body, Payload::default()), Ok(envelope));
    }
}

/// The heads of one connection, one after the other: the first byte of each is its length.
pub fn heads(mut data: &[u8]) {
    let mut reader = HeadReader::default();
    while let Some((&len, rest)) = data.split_first() {
        let (head, rest) = rest.split_at(rest.len().min(usize::from(len)));
        if let Ok(envelope) = reader.decode(head, Payload::default()) {
            let _ = format!("{envelope:?}");
        }
        data = rest;
    }
}

/// The numbers that the other side of a session says, among what this side does.
pub fn session(data: &[u8]) {
    let window = Window { messages: 8, len_bytes: 4096 };
    let mut session = Session::new(window);
    let mut sent = 0;
    for op in data.chunks_exact(2) {
        // Around the numbers that matter, and far away.
        let near = |at: u64| match op[1] {
            0xff => u64::MAX,
            0xfe => u64::MAX / 2,
            by => (at + u64::from(by)).saturating_sub(100),
        };
        match op[0] % 8 {
            0 => {
                let envelope = some_envelope(u64::from(op[1]));
                if session.admits(envelope.headers.lane, u64::from(op[1])) {
                    sent = session.send(envelope.headers.lane, u64::from(op[1]), ());
                }
            }
            1 => drop(session.acked(near(sent), drop)),
            2 => drop(session.received(near(session.received_up_to()), u64::from(op[1]) << 4)),
            3 => drop(session.resume(near(sent), drop)),
            4 if session.unwritten().is_some() => session.wrote(),
            5 => session.want_ack(),
            6 => drop(session.take_ack()),
            _ => drop((session.ack_due(), session.ack_pending(), session.next_seq())),
        }
        assert!(session.acknowledged() <= session.sent());
        let held = session.sent() - session.acknowledged();
        assert!(held <= window.messages, "{held} messages are held");
    }
    let held = session.sent() - session.acknowledged();
    assert_eq!(session.into_returned().count() as u64, held, "all that is held comes back");
}

/// What a child reads from its stdin.
pub fn orders(data: &[u8]) {
    if let Ok(orders) = Orders::read(data) {
        let _ = format!("{orders:?}");
        let _ = Config::default().inherit(orders.config);
    }
}

/// Extents and regions.
pub fn shape(data: &[u8]) {
    let payload = Payload { body: Bytes::copy_from_slice(data), parts: Vec::new() };
    if let Ok(extent) = payload.get::<Extent>() {
        let _ = (extent.to_string(), extent.validate(), extent.num_ranks());
        check_region(&Region::whole(&extent));
    }
    if let Ok(region) = payload.get::<Region>() {
        check_region(&region);
    }
}

fn check_region(region: &Region) {
    let _ = region.to_string();
    for (rank, base) in region.base_ranks().enumerate().take(100) {
        assert_eq!(region.base_rank(rank), Some(base));
        assert_eq!(region.view_rank(base), Some(rank));
        assert!(region.point(rank).is_some());
    }
    assert_eq!(region.base_rank(region.num_ranks()), None);
    let _ = Payload::of(region).expect("what was decoded encodes");
}

/// What is gathered from a mesh.
pub fn value(data: &[u8]) {
    let payload = Payload { body: Bytes::copy_from_slice(data), parts: Vec::new() };
    if let Ok(mesh) = payload.get::<ValueMesh<u32>>() {
        let _ = (mesh.len(), mesh.runs().take(100).count(), mesh.get(mesh.len()));
        if mesh.len() < 100_000 {
            assert_eq!(mesh.iter().count(), mesh.len());
            let _ = mesh.to_string();
        }
    }
    if let Ok(mesh) = payload.get::<ValueMesh<Status>>() {
        let _ = mesh.get(0);
    }
    if let Ok(mut overlay) = payload.get::<StatusOverlay>() {
        let _ = (overlay.len(), overlay.get(0), overlay.runs().count());
        overlay.merge(StatusOverlay::single(7, Status::default()));
        assert!(overlay.get(7).is_some());
    }
    if let Ok(mut overlay) = payload.get::<StandingOverlay>() {
        let ranks = overlay.len();
        overlay.merge_where(overlay.clone(), |ours, theirs| theirs.follows(ours));
        assert_eq!(overlay.len(), ranks);
        let newest = Standing {
            status: Status::Running,
            epoch: u32::MAX,
            generation: u64::MAX,
            returns: 0,
            details: (),
        };
        overlay.merge_where(StandingOverlay::uniform(3..11, newest.clone()), |ours, theirs| {
            theirs.follows(ours)
        });
        assert!(overlay.get(10).is_some_and(|standing| standing.follows(&newest)));
    }
    if let Ok(overlay) = payload.get::<StateOverlay<String>>() {
        let merged = Merge.reduce(overlay.clone(), overlay.clone());
        assert_eq!(merged, overlay);
        let runs = overlay.to_mesh(&Region::whole(&Extent::new([("workers", 64)]))).runs().count();
        assert!(runs <= 2 * overlay.runs().count() + 1);
    }
}

/// What people write: configuration files and addresses.
pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::of_text("fuzz", text) {
        Ok(config) => {
            let _ = Config::default().inherit(config.inheritable()).expect("what was read is good");
            let _ = (config.to_string(), config.dump(), format!("{config:?}"));
        }
        Err(error) => drop(error.to_string()),
    }
    if let Ok(addr) = text.parse::<ChannelAddr>() {
        assert_eq!(addr.to_string().parse(), Ok(addr));
    }
}

fn some_hello() -> Hello {
    let gateway = GatewayId { uid: Uid(9), incarnation: 1 };
    Hello {
        magic: MAGIC,
        protocol: PROTOCOL,
        gateway,
        location: Location { gateway, door: None },
        build: "fuzz".into(),
        procs: vec![ProcId::single(Uid(3), Label::new("p"))],
        token: Some([7; 16]),
        session: None,
        fingerprints: Vec::new(),
    }
}

fn some_envelope(number: u64) -> Envelope {
    let proc = ProcId::single(Uid(1), Label::new("p"));
    let at = std::sync::Arc::new(Location { gateway: GatewayId { uid: Uid(2), incarnation: 1 }, door: None });
    let sender = ActorId::new(proc.clone(), Uid(5), Label::new("s"));
    let target = Target::Handler { actor: Uid(3), incarnation: 0, handler: 4 };
    Envelope {
        to: Destination { proc, at: at.clone(), target },
        headers: Headers::of(sender, at, Lane::Data),
        body: Body::Message(Payload::of(&number).expect("a number encodes")),
    }
}

fn frame_seeds() -> Vec<Vec<u8>> {
    let parts = vec![Bytes::from_static(b"part"), Bytes::new()];
    let (head, body) = (Bytes::from_static(b"head"), Bytes::from_static(b"body"));
    let full = Frame { seq: 5, ack: 4, head, body, parts, kind: FrameKind::Data };
    let mut out = BytesMut::from(&[200][..]);
    for frame in [full, Frame::new(FrameKind::Ack), Frame::new(FrameKind::Bye)] {
        frame::encode_into(&frame, &mut out).expect("it is small");
    }
    vec![out.to_vec()]
}

fn hello_seeds() -> Vec<Vec<u8>> {
    let mut preface = BytesMut::new();
    some_hello().preface().encode_into(&mut preface);
    let mut frame = BytesMut::new();
    some_hello().encode_frame_into(&mut frame).expect("it is small");
    let frame = FrameDecoder::default().feed(&mut frame).ok().flatten().expect("it is whole");
    let refused = HelloError::Protocol { local: 1, remote: 2 }.to_frame().expect("it is small");
    [frame, refused].map(|frame| [&preface[..], &frame.body].concat()).to_vec()
}

fn handshake_seeds() -> Vec<Vec<u8>> {
    let mut plain = BytesMut::from(&[0][..]);
    some_hello().encode_into(&mut plain).expect("it is small");
    let mut proving = BytesMut::from(&[2][..]);
    some_hello().preface().encode_into(&mut proving);
    for kind in [FrameKind::Challenge, FrameKind::Proof] {
        let frame = Frame { body: Bytes::from_static(&[1; 32]), ..Frame::new(kind) };
        frame::encode_into(&frame, &mut proving).expect("it is small");
    }
    some_hello().encode_frame_into(&mut proving).expect("it is small");
    vec![plain.to_vec(), proving.to_vec()]
}

fn envelope_seeds() -> Vec<Vec<u8>> {
    vec![some_envelope(1).encode_head().expect("it encodes").body.to_vec()]
}

fn heads_seeds() -> Vec<Vec<u8>> {
    let mut writer = HeadWriter::default();
    let mut out = Vec::new();
    for seq in 1..4 {
        let mut encoder = Encoder::default();
        writer.encode(&some_envelope(seq), seq, &mut encoder).expect("it encodes");
        let head = encoder.finish().expect("it has no parts").body;
        out.push(u8::try_from(head.len()).expect("it is short"));
        out.extend_from_slice(&head);
    }
    vec![out]
}

fn session_seeds() -> Vec<Vec<u8>> {
    vec![vec![0, 9, 4, 0, 0, 9, 4, 0, 1, 99, 2, 101, 6, 0, 3, 100, 4, 0, 1, 100]]
}

fn orders_seeds() -> Vec<Vec<u8>> {
    // A group, and a length that is longer than what follows; then the version.
    let mut seed = vec![1, 0, 0, 0, 9, 0, 0, 0];
    seed.extend_from_slice(&Payload::of(&(1_u32, 77_u32, 0_u32, "proc")).expect("it encodes").body);
    vec![seed]
}

fn shape_seeds() -> Vec<Vec<u8>> {
    let extent = Extent::new([("hosts", 4), ("gpus", 8)]);
    let region = Region::whole(&extent);
    let slice = region.try_slice(("gpus", 2..6)).expect("it is within");
    let extent = Payload::of(&extent).expect("it encodes");
    [extent, Payload::of(&region).expect("it encodes"), Payload::of(&slice).expect("it encodes")]
        .map(|payload| payload.body.to_vec())
        .to_vec()
}

fn value_seeds() -> Vec<Vec<u8>> {
    let region = Region::whole(&Extent::new([("workers", 5)]));
    let values = ValueMesh::new(region.clone(), vec![1_u32, 2, 2, 2, 3]).expect("one for each");
    let uniform = ValueMesh::uniform(region, 7_u32);
    let overlay = StatusOverlay::uniform(2..9, Status::default());
    let standing =
        Standing { status: Status::failed("x"), epoch: 1, generation: 300, returns: 1, details: () };
    let details = Details { label: Label::new("lamp"), spec_conflict: false, state: Some("red".to_owned()) };
    let state = Standing { status: Status::Running, epoch: 0, generation: 2, returns: 0, details };
    vec![
        Payload::of(&values).expect("it encodes").body.to_vec(),
        Payload::of(&uniform).expect("it encodes").body.to_vec(),
        Payload::of(&overlay).expect("it encodes").body.to_vec(),
        Payload::of(&StandingOverlay::uniform(4..6, standing)).expect("it encodes").body.to_vec(),
        Payload::of(&StateOverlay::uniform(4..6, state)).expect("it encodes").body.to_vec(),
    ]
}

fn text_seeds() -> Vec<Vec<u8>> {
    let dump = Config::default().to_string();
    vec![
        dump.into_bytes(),
        b"seed = 3 # x\nsecret = correct horse battery".to_vec(),
        b"tls://[::1]:80".to_vec(),
    ]
}
