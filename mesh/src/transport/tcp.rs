//! Connections between hosts.
//!
//! Small messages are not held back (`TCP_NODELAY`), and a host that has silently gone is noticed: by probes when the
//! connection is idle, by the missing acknowledgement of the system when it is not.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use async_trait::async_trait;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{ACCEPT_QUEUE, Connection, DIAL_TIMEOUT, Listener, Transport, TransportError, Trust};
use crate::addr::ChannelAddr;

/// How long a connection is idle before it is probed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// How long between two probes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// After how many unanswered probes the connection has failed.
const KEEPALIVE_PROBES: u32 = 4;

/// How long bytes may be unacknowledged by the other system before the connection has failed, in milliseconds.
const USER_TIMEOUT_MS: u32 = 30_000;

/// What tcp may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Whether connections may leave this machine although nothing says who is on the other side: only on a network where
    /// everyone is trusted.
    pub allow_public: bool,
}

/// The transport of `tcp:` addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpTransport {
    /// What it may do.
    pub options: TcpOptions,
    /// Whether both sides prove that they know a secret: connections may then leave this machine too.
    pub has_secret: bool,
}

#[async_trait]
impl Transport for TcpTransport {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        let ChannelAddr::Tcp(endpoint) = addr else {
            return Err(TransportError::WrongKind { addr: addr.clone() });
        };
        let resolved = resolve(addr, endpoint).await?;
        if !self.may_reach(&resolved) {
            return Err(TransportError::PublicBind { addr: addr.clone() });
        }
        let (listener, local) = bind_first(addr, resolved)?;
        let local = ChannelAddr::Tcp(local.to_string().into());
        Ok(Box::new(TcpAccept { listener, local }))
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        let ChannelAddr::Tcp(endpoint) = addr else {
            return Err(TransportError::WrongKind { addr: addr.clone() });
        };
        let dial = async {
            let resolved = resolve(addr, endpoint).await?;
            if !self.may_reach(&resolved) {
                return Err(TransportError::PublicDial { addr: addr.clone() });
            }
            let (stream, peer) = connect_first(addr, resolved).await?;
            let (reader, writer) = stream.into_split();
            let (reader, writer) = (Box::new(reader), Box::new(writer));
            Ok(Connection::new(reader, writer, format!("tcp:{peer}"), Trust::Network))
        };
        let timeout = |_| TransportError::Timeout { addr: addr.clone(), after: DIAL_TIMEOUT };
        tokio::time::timeout(DIAL_TIMEOUT, dial).await.map_err(timeout)?
    }
}

impl TcpTransport {
    fn may_reach(self, resolved: &[SocketAddr]) -> bool {
        self.options.allow_public
            || self.has_secret
            || resolved.iter().all(|at| at.ip().to_canonical().is_loopback())
    }
}

/// Listens at the first of these addresses where it can.
pub(super) fn bind_first(
    addr: &ChannelAddr,
    resolved: Vec<SocketAddr>,
) -> Result<(TcpListener, SocketAddr), TransportError> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for at in resolved {
        match bind(at).and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((local, listener)) => return Ok((listener, local)),
            Err(error) => last = error,
        }
    }
    Err(TransportError::of_bind(addr, last))
}

/// Connects to the first of these addresses that answers.
pub(super) async fn connect_first(
    addr: &ChannelAddr,
    resolved: Vec<SocketAddr>,
) -> Result<(TcpStream, SocketAddr), TransportError> {
    let mut last = TransportError::of_dial(addr, io::ErrorKind::AddrNotAvailable.into());
    for at in resolved {
        match TcpStream::connect(at).await.and_then(set_up) {
            Ok(connected) => return Ok(connected),
            Err(error) => last = TransportError::of_dial(addr, error),
        }
    }
    Err(last)
}

/// The socket addresses behind the endpoint of `addr`, at least one.
pub(super) async fn resolve(addr: &ChannelAddr, endpoint: &str) -> Result<Vec<SocketAddr>, TransportError> {
    let io = |source| TransportError::Io { addr: addr.clone(), source };
    let resolved: Vec<_> = tokio::net::lookup_host(endpoint).await.map_err(io)?.collect();
    if resolved.is_empty() {
        return Err(io(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
    }
    Ok(resolved)
}

fn bind(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port whose last connections are still winding down may be bound again at once; a live listener's may not.
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(ACCEPT_QUEUE)
}

struct TcpAccept {
    listener: TcpListener,
    local: ChannelAddr,
}

#[async_trait]
impl Listener for TcpAccept {
    fn local_addr(&self) -> ChannelAddr {
        self.local.clone()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        let (stream, peer) = accept_next(&self.listener, &self.local).await?;
        let (reader, writer) = stream.into_split();
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        Ok(Connection::new(reader, writer, format!("tcp:{peer}"), Trust::Network))
    }
}

/// Waits for the next connection that is set up.
pub(super) async fn accept_next(
    listener: &TcpListener,
    local: &ChannelAddr,
) -> Result<(TcpStream, SocketAddr), TransportError> {
    loop {
        match listener.accept().await {
            // A connection that has gone before it could be set up is no concern of the listener.
            Ok((stream, _)) => {
                if let Ok(accepted) = set_up(stream) {
                    return Ok(accepted);
                }
            }
            Err(error) if super::concerns_one_connection(&error) => {}
            Err(source) => return Err(TransportError::Io { addr: local.clone(), source }),
        }
    }
}

fn set_up(stream: TcpStream) -> io::Result<(TcpStream, SocketAddr)> {
    stream.set_nodelay(true)?;
    let socket = stream.as_fd();
    sockopt::set_socket_keepalive(socket, true)?;
    #[cfg(target_os = "linux")]
    {
        sockopt::set_tcp_keepidle(socket, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(socket, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(socket, KEEPALIVE_PROBES)?;
        sockopt::set_tcp_user_timeout(socket, USER_TIMEOUT_MS)?;
    }
    let peer = stream.peer_addr()?;
    Ok((stream, peer))
}
