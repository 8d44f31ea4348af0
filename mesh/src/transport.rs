//! Transports: how bytes get from one gateway to another, within a process, on a host, and between hosts.
//!
//! Each kind of [`ChannelAddr`] has one: [`memory`] for tests and simulation, [`unix`] on a host, [`tcp`] between hosts.
//! They give streams of bytes and do **not** know of frames, of who is on the other side, or of reconnecting.
//!
//! Invariants
//! - `TRANSPORT-1` an error names the address that it is about.
//! - `TRANSPORT-2` nothing listens for strangers unasked: unix sockets are for the same user, tcp is for this machine
//!   unless the options allow more (`PEER-3`).
//! - `TRANSPORT-3` two live listeners never share an address, and one that has died does not block it.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::addr::ChannelAddr;

pub mod memory;
pub mod tcp;
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

/// Both directions of a stream of bytes.
pub struct Connection {
    /// What comes.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// What goes. Dropped, or shut down, the other side reads an end.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Who is on the other side, for people.
    pub peer: String,
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
        "{addr} can be reached from other machines, where anyone who connects is let in; listen at 127.0.0.1, or, on a \
         private network, set `TcpOptions {{ allow_public: true }}`"
    )]
    PublicBind {
        /// Where.
        addr: ChannelAddr,
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
}

#[async_trait]
impl Transport for Transports {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        match addr {
            ChannelAddr::Memory(_) => self.memory.listen(addr).await,
            ChannelAddr::Unix(_) => unix::UnixTransport.listen(addr).await,
            ChannelAddr::Tcp(_) => tcp::TcpTransport { options: self.tcp }.listen(addr).await,
        }
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        match addr {
            ChannelAddr::Memory(_) => self.memory.dial(addr).await,
            ChannelAddr::Unix(_) => unix::UnixTransport.dial(addr).await,
            ChannelAddr::Tcp(_) => tcp::TcpTransport { options: self.tcp }.dial(addr).await,
        }
    }
}

#[cfg(test)]
mod tests;
