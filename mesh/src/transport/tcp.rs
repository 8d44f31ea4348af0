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

use super::{ACCEPT_QUEUE, Connection, DIAL_TIMEOUT, Listener, Transport, TransportError};
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
    /// Whether a listener may be reachable from other machines. Who connects is not authenticated: only on a private
    /// network.
    pub allow_public: bool,
}

/// The transport of `tcp:` addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpTransport {
    /// What it may do.
    pub options: TcpOptions,
}

#[async_trait]
impl Transport for TcpTransport {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        let resolved = resolve(addr).await?;
        if !self.options.allow_public && resolved.iter().any(|at| !at.ip().to_canonical().is_loopback()) {
            return Err(TransportError::PublicBind { addr: addr.clone() });
        }
        let mut last = io::ErrorKind::AddrNotAvailable.into();
        for at in resolved {
            match bind(at).and_then(|listener| Ok((listener.local_addr()?, listener))) {
                Ok((local, listener)) => {
                    let local = ChannelAddr::Tcp(local.to_string().into());
                    return Ok(Box::new(TcpAccept { listener, local }));
                }
                Err(error) => last = error,
            }
        }
        Err(TransportError::of_bind(addr, last))
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        let dial = async {
            let mut last = TransportError::of_dial(addr, io::ErrorKind::AddrNotAvailable.into());
            for at in resolve(addr).await? {
                match TcpStream::connect(at).await.and_then(connection) {
                    Ok(connection) => return Ok(connection),
                    Err(error) => last = TransportError::of_dial(addr, error),
                }
            }
            Err(last)
        };
        let timeout = |_| TransportError::Timeout { addr: addr.clone(), after: DIAL_TIMEOUT };
        tokio::time::timeout(DIAL_TIMEOUT, dial).await.map_err(timeout)?
    }
}

/// The socket addresses behind `addr`, at least one.
async fn resolve(addr: &ChannelAddr) -> Result<Vec<SocketAddr>, TransportError> {
    let ChannelAddr::Tcp(endpoint) = addr else {
        return Err(TransportError::WrongKind { addr: addr.clone() });
    };
    let io = |source| TransportError::Io { addr: addr.clone(), source };
    let resolved: Vec<_> = tokio::net::lookup_host(&**endpoint).await.map_err(io)?.collect();
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
        loop {
            match self.listener.accept().await {
                // A connection that has gone before it could be set up is no concern of the listener.
                Ok((stream, _)) => {
                    if let Ok(connection) = connection(stream) {
                        return Ok(connection);
                    }
                }
                Err(error) if super::concerns_one_connection(&error) => {}
                Err(source) => return Err(TransportError::Io { addr: self.local.clone(), source }),
            }
        }
    }
}

fn connection(stream: TcpStream) -> io::Result<Connection> {
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
    let peer = format!("tcp:{}", stream.peer_addr()?);
    let (reader, writer) = stream.into_split();
    Ok(Connection { reader: Box::new(reader), writer: Box::new(writer), peer })
}
