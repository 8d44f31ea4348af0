//! The handshake: either side says its hello, reads the other's, and compares. Where a secret is asked for, both prove
//! that they know it before either hello is said: see `wire::auth`.
//!
//! ```text
//! preface and hello ──►   ◄── preface and hello      at the same time
//!                         ◄── Welcome                if the dialling side named a session
//!        a stranger: hung up on    a mismatch: Refused, then wait until the other side has read it
//! ```

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::direct::{End, Inbox};
use super::driver::{Driver, Road};
use super::redial::Redial;
use super::shared::Shared;
use super::{Link, LinkEvents, LinkId, LinkLimits};
use crate::clock;
use crate::config::Secret;
use crate::transport::{Connection, Shortcut};
use crate::wire::auth::{NONCE_LEN, Role, Statement};
use crate::wire::frame::{self, Frame, FrameDecoder, FrameKind, HEAD_LEN_MAX, RESERVE_MAX};
use crate::wire::hello::{self, HELLO_LEN_MAX, Hello, HelloEncodeError, HelloError, PREFACE_LEN, Preface};

/// How long a side that refuses waits until the other has read why, at most.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// How many bytes a side that refuses reads and drops while it waits, at most.
const LINGER_LEN_MAX: usize = HELLO_LEN_MAX;

/// The longest frame of a side that has yet to prove that it knows the secret, in bytes: what a stranger may make us keep.
const UNPROVEN_LEN_MAX: usize = 4 << 10;

/// What this side asks the other to prove, and to which side it itself belongs.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The shared secret.
    pub secret: Secret,
    /// Which side this one is.
    pub role: Role,
}

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
    /// The certificates of the two sides do not go together; one of them has refused the other's.
    #[error("{peer} and this gateway do not accept each other's certificates: {source}")]
    Certificate {
        /// The other side.
        peer: String,
        /// What is wrong, and which side says so.
        source: io::Error,
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
    connection: Connection,
    local: &Hello,
    limits: &LinkLimits,
) -> Result<(Ready, Hello), LinkError> {
    handshake_with(connection, None, local, limits).await
}

/// As [`handshake`], after both sides have proved that they know the secret, if there is one.
///
/// # Errors
/// As there. If only one side asks for a secret, or the secrets differ, both get an error that says so.
///
/// # Cancel safety
/// As there.
pub async fn handshake_with(
    mut connection: Connection,
    auth: Option<&Auth>,
    local: &Hello,
    limits: &LinkLimits,
) -> Result<(Ready, Hello), LinkError> {
    let after = limits.handshake_timeout;
    match tokio::time::timeout(after, establish(&mut connection, auth, local)).await {
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
            // Streams of bytes have no other use for this kind: it is the transport that does not trust.
            Failure::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
                LinkError::Certificate { peer, source }
            }
            Failure::Io(source) => LinkError::Io { peer, source },
        }
    }
}

/// Exchanges hellos and waits for the welcome; gives the other side's hello, what came behind all that, and how far the
/// other side has received.
async fn establish(
    connection: &mut Connection,
    auth: Option<&Auth>,
    local: &Hello,
) -> Result<(Hello, BytesMut, u64), Failure> {
    let (remote, mut rest) = exchange(connection, auth, local).await?;
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
    let frame = read_frame(reader, bytes, HELLO_LEN_MAX).await?;
    match frame.kind {
        FrameKind::Welcome => Ok(frame.ack),
        FrameKind::Refused => Err(refused(frame)),
        kind => Err(Failure::Malformed(format!("a frame of kind {kind:?} came instead of a welcome"))),
    }
}

/// Reads one frame that is not longer than `len_max`.
async fn read_frame(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    bytes: &mut BytesMut,
    len_max: usize,
) -> Result<Frame, Failure> {
    let mut decoder = FrameDecoder::new(len_max);
    // The parts of a frame have no place here, but a length that is much larger.
    let mut left = len_max + HEAD_LEN_MAX + RESERVE_MAX;
    loop {
        let before = match decoder.feed(bytes).map_err(|error| Failure::Malformed(error.to_string()))? {
            Some(frame) => return Ok(frame),
            None => bytes.len(),
        };
        read_more(reader, bytes).await?;
        left = left.checked_sub(bytes.len() - before).ok_or_else(|| {
            Failure::Malformed(format!("a frame longer than the {len_max} bytes allowed here"))
        })?;
    }
}

/// Exchanges hellos; gives the other side's, and what came behind it.
async fn exchange(
    connection: &mut Connection,
    auth: Option<&Auth>,
    local: &Hello,
) -> Result<(Hello, BytesMut), Failure> {
    let Connection { reader, writer, .. } = connection;
    let mut out = BytesMut::new();
    let heard = async {
        let proved = match auth.and_then(|auth| Some((auth.role, auth.secret.bytes()?))) {
            None => {
                local.preface().encode_into(&mut out);
                None
            }
            Some(secret) => Some(prove(&mut **reader, &mut **writer, secret, local).await?),
        };
        local.encode_frame_into(&mut out).map_err(Failure::Hello)?;
        say_and_hear(&mut **reader, &mut **writer, &out, local, proved).await
    }
    .await;
    match &heard {
        // A stranger would not understand.
        Err(Failure::Mismatch(HelloError::NotMesh { .. })) => {}
        Err(Failure::Mismatch(error)) => refuse(&mut **reader, &mut **writer, error).await,
        _ => {}
    }
    heard
}

/// Proves to the other side that this one knows the secret, and asks it to prove the same; gives what came behind that.
async fn prove(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    (role, secret): (Role, &[u8]),
    local: &Hello,
) -> Result<BytesMut, Failure> {
    let own = clock::nonce();
    let mut out = BytesMut::new();
    local.preface().encode_into(&mut out);
    write_frame(writer, out, FrameKind::Challenge, &own).await?;
    let mut bytes = BytesMut::with_capacity(UNPROVEN_LEN_MAX);
    read_preface(reader, &mut bytes, local).await?;
    let theirs = read_proof_frame(reader, &mut bytes, FrameKind::Challenge).await?;
    let theirs: [u8; NONCE_LEN] =
        theirs[..].try_into().map_err(|_| Failure::Malformed("a challenge of a wrong length".into()))?;
    let statement = Statement { protocol: local.protocol, role, own, theirs };
    let remote = Statement { role: role.other(), own: theirs, theirs: own, ..statement };
    // Who dials goes first: a stranger is not given a proof that it could try secrets on.
    if role == Role::Dials {
        write_frame(writer, BytesMut::new(), FrameKind::Proof, &statement.prove(secret)).await?;
    }
    let proof = read_proof_frame(reader, &mut bytes, FrameKind::Proof).await?;
    if !remote.is_proved_by(&proof, secret) {
        return Err(Failure::Mismatch(HelloError::OtherSecret));
    }
    if role == Role::Accepts {
        write_frame(writer, BytesMut::new(), FrameKind::Proof, &statement.prove(secret)).await?;
    }
    Ok(bytes)
}

async fn write_frame(
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    mut out: BytesMut,
    kind: FrameKind,
    body: &[u8],
) -> Result<(), Failure> {
    let frame = Frame { body: Bytes::copy_from_slice(body), ..Frame::new(kind) };
    frame::encode_into(&frame, &mut out).expect("a small frame encodes");
    writer.write_all(&out).await.map_err(Failure::Io)?;
    writer.flush().await.map_err(Failure::Io)
}

/// Reads a frame of the proof from a side that is still a stranger.
async fn read_proof_frame(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    bytes: &mut BytesMut,
    kind: FrameKind,
) -> Result<Bytes, Failure> {
    while bytes.is_empty() {
        read_more(reader, bytes).await?;
    }
    // It says its hello at once. That is not read, however long it is.
    if bytes[0] == FrameKind::Hello as u8 {
        return Err(Failure::Mismatch(HelloError::NoSecret { local: true }));
    }
    let frame = read_frame(reader, bytes, UNPROVEN_LEN_MAX).await?;
    match frame.kind {
        FrameKind::Refused => Err(refused(frame)),
        found if found == kind && frame.head.is_empty() && frame.parts.is_empty() => Ok(frame.body),
        found => {
            Err(Failure::Malformed(format!("a frame of kind {found:?} came where a proof was asked for")))
        }
    }
}

/// What the other side has refused this one for.
fn refused(frame: Frame) -> Failure {
    match HelloError::of_frame(frame) {
        Ok(error) => Failure::Refused(error),
        Err(error) => Failure::Malformed(error.to_string()),
    }
}

/// Writes and reads at the same time: two large hellos would else wait for each other for ever.
async fn say_and_hear(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut (dyn AsyncWrite + Send + Unpin),
    out: &[u8],
    local: &Hello,
    proved: Option<BytesMut>,
) -> Result<(Hello, BytesMut), Failure> {
    let mut write = std::pin::pin!(async {
        writer.write_all(out).await?;
        writer.flush().await
    });
    let mut read = std::pin::pin!(read_hello(reader, local, proved));
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

/// Reads and checks the other side's hello; also gives what came behind it. If it has proved itself, `proved` is what
/// came behind its proof, and its preface was before that.
async fn read_hello(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    local: &Hello,
    proved: Option<BytesMut>,
) -> Result<(Hello, BytesMut), Failure> {
    let mut bytes = match proved {
        Some(bytes) => bytes,
        None => {
            let mut bytes = BytesMut::with_capacity(RESERVE_MAX);
            read_preface(reader, &mut bytes, local).await?;
            bytes
        }
    };
    let frame = read_frame(reader, &mut bytes, HELLO_LEN_MAX).await?;
    let remote = decode_hello(local.preface(), frame)?;
    hello::check(local, &remote).map_err(Failure::Mismatch)?;
    Ok((remote, bytes))
}

/// Reads the preface of the other side; it is then the same as this side's.
async fn read_preface(
    reader: &mut (dyn AsyncRead + Send + Unpin),
    bytes: &mut BytesMut,
    local: &Hello,
) -> Result<(), Failure> {
    while bytes.len() < PREFACE_LEN {
        read_more(reader, bytes).await?;
        check_magic(bytes, local)?;
    }
    let preface = bytes.split_to(PREFACE_LEN);
    let preface = Preface::of_bytes(preface[..].try_into().expect("it has this length"));
    local.preface().check(preface).map_err(Failure::Mismatch)
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
        FrameKind::Refused => return Err(refused(frame)),
        FrameKind::Challenge => return Err(Failure::Mismatch(HelloError::NoSecret { local: false })),
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

    /// Tells the other side of a connection within the process that it is let in, if it waits for that: the only bytes
    /// since its hello was read, which there is room for.
    fn say_welcome(&mut self) {
        if !self.wants_welcome {
            return;
        }
        let mut welcome = BytesMut::new();
        frame::encode_into(&Frame::new(FrameKind::Welcome), &mut welcome).expect("a small frame encodes");
        let write = std::pin::pin!(tokio::task::unconstrained(self.connection.writer.write_all(&welcome)));
        let written = write.poll(&mut Context::from_waker(Waker::noop()));
        debug_assert!(!written.is_pending(), "there is room for it");
    }

    /// Starts the link: `events` hears of everything that arrives on it, and of its loss. With a session, it outlives
    /// the connection: `redial` is the way back of the side that has dialled; the other waits for [`Link::resume`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(self, id: LinkId, events: Arc<dyn LinkEvents>, redial: Option<Arc<dyn Redial>>) -> Link {
        self.start_with(id, events, redial, &Arc::default())
    }

    /// As [`start`](Ready::start), of one of the links of a gateway, all of which have the same events.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn start_with(
        mut self,
        id: LinkId,
        events: Arc<dyn LinkEvents>,
        redial: Option<Arc<dyn Redial>>,
        inbox: &Arc<Inbox>,
    ) -> Link {
        if let Some(Ok(end)) = self.connection.shortcut.take().map(Shortcut::downcast::<End>) {
            self.say_welcome();
            return Link::direct(end.start(id, self.limits.window, inbox, events));
        }
        let shared = Shared::new(id, self.connection.peer.clone(), self.limits);
        let road = match (self.session, redial) {
            (None, _) => Road::Once,
            (Some(_), None) => Road::Await,
            (Some(_), Some(redial)) => Road::Dial(redial),
        };
        let session = self.session.unwrap_or_default();
        let driver = Driver { shared: shared.clone(), events, road, session };
        tokio::spawn(driver.run(self));
        Link::session(shared)
    }
}
