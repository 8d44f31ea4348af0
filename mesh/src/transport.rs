//! Transports: how bytes get from one gateway to another, within a process, on a host, and between hosts.
//!
//! Each kind of [`ChannelAddr`] has one: [`memory`] for tests and simulation, [`unix`] on a host, [`tcp`] between hosts,
//! `tls` the same with certificates, if that feature is on.
//! They give streams of bytes and do **not** know of frames, of who is on the other side, or of reconnecting.
//!
//! Invariants
//! - `TRANSPORT-1` an error names the address that it is about.
//! - `TRANSPORT-2` nothing listens for strangers unasked: unix sockets are for the same user, tls for who has a
//!   certificate, tcp for this machine unless there is a secret or the options allow more (`PEER-3`).
//! - `TRANSPORT-3` two live listeners never share an address, and one that has died does not block it.

use std::any::Any;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::addr::ChannelAddr;
use crate::config::Secret;

pub mod memory;
pub mod tcp;
#[cfg(feature = "tls")]
pub mod tls;
pub mod unix;

pub use memory::{Faults, MemoryNetwork};
pub use tcp::TcpOptions;
pub use unix::SocketDir;

/// How long a dial may take.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections may wait to be accepted.
pub const ACCEPT_QUEUE: u32 = 1024;

/// A way to make connections.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Starts to listen at `addr`. The address that it got, where the system chose a part, is the listener's
    /// [`local_addr`](Listener::local_addr).
    ///
    /// # Errors
    /// [`TransportError`].
    ///
    /// # Cancel safety
    /// If it is dropped, nothing listens.
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError>;

    /// Connects to the listener at `addr`.
    ///
    /// # Errors
    /// [`TransportError`].
    ///
    /// # Cancel safety
    /// If it is dropped, so is the connection.
    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError>;
}

/// Something that can be dialled; it stops listening when dropped.
#[async_trait]
pub trait Listener: Send {
    /// Where it is dialled.
    fn local_addr(&self) -> ChannelAddr;

    /// Waits for the next connection.
    ///
    /// # Errors
    /// [`TransportError`]; after an [`TransportError::Io`], as for want of descriptors, it may be tried again later.
    ///
    /// # Cancel safety
    /// No connection is lost if it is dropped.
    async fn accept(&mut self) -> Result<Connection, TransportError>;
}

/// What is known of the other side of a connection before it has said anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It is a process of the same user on this machine, as the kernel says, or this process.
    Machine,
    /// It is anyone who can reach this machine, or whom this machine can reach.
    Network,
    /// It must show a certificate, or nothing that it says is heard.
    Certificate,
}

/// Both directions of a stream of bytes.
pub struct Connection {
    /// What comes.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What goes. Dropped, or shut down, the other side reads an end.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Who is on the other side, for people.
    pub peer: String,
    /// What is known of it.
    pub trust: Trust,
    /// What takes the place of the bytes after the hellos, within a process.
    pub(crate) shortcut: Option<Shortcut>,
}

/// One end of what two ends within a process may use in place of bytes. A transport hands it on, and does not know it.
pub(crate) type Shortcut = Box<dyn Any + Send>;

impl Connection {
    /// A stream of bytes to `peer`, of which so much is known.
    pub fn new(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        writer: Box<dyn AsyncWrite + Send + Unpin>,
        peer: String,
        trust: Trust,
    ) -> Connection {
        Connection { reader, writer, peer, trust, shortcut: None }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Why there is no listener or no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Something listens there already.
    #[error("{addr} is in use: something listens there already")]
    AddrInUse {
        /// Where.
        addr: ChannelAddr,
    },
    /// Nothing listens there.
    #[error("nothing listens at {addr}")]
    Refused {
        /// Where.
        addr: ChannelAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A tcp listener was to be reachable from other machines, and that was not allowed.
    #[error(
        "{addr} can be reached from other machines, and nothing says who connects: set `MESH_SECRET` on both sides, or \
         use `tls:` with certificates, or listen at 127.0.0.1; `MESH_TCP_ALLOW_PUBLIC=true` lets in anyone"
    )]
    PublicBind {
        /// Where.
        addr: ChannelAddr,
    },
    /// Another machine was to be dialled over tcp, and that was not allowed.
    #[error(
        "{addr} is another machine, and nothing says who answers: set `MESH_SECRET` on both sides, or use `tls:` with \
         certificates; `MESH_TCP_ALLOW_PUBLIC=true` trusts anyone"
    )]
    PublicDial {
        /// Where.
        addr: ChannelAddr,
    },
    /// Certificates are needed, and cannot be used.
    #[error("{addr} needs certificates on both sides: {reason}")]
    Certificates {
        /// Where.
        addr: ChannelAddr,
        /// What is wrong with this side's.
        reason: String,
    },
    /// What answers has certificates that this side does not accept.
    #[error("{addr} is not trusted")]
    Untrusted {
        /// Where.
        addr: ChannelAddr,
        /// What is wrong with the other side's.
        #[source]
        source: io::Error,
    },
    /// The path of a unix socket is longer than the system allows.
    #[error(
        "the path of {addr} has {len} bytes, and a unix socket's may have {max}: use a shorter directory"
    )]
    PathTooLong {
        /// Where.
        addr: ChannelAddr,
        /// Its length in bytes.
        len: usize,
        /// What is allowed, in bytes.
        max: usize,
    },
    /// What listens at a unix socket runs as another user.
    #[error("{addr} is held by user {uid}, and this process runs as user {own_uid}")]
    OtherUser {
        /// Where.
        addr: ChannelAddr,
        /// The user it runs as.
        uid: u32,
        /// The user this process runs as.
        own_uid: u32,
    },
    /// The dial took too long.
    #[error("{addr} did not answer within {} ms", .after.as_millis())]
    Timeout {
        /// Where.
        addr: ChannelAddr,
        /// How long was waited.
        after: Duration,
    },
    /// The listener's network is gone.
    #[error("the listener at {addr} was closed")]
    Closed {
        /// Where.
        addr: ChannelAddr,
    },
    /// The address is not one that this transport understands.
    #[error("{addr} is not an address of this transport")]
    WrongKind {
        /// The address.
        addr: ChannelAddr,
    },
    /// The system refused for another reason.
    #[error("{addr}")]
    Io {
        /// Where.
        addr: ChannelAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl TransportError {
    /// What a failed bind means.
    fn of_bind(addr: &ChannelAddr, source: io::Error) -> TransportError {
        match source.kind() {
            io::ErrorKind::AddrInUse => TransportError::AddrInUse { addr: addr.clone() },
            _ => TransportError::Io { addr: addr.clone(), source },
        }
    }

    /// What a failed dial means.
    fn of_dial(addr: &ChannelAddr, source: io::Error) -> TransportError {
        let addr = addr.clone();
        match source.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                TransportError::Refused { addr, source }
            }
            io::ErrorKind::TimedOut => TransportError::Timeout { addr, after: DIAL_TIMEOUT },
            _ => TransportError::Io { addr, source },
        }
    }
}

/// Whether an accept failed because of one connection, and the next one may do.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// All transports of a gateway: picks one by the kind of the address.
#[derive(Clone, Debug, Default)]
pub struct Transports {
    /// The network of `memory:` addresses.
    pub memory: MemoryNetwork,
    /// What tcp may do.
    pub tcp: TcpOptions,
    /// The files that `tls:` addresses need.
    pub tls: TlsFiles,
    /// What both sides of a connection that leaves the machine prove to know, if anything.
    pub secret: Secret,
}

/// The files that `tls:` addresses need, all as PEM. They are read at each listen and at each dial, so that they can be
/// renewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// This machine's certificate, and those between it and its authority.
    pub cert: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
    /// The authorities that the other side's certificate must come from.
    pub ca: Option<PathBuf>,
}

impl Transports {
    /// What the other side of a connection must prove to know: none where the kernel says who it is.
    pub fn secret_for(&self, trust: Trust) -> Option<&Secret> {
        Some(&self.secret).filter(|secret| secret.is_set() && trust != Trust::Machine)
    }

    fn tcp(&self) -> tcp::TcpTransport {
        tcp::TcpTransport { options: self.tcp, has_secret: self.secret.is_set() }
    }

    #[cfg(feature = "tls")]
    fn tls(&self) -> tls::TlsTransport<'_> {
        tls::TlsTransport { files: &self.tls }
    }
}

/// What stands for the transport of `tls:` addresses where it is not built in.
#[cfg(not(feature = "tls"))]
fn no_tls(addr: &ChannelAddr) -> TransportError {
    let reason = "this program was built without the feature `tls` of `mesh`".to_owned();
    TransportError::Certificates { addr: addr.clone(), reason }
}

#[async_trait]
impl Transport for Transports {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        match addr {
            ChannelAddr::Memory(_) => self.memory.listen(addr).await,
            ChannelAddr::Unix(_) => unix::UnixTransport.listen(addr).await,
            ChannelAddr::Tcp(_) => self.tcp().listen(addr).await,
            #[cfg(feature = "tls")]
            ChannelAddr::Tls(_) => self.tls().listen(addr).await,
            #[cfg(not(feature = "tls"))]
            ChannelAddr::Tls(_) => Err(no_tls(addr)),
        }
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        match addr {
            ChannelAddr::Memory(_) => self.memory.dial(addr).await,
            ChannelAddr::Unix(_) => unix::UnixTransport.dial(addr).await,
            ChannelAddr::Tcp(_) => self.tcp().dial(addr).await,
            #[cfg(feature = "tls")]
            ChannelAddr::Tls(_) => self.tls().dial(addr).await,
            #[cfg(not(feature = "tls"))]
            ChannelAddr::Tls(_) => Err(no_tls(addr)),
        }
    }
}

#[cfg(test)]
mod tests;
