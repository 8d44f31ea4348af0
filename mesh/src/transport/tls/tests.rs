use std::path::PathBuf;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::*;
use crate::transport::SocketDir;
use crate::transport::Transports;

/// Ten times what real input and output here should ever take.
const HANG: Duration = Duration::from_secs(30);

async fn guarded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, work).await.expect("it hangs")
}

/// An authority, and a place for files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: SocketDir,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer, dir: SocketDir::new(None).unwrap() }
    }

    fn write(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    }

    /// The files of a machine called `host`, which trusts those of `trusts`.
    fn files(&self, host: &str, trusts: &Authority) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        TlsFiles {
            cert: Some(self.write(&format!("{host}.crt"), &cert.pem())),
            key: Some(self.write(&format!("{host}.key"), &key.serialize_pem())),
            ca: Some(self.write(&format!("{host}.ca"), &trusts.issuer.pem())),
        }
    }
}

fn local() -> ChannelAddr {
    ChannelAddr::Tls("127.0.0.1:0".into())
}

fn with(files: TlsFiles) -> Transports {
    Transports { tls: files, ..Transports::default() }
}

#[tokio::test]
async fn bytes_pass_where_each_trusts_the_other() {
    let authority = Authority::new();
    let transports = with(authority.files("127.0.0.1", &authority));
    let mut listener = guarded(transports.listen(&local())).await.unwrap();
    let addr = listener.local_addr();
    let far = async {
        let mut far = listener.accept().await.unwrap();
        assert_eq!(far.trust, Trust::Certificate);
        let mut heard = vec![0; 1 << 20];
        far.reader.read_exact(&mut heard).await.unwrap();
        far.writer.write_all(&heard).await.unwrap();
        far.writer.shutdown().await.unwrap();
        far
    };
    let near = async {
        let mut near = transports.dial(&addr).await.unwrap();
        near.writer.write_all(&vec![7; 1 << 20]).await.unwrap();
        near.writer.flush().await.unwrap();
        let mut back = Vec::new();
        near.reader.read_to_end(&mut back).await.unwrap();
        assert_eq!(back, vec![7; 1 << 20]);
    };
    guarded(async { tokio::join!(near, far) }).await;
}

/// What the two sides of a connection come to, and how long it took.
async fn outcomes(listens: TlsFiles, dials: TlsFiles) -> (Option<String>, Option<String>, Duration) {
    let listens = with(listens);
    let mut listener = guarded(listens.listen(&local())).await.unwrap();
    let addr = listener.local_addr();
    let start = Instant::now();
    let far = async {
        let mut far = listener.accept().await.unwrap();
        far.reader.read_u8().await.err().map(|error| error.to_string())
    };
    let near = async {
        match with(dials).dial(&addr).await {
            Ok(mut near) => near.reader.read_u8().await.err().map(|error| error.to_string()),
            Err(error) => Some(format!("{error}: {}", std::error::Error::source(&error).unwrap())),
        }
    };
    let (near, far) = guarded(async { tokio::join!(near, far) }).await;
    (near, far, start.elapsed())
}

#[tokio::test]
async fn who_comes_from_another_authority_is_named_on_both_sides() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    // The listener does not trust who dials.
    let (near, far, took) = outcomes(ours.files("127.0.0.1", &ours), theirs.files("127.0.0.1", &ours)).await;
    let (near, far) = (near.unwrap(), far.unwrap());
    assert!(near.contains("fatal alert"), "{near}");
    assert!(far.contains("invalid peer certificate"), "{far}");
    println!("refused on both sides within {} us", took.as_micros());
    // Who dials does not trust the listener.
    let (near, far, _) = outcomes(theirs.files("127.0.0.1", &ours), ours.files("127.0.0.1", &ours)).await;
    let (near, far) = (near.unwrap(), far.unwrap());
    assert!(near.contains("is not trusted") && near.contains("invalid peer certificate"), "{near}");
    assert!(far.contains("fatal alert"), "{far}");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_not_accepted() {
    let authority = Authority::new();
    let (near, _, _) =
        outcomes(authority.files("10.0.0.1", &authority), authority.files("127.0.0.1", &authority)).await;
    let near = near.unwrap();
    assert!(near.contains("not valid for name"), "{near}");
}

#[tokio::test]
async fn one_that_does_not_speak_tls_is_not_heard() {
    let authority = Authority::new();
    let listens = with(authority.files("127.0.0.1", &authority));
    let mut listener = guarded(listens.listen(&local())).await.unwrap();
    let ChannelAddr::Tls(endpoint) = listener.local_addr() else { panic!("it listens for tls") };
    let mut stranger = tokio::net::TcpStream::connect(&*endpoint).await.unwrap();
    stranger.write_all(b"\x9dmesh\r\n\0 and what else a peer without certificates would say").await.unwrap();
    let mut far = guarded(listener.accept()).await.unwrap();
    let error = guarded(far.reader.read_u8()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    // It stays so.
    assert!(guarded(far.writer.write_u8(1)).await.is_err());
}

#[tokio::test]
async fn a_missing_or_bad_file_is_named() {
    let authority = Authority::new();
    let good = authority.files("127.0.0.1", &authority);
    let absent = Some(authority.dir.path().join("absent"));
    let empty = Some(authority.write("empty", ""));
    for (files, says) in [
        (TlsFiles { cert: None, ..good.clone() }, "`MESH_TLS_CERT` is not set"),
        (TlsFiles { key: None, ..good.clone() }, "`MESH_TLS_KEY` is not set"),
        (TlsFiles { ca: None, ..good.clone() }, "`MESH_TLS_CA` is not set"),
        (TlsFiles { key: absent.clone(), ..good.clone() }, "absent cannot be used"),
        (TlsFiles { cert: empty.clone(), ..good.clone() }, "no certificate in"),
        (TlsFiles { ca: empty, ..good.clone() }, "no certificate in"),
    ] {
        let dial = with(files.clone()).dial(&"tls:127.0.0.1:1".parse().unwrap()).await.err().unwrap();
        let listen = with(files).listen(&local()).await.err().unwrap();
        for error in [dial, listen] {
            assert!(matches!(error, TransportError::Certificates { .. }), "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
