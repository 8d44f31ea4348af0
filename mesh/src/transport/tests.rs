use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::config::Secret;

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

/// Nobody's, by convention.
const OTHER_USER: u32 = 65_534;

/// Does something in a thread of another user; `None` where this process may not.
fn as_other_user<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let other = rustix::process::Uid::from_raw(OTHER_USER);
    let thread = std::thread::spawn(move || {
        // Of this thread alone, which ends with it.
        rustix::thread::set_thread_res_uid(other, other, other).ok().map(|()| work())
    });
    let done = thread.join().unwrap();
    if done.is_none() {
        println!("PEER-3 here: no other user to be had, so what the kernel says of one is not tried");
    }
    done
}

#[tokio::test]
async fn a_process_of_another_user_is_hung_up_on_even_where_it_reaches_the_socket() {
    let dir = SocketDir::new(None).unwrap();
    let mut listener = guarded(unix::UnixTransport.listen(&dir.addr("s"))).await.unwrap();
    let path = dir.path().join("s");
    // As if neither directory nor socket kept anybody out.
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let Some(theirs) = as_other_user({
        let path = path.clone();
        move || std::os::unix::net::UnixStream::connect(path).unwrap()
    }) else {
        return;
    };
    let mut own = guarded(unix::UnixTransport.dial(&dir.addr("s"))).await.unwrap();
    let mut accepted = guarded(listener.accept()).await.unwrap();
    own.writer.write_all(b"own").await.unwrap();
    let mut said = [0; 3];
    guarded(accepted.reader.read_exact(&mut said)).await.unwrap();
    assert_eq!(&said, b"own", "the other one was first, and is not let in");
    theirs.set_read_timeout(Some(HANG)).unwrap();
    assert_eq!(std::io::Read::read(&mut &theirs, &mut [0]).unwrap(), 0, "it was hung up on");
}

#[tokio::test]
async fn a_socket_that_another_user_holds_is_not_spoken_to() {
    let dir = SocketDir::new(None).unwrap();
    let path = dir.path().join("s");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let Some(theirs) = as_other_user(move || std::os::unix::net::UnixListener::bind(path).unwrap()) else {
        return;
    };
    let error = guarded(unix::UnixTransport.dial(&dir.addr("s"))).await.unwrap_err();
    assert!(matches!(error, TransportError::OtherUser { uid: OTHER_USER, .. }), "{error}");
    drop(theirs);
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
            error.to_string().contains("`MESH_SECRET`") && error.to_string().contains(endpoint),
            "{error}"
        );
    }
    let secret = Secret::new("the secret of this test").unwrap();
    let proves = Transports { secret, ..Transports::default() };
    guarded(proves.listen(&tcp("0.0.0.0:0"))).await.unwrap();
    let allowed = Transports { tcp: TcpOptions { allow_public: true }, ..Transports::default() };
    guarded(allowed.listen(&tcp("0.0.0.0:0"))).await.unwrap();
}

#[tokio::test]
async fn another_machine_is_not_dialled_without_a_secret() {
    // An address for documentation (RFC 5737): nothing is sent to it.
    let other = tcp("192.0.2.1:1");
    let error = guarded(Transports::default().dial(&other)).await.unwrap_err();
    assert!(matches!(error, TransportError::PublicDial { .. }), "{error}");
    assert!(error.to_string().contains("`MESH_SECRET`") && error.to_string().contains("`tls:`"), "{error}");
}

#[tokio::test]
async fn a_secret_is_asked_for_where_the_kernel_does_not_say_who_it_is() {
    let secret = Secret::new("the secret of this test").unwrap();
    let transports = Transports { secret, ..Transports::default() };
    let dir = SocketDir::new(None).unwrap();
    for (addr, asks) in [(memory("a"), false), (dir.addr("s"), false), (tcp("127.0.0.1:0"), true)] {
        let mut listener = guarded(transports.listen(&addr)).await.unwrap();
        let addr = listener.local_addr();
        let (near, far) = tokio::join!(guarded(transports.dial(&addr)), guarded(listener.accept()));
        for side in [near.unwrap(), far.unwrap()] {
            assert_eq!(transports.secret_for(side.trust).is_some(), asks, "{addr}");
            assert!(Transports::default().secret_for(side.trust).is_none());
        }
    }
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn tls_that_is_not_built_in_is_named() {
    let addr: ChannelAddr = "tls://localhost:1".parse().unwrap();
    assert_eq!(addr.to_string(), "tls:localhost:1");
    for error in [
        Transports::default().dial(&addr).await.err().unwrap(),
        Transports::default().listen(&addr).await.err().unwrap(),
    ] {
        assert!(error.to_string().contains("the feature `tls`"), "{error}");
    }
}

#[tokio::test]
async fn the_directory_of_a_killed_process_is_removed_and_a_live_one_is_not() {
    let base = SocketDir::new(None).unwrap();
    let live = SocketDir::new(Some(base.path())).unwrap();
    let _listener = guarded(unix::UnixTransport.listen(&live.addr("s"))).await.unwrap();
    // What is left of one that was killed: everything but the lock that it held.
    let dead = base.path().join("mesh-00000000dead");
    let left = |dir: &Path, mode: u32| {
        std::fs::create_dir(dir).unwrap();
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(dir.join(unix::LOCK_FILE), "").unwrap();
        drop(std::os::unix::net::UnixListener::bind(dir.join("host")).unwrap());
    };
    left(&dead, 0o700);
    // Not ours to remove: another name, another mode, no lock yet, a link to somewhere else.
    let (other_name, open) = (base.path().join("other"), base.path().join("mesh-open"));
    left(&other_name, 0o700);
    left(&open, 0o755);
    let unlocked = base.path().join("mesh-unlocked");
    std::fs::create_dir(&unlocked).unwrap();
    std::fs::set_permissions(&unlocked, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&other_name, base.path().join("mesh-link")).unwrap();
    let _next = SocketDir::new(Some(base.path())).unwrap();
    assert!(!dead.exists(), "swept");
    for stays in [live.path(), &other_name, &open, &unlocked] {
        assert!(stays.exists(), "{}", stays.display());
    }
    guarded(unix::UnixTransport.dial(&live.addr("s"))).await.unwrap();
    let path = live.path().to_owned();
    drop(live);
    assert!(!path.exists());
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
