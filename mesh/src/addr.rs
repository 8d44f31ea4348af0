//! Where: identities with the place they are reached at.
//!
//! A [`Location`] names the front door of a host (or the gateway of a client). Every proc behind it is reached through
//! it, so the address of a proc does not change when its socket does. This module does not know how to get there:
//! see `gateway`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ident::{ActorId, GatewayId, Label, ProcId, Uid};

/// An endpoint that a transport can dial.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChannelAddr {
    /// Within this process, by name.
    Memory(Arc<str>),
    /// A unix socket, by path.
    Unix(Arc<str>),
    /// A TCP endpoint, `host:port`.
    Tcp(Arc<str>),
    /// A TCP endpoint, `host:port`, where both sides show certificates and what they say is encrypted. Needs the feature
    /// `tls`.
    Tls(Arc<str>),
}

impl fmt::Display for ChannelAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelAddr::Memory(name) => write!(f, "memory:{name}"),
            ChannelAddr::Unix(path) => write!(f, "unix:{path}"),
            ChannelAddr::Tcp(endpoint) => write!(f, "tcp:{endpoint}"),
            ChannelAddr::Tls(endpoint) => write!(f, "tls:{endpoint}"),
        }
    }
}

impl fmt::Debug for ChannelAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An endpoint, which may be written as in a URL.
fn bare(endpoint: &str) -> &str {
    endpoint.strip_prefix("//").unwrap_or(endpoint)
}

/// Whether it has a port, and no path: more slashes would not print as what they are read as.
fn is_endpoint(endpoint: &str) -> bool {
    endpoint.contains(':') && !bare(endpoint).contains('/')
}

/// What is wrong with the text of a [`ChannelAddr`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: write `unix:/path`, `tcp:host:port`, `tls:host:port` or `memory:name`")]
pub struct ChannelAddrError {
    /// The text.
    pub text: String,
}

impl std::str::FromStr for ChannelAddr {
    type Err = ChannelAddrError;

    fn from_str(text: &str) -> Result<ChannelAddr, ChannelAddrError> {
        match text.split_once(':') {
            Some(("memory", name)) if !name.is_empty() => Ok(ChannelAddr::Memory(name.into())),
            Some(("unix", path)) if path.starts_with('/') => Ok(ChannelAddr::Unix(path.into())),
            Some(("tcp", endpoint)) if is_endpoint(endpoint) => Ok(ChannelAddr::Tcp(bare(endpoint).into())),
            Some(("tls", endpoint)) if is_endpoint(endpoint) => Ok(ChannelAddr::Tls(bare(endpoint).into())),
            _ => Err(ChannelAddrError { text: text.to_owned() }),
        }
    }
}

/// The front door that something lives behind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Location {
    /// The gateway behind the door.
    pub gateway: GatewayId,
    /// Where to dial it; `None` for a gateway that serves no address (reached over a link it opened itself).
    pub door: Option<ChannelAddr>,
}

/// A proc, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcAddr {
    /// Who.
    pub id: ProcId,
    /// Where.
    pub at: Arc<Location>,
}

impl ProcAddr {
    /// The address of an actor in this proc.
    pub fn actor(&self, uid: Uid, label: Label) -> ActorAddr {
        ActorAddr { id: ActorId::new(self.id.clone(), uid, label), at: self.at.clone() }
    }
}

impl fmt::Display for ProcAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// An actor, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActorAddr {
    /// Who.
    pub id: ActorId,
    /// Where its proc is.
    pub at: Arc<Location>,
}

impl ActorAddr {
    /// The address of its proc.
    pub fn proc(&self) -> ProcAddr {
        ProcAddr { id: self.id.proc.clone(), at: self.at.clone() }
    }
}

impl fmt::Display for ActorAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// A port of a proc, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortAddr {
    /// The proc that holds the port.
    pub proc: ProcAddr,
    /// Which port; never used twice in the life of a proc.
    pub port: u64,
}

impl fmt::Display for PortAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.proc, self.port)
    }
}

#[cfg(test)]
mod tests;
