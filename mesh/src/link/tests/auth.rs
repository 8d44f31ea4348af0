//! The proof of the secret, and what a side keeps of one that has not proved itself.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::*;
use crate::config::Secret;
use crate::link::{Auth, LinkError, handshake_with};
use crate::transport::Trust;
use crate::wire::auth::Role;

fn auth(secret: &str, role: Role) -> Option<Auth> {
    Some(Auth { secret: Secret::new(secret).unwrap(), role })
}

/// What the two sides of a connection come to that ask for these secrets.
async fn shake_with(
    (near, far): (Connection, Connection),
    dials: Option<Auth>,
    accepts: Option<Auth>,
) -> (Result<(Ready, Hello), LinkError>, Result<(Ready, Hello), LinkError>) {
    let (a, b, limits) = (hello(1, 7), hello(2, 7), LinkLimits::default());
    tokio::join!(
        handshake_with(near, dials.as_ref(), &a, &limits),
        handshake_with(far, accepts.as_ref(), &b, &limits)
    )
}

const SECRET: &str = "the secret of this test";

async fn check_refused(
    connections: (Connection, Connection),
    dials: Option<Auth>,
    accepts: Option<Auth>,
    want: HelloError,
) {
    let (near, far) = shake_with(connections, dials, accepts).await;
    check_named(near.unwrap_err(), &want);
    check_named(far.unwrap_err(), &want.mirrored());
}

#[tokio::test(start_paused = true)]
async fn both_sides_prove_that_they_know_the_secret() {
    let connections = connect(&MemoryNetwork::new(), &door()).await;
    let (near, far) = shake_with(connections, auth(SECRET, Role::Dials), auth(SECRET, Role::Accepts)).await;
    let ((near, heard_near), (far, heard_far)) = (near.unwrap(), far.unwrap());
    assert_eq!((heard_near, heard_far), (hello(2, 7), hello(1, 7)));
    let (near, mut far) = (Side::start(near), Side::start(far));
    near.link.post(data(1)).unwrap();
    assert_eq!(far.arrived().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_or_missing_secret_is_named_on_both_sides() {
    let other = "another secret, of another test";
    for (dials, accepts, want) in [
        (Some(SECRET), Some(other), HelloError::OtherSecret),
        (Some(SECRET), None, HelloError::NoSecret { local: true }),
        (None, Some(SECRET), HelloError::NoSecret { local: false }),
    ] {
        let connections = connect(&MemoryNetwork::new(), &door()).await;
        let (dials, accepts) = (
            dials.and_then(|secret| auth(secret, Role::Dials)),
            accepts.and_then(|secret| auth(secret, Role::Accepts)),
        );
        let start = Instant::now();
        check_refused(connections, dials, accepts, want).await;
        assert_eq!(Instant::now(), start, "nobody waits for a time-out");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_named_at_once_on_both_sides_of_a_socket() {
    let work = async {
        let connections = connect(&Transports::default(), &ChannelAddr::Tcp("127.0.0.1:0".into())).await;
        assert_eq!((connections.0.trust, connections.1.trust), (Trust::Network, Trust::Network));
        let (dials, accepts) =
            (auth(SECRET, Role::Dials), auth("another secret, of another test", Role::Accepts));
        let start = Instant::now();
        check_refused(connections, dials, accepts, HelloError::OtherSecret).await;
        start.elapsed()
    };
    let took = tokio::time::timeout(HANG, work).await.expect("it hangs");
    println!("refused on both sides within {} us", took.as_micros());
    assert!(took < Duration::from_secs(1), "{took:?}: ten times what it may take");
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_sent_back_convinces_nobody() {
    // Two sides that both dial, or both accept: each says to the other what the other says.
    for role in [Role::Dials, Role::Accepts] {
        let connections = connect(&MemoryNetwork::new(), &door()).await;
        let (near, far) = shake_with(connections, auth(SECRET, role), auth(SECRET, role)).await;
        assert!(near.is_err() && far.is_err());
    }
    // One that repeats every byte it hears.
    let (near, mut far) = connect(&MemoryNetwork::new(), &door()).await;
    let echo = async { tokio::io::copy(&mut far.reader, &mut far.writer).await };
    let limits = LinkLimits::default();
    let own = hello(1, 7);
    let (error, _) = tokio::join!(
        async { handshake_with(near, auth(SECRET, Role::Dials).as_ref(), &own, &limits).await.unwrap_err() },
        echo
    );
    check_named(error, &HelloError::OtherSecret);
}

/// Says something and then nothing, and remembers how much room it was ever given to say it in.
struct Announces {
    said: std::collections::VecDeque<u8>,
    room: Arc<AtomicUsize>,
}

impl AsyncRead for Announces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.room.fetch_max(buf.remaining(), Ordering::Relaxed);
        if self.said.is_empty() {
            return Poll::Pending;
        }
        let len = self.said.len().min(buf.remaining());
        let said: Vec<u8> = self.said.drain(..len).collect();
        buf.put_slice(&said);
        Poll::Ready(Ok(()))
    }
}

/// A connection whose other side says `said`.
fn announces(said: &[u8]) -> (Connection, Arc<AtomicUsize>) {
    let room = Arc::new(AtomicUsize::new(0));
    let reader = Announces { said: said.iter().copied().collect(), room: room.clone() };
    let (reader, writer) = (Box::new(reader), Box::new(tokio::io::sink()));
    (Connection::new(reader, writer, "a test".into(), Trust::Network), room)
}

/// The beginning of a frame with these lengths of head and body, and nothing of them.
fn announced(kind: FrameKind, body: usize) -> Vec<u8> {
    let mut out = BytesMut::new();
    frame::encode_head_into((kind, 1, 0), &[], body, &[], &mut out).unwrap();
    out.to_vec()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_allocated_for_what_is_only_announced() {
    let mut preface = BytesMut::new();
    hello(2, 7).preface().encode_into(&mut preface);
    let hello_bytes = hello_and(&[]);
    for (said, is_hello) in [
        ([&preface[..], &announced(FrameKind::Hello, crate::wire::hello::HELLO_LEN_MAX)].concat(), false),
        ([&hello_bytes[..], &announced(FrameKind::Data, 60 << 20)].concat(), true),
    ] {
        let (connection, room) = announces(&said);
        match handshake(connection, &hello(1, 7), &LinkLimits::default()).await {
            Ok((ready, _)) if is_hello => {
                let side = Side::start(ready);
                tokio::time::sleep(Duration::from_secs(1)).await;
                side.link.give_up("the test is over");
                side.until_lost().await;
            }
            Err(LinkError::Timeout { .. }) if !is_hello => {}
            other => panic!("{other:?}"),
        }
        let room = room.load(Ordering::Relaxed);
        println!("room for {room} bytes");
        assert!(room <= 2 * frame::RESERVE_MAX, "room for {room} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn parts_beside_a_hello_are_not_collected() {
    // A frame may have a gigabyte of parts; a hello has none.
    let part = Bytes::from(vec![0; 8 << 20]);
    let mut said = BytesMut::new();
    hello(2, 7).preface().encode_into(&mut said);
    frame::encode_into(&Frame { parts: vec![part], ..Frame::new(FrameKind::Hello) }, &mut said).unwrap();
    let (connection, _) = announces(&said);
    let error = handshake(connection, &hello(1, 7), &LinkLimits::default()).await.unwrap_err();
    assert!(error.to_string().contains("longer than the 4194304 bytes allowed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn one_that_has_not_proved_itself_is_heard_for_a_few_kilobytes_only() {
    let mut said = BytesMut::new();
    hello(2, 7).preface().encode_into(&mut said);
    let body = Bytes::from(vec![0; 5000]);
    frame::encode_into(&Frame { body, ..Frame::new(FrameKind::Challenge) }, &mut said).unwrap();
    let (connection, room) = announces(&said);
    let (auth, own) = (auth(SECRET, Role::Accepts), hello(1, 7));
    let error = handshake_with(connection, auth.as_ref(), &own, &LinkLimits::default()).await.unwrap_err();
    assert!(matches!(&error, LinkError::Malformed { .. }), "{error}");
    assert!(room.load(Ordering::Relaxed) <= frame::RESERVE_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit_is_told_to_its_sender_and_the_link_goes_on() {
    let (near, mut far) = pair().await;
    let mut large = data(1);
    let len = crate::wire::codec::BODY_LEN_MAX + 1;
    large.body = Body::Message(Payload { body: Bytes::from(vec![0; len]), parts: Vec::new() });
    let refused = near.link.post(large).unwrap_err();
    let max_bytes = crate::wire::codec::BODY_LEN_MAX as u64;
    assert_eq!(refused.kind, CallErrorKind::TooLarge { len_bytes: len as u64, max_bytes });
    let text = refused.kind.to_string();
    assert!(text.contains("67108865 bytes") && text.contains("67108864 allowed"), "{text}");
    near.link.post(data(1)).unwrap();
    assert_eq!(far.arrived().await, 1);
}
