//! Connections between hosts where both sides show certificates, and nobody else can read or change what they say:
//! TLS 1.3, with rustls.
//!
//! Who dials checks that the certificate is for the host it has dialled; both check that the other's comes from one of
//! the authorities. The accepting side shakes hands when its connection is first used, so that a listener waits for
//! nobody, and whoever uses it decides how long that may take.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, version};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor, TlsConnector};

use super::tcp::{accept_next, bind_first, connect_first, resolve};
use super::{Connection, DIAL_TIMEOUT, Listener, TlsFiles, Transport, TransportError, Trust};
use crate::addr::ChannelAddr;

/// The transport of `tls:` addresses.
#[derive(Clone, Copy, Debug)]
pub struct TlsTransport<'a> {
    /// The files that it needs.
    pub files: &'a TlsFiles,
}

#[async_trait]
impl Transport for TlsTransport<'_> {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        let endpoint = endpoint_of(addr)?;
        let config = self.server().map_err(|reason| certificates(addr, reason))?;
        let (listener, local) = bind_first(addr, resolve(addr, endpoint).await?)?;
        let local = ChannelAddr::Tls(local.to_string().into());
        Ok(Box::new(TlsAccept { listener, local, acceptor: TlsAcceptor::from(config) }))
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        let endpoint = endpoint_of(addr)?;
        let config = self.client().map_err(|reason| certificates(addr, reason))?;
        let host = endpoint.rsplit_once(':').map_or(endpoint, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let host = ServerName::try_from(host).map_err(|error| certificates(addr, error.to_string()))?;
        let dial = async {
            let (stream, peer) = connect_first(addr, resolve(addr, endpoint).await?).await?;
            let stream = TlsConnector::from(config).connect(host, stream).await.map_err(|source| {
                if source.kind() == io::ErrorKind::InvalidData {
                    TransportError::Untrusted { addr: addr.clone(), source }
                } else {
                    TransportError::of_dial(addr, source)
                }
            })?;
            let (reader, writer) = tokio::io::split(stream);
            let (reader, writer) = (Box::new(reader), Box::new(writer));
            Ok(Connection::new(reader, writer, format!("tls:{peer}"), Trust::Certificate))
        };
        let timeout = |_| TransportError::Timeout { addr: addr.clone(), after: DIAL_TIMEOUT };
        tokio::time::timeout(DIAL_TIMEOUT, dial).await.map_err(timeout)?
    }
}

fn endpoint_of(addr: &ChannelAddr) -> Result<&str, TransportError> {
    match addr {
        ChannelAddr::Tls(endpoint) => Ok(endpoint),
        _ => Err(TransportError::WrongKind { addr: addr.clone() }),
    }
}

fn certificates(addr: &ChannelAddr, reason: String) -> TransportError {
    TransportError::Certificates { addr: addr.clone(), reason }
}

/// What a side shows, and whom it trusts.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: RootCertStore,
}

impl TlsTransport<'_> {
    fn identity(&self) -> Result<Identity, String> {
        let TlsFiles { cert, key, ca } = self.files;
        let chain = certificates_in(named(cert.as_deref(), "MESH_TLS_CERT")?)?;
        let key = named(key.as_deref(), "MESH_TLS_KEY")?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
        let ca = named(ca.as_deref(), "MESH_TLS_CA")?;
        let mut roots = RootCertStore::empty();
        for root in certificates_in(ca)? {
            roots.add(root).map_err(|error| unreadable(ca, &error))?;
        }
        Ok(Identity { chain, key, roots })
    }

    fn server(&self) -> Result<Arc<ServerConfig>, String> {
        let Identity { chain, key, roots } = self.identity()?;
        let (provider, versions) = (provider(), &[&version::TLS13]);
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| error.to_string())?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        Ok(Arc::new(config))
    }

    fn client(&self) -> Result<Arc<ClientConfig>, String> {
        let Identity { chain, key, roots } = self.identity()?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&version::TLS13])
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| error.to_string())?;
        Ok(Arc::new(config))
    }
}

/// Named, not the one of the process: a program may have chosen another for itself.
fn provider() -> Arc<tokio_rustls::rustls::crypto::CryptoProvider> {
    Arc::new(tokio_rustls::rustls::crypto::ring::default_provider())
}

fn named<'a>(path: Option<&'a Path>, variable: &str) -> Result<&'a Path, String> {
    path.ok_or_else(|| format!("`{variable}` is not set"))
}

fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?.collect();
    match found {
        Ok(found) if found.is_empty() => Err(format!("there is no certificate in {}", path.display())),
        found => found.map_err(|error| unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{} cannot be used: {error}", path.display())
}

struct TlsAccept {
    listener: TcpListener,
    local: ChannelAddr,
    acceptor: TlsAcceptor,
}

#[async_trait]
impl Listener for TlsAccept {
    fn local_addr(&self) -> ChannelAddr {
        self.local.clone()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        let (stream, peer) = accept_next(&self.listener, &self.local).await?;
        let accepted = Accepted::ShakesHands(Box::new(self.acceptor.accept(stream)));
        let (reader, writer) = tokio::io::split(accepted);
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        Ok(Connection::new(reader, writer, format!("tls:{peer}"), Trust::Certificate))
    }
}

/// A connection of the accepting side; it shakes hands when it is first read or written.
enum Accepted {
    ShakesHands(Box<Accept<TcpStream>>),
    Ready(Box<TlsStream<TcpStream>>),
    Failed,
}

impl Accepted {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<TcpStream>>>> {
        if let Accepted::ShakesHands(accept) = self {
            match ready!(Pin::new(&mut **accept).poll(cx)) {
                Ok(stream) => *self = Accepted::Ready(Box::new(stream)),
                Err(error) => {
                    *self = Accepted::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(match self {
            Accepted::Ready(stream) => Ok(Pin::new(&mut **stream)),
            Accepted::ShakesHands(_) | Accepted::Failed => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_ready(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_ready(cx))?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_ready(cx))?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ready(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ready(cx))?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
