use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Ten times what real input and output here should ever take.
const HANG: Duration = Duration::from_secs(10);

async fn guarded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, work).await.expect("it hangs")
}

fn memory(name: &str) -> ChannelAddr {
    ChannelAddr::Memory(name.into())
}

fn tcp(endpoint: &str) -> ChannelAddr {
    ChannelAddr::Tcp(endpoint.into())
}

/// Bytes pass in both directions, and the end of one side is seen by the other.
async fn check_passes(transports: &Transports, addr: &ChannelAddr) {
    let mut listener = transports.listen(addr).await.unwrap();
    let addr = listener.local_addr();
    let (near, far) = tokio::join!(transports.dial(&addr), listener.accept());
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    near.writer.write_all(b"ping").await.unwrap();
    let mut four = [0; 4];
    far.reader.read_exact(&mut four).await.unwrap();
    far.writer.write_all(&four).await.unwrap();
    far.writer.shutdown().await.unwrap();
    let mut back = Vec::new();
    near.reader.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, b"ping");
}

fn mode_of(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn bytes_pass_over_every_transport() {
    let dir = SocketDir::new(None).unwrap();
    let transports = Transports::default();
    for addr in [memory("a"), dir.addr("s"), tcp("127.0.0.1:0")] {
        guarded(check_passes(&transports, &addr)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_memory_name_is_free_again_after_its_listener() {
    let network = MemoryNetwork::new();
    let listener = network.listen(&memory("a")).await.unwrap();
    let error = network.listen(&memory("a")).await.err().unwrap();
    assert!(matches!(&error, TransportError::AddrInUse { addr } if *addr == memory("a")), "{error}");
    drop(listener);
    assert!(matches!(network.dial(&memory("a")).await, Err(TransportError::Refused { .. })));
    network.listen(&memory("a")).await.unwrap();
    assert!(matches!(MemoryNetwork::new().dial(&memory("a")).await, Err(TransportError::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_cut_breaks_readers_and_writers_at_both_ends() {
    let network = MemoryNetwork::new();
    let mut listener = network.listen(&memory("a")).await.unwrap();
    let mut near = network.dial(&memory("a")).await.unwrap();
    let mut far = listener.accept().await.unwrap();
    near.writer.write_all(b"lost").await.unwrap();
    let waiting = tokio::spawn(async move { near.reader.read_u8().await });
    tokio::task::yield_now().await;
    assert_eq!(network.cut("a"), 1);
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(far.reader.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(far.writer.write_u8(1).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!((network.cut("a"), network.cut("b")), (0, 0), "there is nothing left to cut");
    network.dial(&memory("a")).await.unwrap();
}

#[tokio::test]
async fn a_socket_is_for_its_user_alone() {
    let dir = SocketDir::new(None).unwrap();
    assert_eq!(mode_of(dir.path()), 0o700);
    let listener = guarded(unix::UnixTransport.listen(&dir.addr("s"))).await.unwrap();
    let socket = dir.path().join("s");
    assert_eq!(mode_of(&socket), 0o600);
    assert!(
        std::fs::symlink_metadata(&socket).unwrap().file_type().is_socket(),
        "a file, not an abstract name"
    );
    drop(listener);
    assert!(!socket.exists(), "removed with its listener");
    let path = dir.path().to_owned();
    drop(dir);
    assert!(!path.exists(), "removed with its owner");
}

#[tokio::test]
async fn a_runtime_directory_is_used_where_it_fits() {
    let outer = SocketDir::new(None).unwrap();
    let inner = SocketDir::new(Some(outer.path())).unwrap();
    assert_eq!(inner.path().parent(), Some(outer.path()));
    let long = outer.path().join("x".repeat(90));
    std::fs::create_dir(&long).unwrap();
    for unusable in [&long, Path::new("/does/not/exist"), Path::new("relative")] {
        let dir = SocketDir::new(Some(unusable)).unwrap();
        assert_eq!(dir.path().parent(), Some(&*std::env::temp_dir()));
    }
}

#[tokio::test]
async fn a_missing_directory_is_made_private() {
    let dir = SocketDir::new(None).unwrap();
    let _listener = guarded(unix::UnixTransport.listen(&dir.addr("sub/s"))).await.unwrap();
    assert_eq!(mode_of(&dir.path().join("sub")), 0o700);
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let dir = SocketDir::new(None).unwrap();
    let addr = dir.addr("s");
    // What a killed process leaves behind: the file, and nothing that listens.
    drop(std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap());
    assert!(matches!(guarded(unix::UnixTransport.dial(&addr)).await, Err(TransportError::Refused { .. })));
    let _live = guarded(unix::UnixTransport.listen(&addr)).await.unwrap();
    let error = guarded(unix::UnixTransport.listen(&addr)).await.err().unwrap();
    assert!(matches!(&error, TransportError::AddrInUse { addr: at } if *at == addr), "{error}");
    assert!(error.to_string().contains(&addr.to_string()), "{error}");
    guarded(unix::UnixTransport.dial(&addr)).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_never_replaced() {
    let dir = SocketDir::new(None).unwrap();
    std::fs::write(dir.path().join("s"), "precious").unwrap();
    assert!(guarded(unix::UnixTransport.listen(&dir.addr("s"))).await.is_err());
    assert_eq!(std::fs::read_to_string(dir.path().join("s")).unwrap(), "precious");
}

#[tokio::test]
async fn a_path_that_is_too_long_is_refused_by_name() {
    let addr = ChannelAddr::Unix(format!("/tmp/{}", "x".repeat(120)).into());
    let error = guarded(unix::UnixTransport.listen(&addr)).await.err().unwrap();
    assert!(matches!(error, TransportError::PathTooLong { len: 125, .. }), "{error}");
    assert!(matches!(
        guarded(unix::UnixTransport.dial(&addr)).await,
        Err(TransportError::PathTooLong { .. })
    ));
}

#[tokio::test]
async fn a_public_bind_is_refused_with_the_way_out() {
    let transports = Transports::default();
    for endpoint in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let error = guarded(transports.listen(&tcp(endpoint))).await.err().unwrap();
        assert!(matches!(error, TransportError::PublicBind { .. }), "{error}");
        assert!(
            error.to_string().contains("allow_public: true") && error.to_string().contains(endpoint),
            "{error}"
        );
    }
    let allowed = Transports { tcp: TcpOptions { allow_public: true }, ..Transports::default() };
    guarded(allowed.listen(&tcp("0.0.0.0:0"))).await.unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let transports = Transports::default();
    let listener = guarded(transports.listen(&tcp("127.0.0.1:0"))).await.unwrap();
    let addr = listener.local_addr();
    let error = guarded(transports.listen(&addr)).await.err().unwrap();
    assert!(matches!(&error, TransportError::AddrInUse { addr: at } if *at == addr), "{error}");
    drop(listener);
    assert!(matches!(guarded(transports.dial(&addr)).await, Err(TransportError::Refused { .. })));
}
