//! The handshake: either side says its hello, reads the other's, and compares.
//!
//! ```text
//! preface and hello ──►   ◄── preface and hello      at the same time
//!                         ◄── Welcome                if the dialling side named a session
//!        a stranger: hung up on    a mismatch: Refused, then wait until the other side has read it
//! ```

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::driver::{Driver, Road};
use super::redial::Redial;
use super::shared::Shared;
use super::{Link, LinkEvents, LinkId, LinkLimits};
use crate::transport::Connection;
use crate::wire::frame::{self, Frame, FrameDecoder, FrameKind, RESERVE_MAX};
use crate::wire::hello::{self, HELLO_LEN_MAX, Hello, HelloEncodeError, HelloError, PREFACE_LEN, Preface};

/// How long a side that refuses waits until the other has read why, at most.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How many bytes a side that refuses reads and drops while it waits, at most.
const LINGER_LEN_MAX: usize = HELLO_LEN_MAX;

/// Why a connection did not become a link.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The other side took too long.
    #[error("{peer} did not say hello within {} ms", .after.as_millis())]
    Timeout {
        /// The other side.
        peer: String,
        /// How long was waited.
        after: Duration,
    },
    /// This side does not accept the other.
    #[error("{peer} is refused")]
    Mismatch {
        /// The other side.
        peer: String,
        /// Why.
        #[source]
        error: HelloError,
    },
    /// The other side does not accept this one.
    #[error("{peer} refuses this gateway")]
    Refused {
        /// The other side.
        peer: String,
        /// Why, as seen from this side.
        #[source]
        error: HelloError,
    },
    /// What the other side said is not a hello.
    #[error("{peer} sent a malformed hello: {reason}")]
    Malformed {
        /// The other side.
        peer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// This side's hello could not be written.
    #[error("this gateway's hello cannot be sent")]
    Hello {
        /// Why.
        #[source]
        error: HelloEncodeError,
    },
    /// The connection was lost.
    #[error("the connection to {peer} was lost before it had said hello")]
    Io {
        /// The other side.
        peer: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A connection whose two sides have accepted each other.
#[derive(Debug)]
pub struct Ready {
    pub(super) connection: Connection,
    /// What was read behind the hello.
    pub(super) rest: BytesMut,
    limits: LinkLimits,
    /// How far the other side has received in the session.
    pub(super) received: u64,
    /// The other side waits to be welcomed.
    pub(super) wants_welcome: bool,
    /// Which session: what the dialling side has said.
    session: Option<u64>,
}

/// Says hello on a new connection, and checks what the other side says. Both sides do the same; the one that dials and
/// names a session then waits to be welcomed to it.
///
/// # Errors
/// [`LinkError`]. On a mismatch both sides get an error that names it.
///
/// # Cancel safety
/// If it is dropped, so is the connection.
pub async fn handshake(
    mut connection: Connection,
    local: &Hello,
    limits: &LinkLimits,
) -> Result<(Ready, Hello), LinkError> {
    let after = limits.handshake_timeout;
    match tokio::time::timeout(after, establish(&mut connection, local)).await {
        Ok(Ok((remote, rest, received))) => {
            let session = local.session.or(remote.session).map(|session| session.id);
            let wants_welcome = remote.session.is_some();
            let ready = Ready { connection, rest, limits: *limits, received, wants_welcome, session };
            Ok((ready, remote))
        }
        Ok(Err(failure)) => Err(failure.about(connection.peer)),
        Err(_) => Err(LinkError::Timeout { peer: connection.peer, after }),
    }
}

/// A [`LinkError`] that does not know yet whom it is about.
enum Failure {
    Mismatch(HelloError),
    Refused(HelloError),
    Malformed(String),
    Hello(HelloEncodeError),
    Io(io::Error),
}

impl Failure {
    fn about(self, peer: String) -> LinkError {
        match self {
            Failure::Mismatch(error) => LinkError::Mismatch { peer, error },
            Failure::Refused(error) => LinkError::Refused { peer, error },
            Failure::Malformed(reason) => LinkError::Malformed { peer, reason },
            Failure::Hello(error) => LinkError::Hello { error },
            Failure::Io(source) => LinkError::Io { peer, source },
        }
    }
}

/// Exchanges hellos and waits for the welcome; gives the other side's hello, what came behind all that, and how far the
/// other side has received.
async fn establish(connection: &mut Connection, local: &Hello) -> Result<(Hello, BytesMut, u64), Failure> {
    let (remote, mut rest) = exchange(connection, local).await?;
    let received = match (local.session, remote.session) {
        (Some(_), Some(_)) => {
            return Err(Failure::Malformed(
                "both sides name a session, but only one can have dialled".into(),
            ));
        }
        (Some(_), None) => read_welcome(&mut *connection.reader, &mut rest).await?,
        (None, remote) => remote.and_then(|session| session.resume).unwrap_or_default(),
    };
    Ok((remote, rest, received))
}

async fn read_welcome(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    bytes: &mut BytesMut,
) -> Result<u64, Failure> {
    let frame = read_frame(reader, bytes).await?;
    match frame.kind {
        FrameKind::Welcome => Ok(frame.ack),
        FrameKind::Refused => match HelloError::of_frame(frame) {
            Ok(error) => Err(Failure::Refused(error)),
            Err(error) => Err(Failure::Malformed(error.to_string())),
        },
        kind => Err(Failure::Malformed(format!("a frame of kind {kind:?} came instead of a welcome"))),
    }
}

/// Reads one frame that is not longer than a hello may be.
async fn read_frame(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    bytes: &mut BytesMut,
) -> Result<Frame, Failure> {
    let mut decoder = FrameDecoder::new(HELLO_LEN_MAX);
    loop {
        match decoder.feed(bytes).map_err(|error| Failure::Malformed(error.to_string()))? {
            Some(frame) => return Ok(frame),
            None => read_more(reader, bytes).await?,
        }
    }
}

/// Exchanges hellos; gives the other side's, and what came behind it.
async fn exchange(connection: &mut Connection, local: &Hello) -> Result<(Hello, BytesMut), Failure> {
    let mut out = BytesMut::new();
    local.encode_into(&mut out).map_err(Failure::Hello)?;
    let Connection { reader, writer, .. } = connection;
    let heard = say_and_hear(&mut **reader, &mut **writer, &out, local).await;
    match &heard {
        // A stranger would not understand.
        Err(Failure::Mismatch(HelloError::NotMesh { .. })) => {}
        Err(Failure::Mismatch(error)) => refuse(&mut **reader, &mut **writer, error).await,
        _ => {}
    }
    heard
}

/// Writes and reads at the same time: two large hellos would else wait for each other for ever.
async fn say_and_hear(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    out: &[u8],
    local: &Hello,
) -> Result<(Hello, BytesMut), Failure> {
    let mut write = std::pin::pin!(async {
        writer.write_all(out).await?;
        writer.flush().await
    });
    let mut read = std::pin::pin!(read_hello(reader, local));
    let mut written = None;
    let heard = loop {
        tokio::select! {
            biased;
            heard = &mut read => break heard,
            result = &mut write, if written.is_none() => written = Some(result),
        }
    };
    // The other side finds a mismatch on its own, if it can read all of this hello.
    let must_be_written = match &heard {
        Ok(_) => true,
        Err(Failure::Mismatch(error)) => !matches!(error, HelloError::NotMesh { .. }),
        Err(_) => false,
    };
    let written = match written {
        None if must_be_written => write.await,
        written => written.unwrap_or(Ok(())),
    };
    // What was heard is worth more than that nothing could be said.
    let heard = heard?;
    written.map(|()| heard).map_err(Failure::Io)
}

/// Reads and checks the other side's hello; also gives what came behind it.
async fn read_hello(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    local: &Hello,
) -> Result<(Hello, BytesMut), Failure> {
    let mut bytes = BytesMut::with_capacity(RESERVE_MAX);
    while bytes.len() < PREFACE_LEN {
        read_more(reader, &mut bytes).await?;
        check_magic(&bytes, local)?;
    }
    let preface = bytes.split_to(PREFACE_LEN);
    let preface = Preface::of_bytes(preface[..].try_into().expect("it has this length"));
    local.preface().check(preface).map_err(Failure::Mismatch)?;
    let frame = read_frame(reader, &mut bytes).await?;
    let remote = decode_hello(preface, frame)?;
    hello::check(local, &remote).map_err(Failure::Mismatch)?;
    Ok((remote, bytes))
}

/// Hangs up on a stranger at the first byte that is not the magic's.
fn check_magic(bytes: &[u8], local: &Hello) -> Result<(), Failure> {
    let len = bytes.len().min(local.magic.len());
    if bytes[..len] == local.magic[..len] {
        return Ok(());
    }
    let mut found = [0; 8];
    found[..len].copy_from_slice(&bytes[..len]);
    Err(Failure::Mismatch(HelloError::NotMesh { found }))
}

async fn read_more(reader: &mut (dyn AsyncRead + Send + Unpin), bytes: &mut BytesMut) -> Result<(), Failure> {
    if bytes.capacity() == bytes.len() {
        bytes.reserve(RESERVE_MAX);
    }
    match reader.read_buf(bytes).await {
        Ok(0) => Err(Failure::Io(io::ErrorKind::UnexpectedEof.into())),
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Io(error)),
    }
}

fn decode_hello(preface: Preface, frame: Frame) -> Result<Hello, Failure> {
    let decoded = match frame.kind {
        FrameKind::Hello => Hello::decode(preface, frame),
        FrameKind::Refused => match HelloError::of_frame(frame) {
            Ok(error) => return Err(Failure::Refused(error)),
            Err(error) => Err(error),
        },
        kind => return Err(Failure::Malformed(format!("a frame of kind {kind:?} came first"))),
    };
    decoded.map_err(|error| Failure::Malformed(error.to_string()))
}

/// Tells the other side why it is refused, and waits until it has read it: closing at once would, on tcp, take back
/// what it has not read yet.
async fn refuse(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    error: &HelloError,
) {
    let told = async {
        let mut out = BytesMut::new();
        if let Ok(refused) = error.to_frame() {
            frame::encode_into(&refused, &mut out).map_err(io::Error::other)?;
        }
        writer.write_all(&out).await?;
        writer.shutdown().await?;
        let mut dropped = reader.take(LINGER_LEN_MAX as u64);
        tokio::io::copy(&mut dropped, &mut tokio::io::sink()).await
    };
    // The other side has gone, or does not listen: there is no one to tell.
    let _ = tokio::time::timeout(LINGER_TIMEOUT, told).await;
}

impl Ready {
    /// Who is on the other side, for people.
    pub fn peer(&self) -> &str {
        &self.connection.peer
    }

    /// Refuses the other side after all, as when its token is wrong: its link is lost with `error` as the reason.
    ///
    /// # Cancel safety
    /// If it is dropped, the other side may not be told why.
    pub async fn refuse(mut self, error: &HelloError) {
        refuse(&mut *self.connection.reader, &mut *self.connection.writer, error).await;
    }

    /// Starts the link: `events` hears of everything that arrives on it, and of its loss. With a session, it outlives
    /// the connection: `redial` is the way back of the side that has dialled; the other waits for [`Link::resume`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self, id: LinkId, events: Arc<dyn LinkEvents>, redial: Option<Arc<dyn Redial>>) -> Link {
        let shared = Shared::new(id, self.connection.peer.clone(), self.limits);
        let road = match (self.session, redial) {
            (None, _) => Road::Once,
            (Some(_), None) => Road::Await,
            (Some(_), Some(redial)) => Road::Dial(redial),
        };
        let session = self.session.unwrap_or_default();
        let driver = Driver { shared: shared.clone(), events, road, session };
        tokio::spawn(driver.run(self));
        Link { shared }
    }
}
