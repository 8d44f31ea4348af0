//! Connections between processes of one user on one host.
//!
//! A socket is a file of mode 0600; [`SocketDir`] gives it a directory of mode 0700 and a short path. Both sides look at
//! the user id that the kernel vouches for. Abstract sockets, which have no permissions, are never used (`PEER-3`).

#[cfg(target_os = "linux")]
mod halves;

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{FlockOperation, Mode};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::{ACCEPT_QUEUE, Connection, DIAL_TIMEOUT, Listener, Transport, TransportError, Trust};
use crate::addr::ChannelAddr;

/// The longest path of a socket in bytes: `sun_path` less its terminating zero.
const PATH_LEN_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The longest name that an address from [`SocketDir::addr`] may have in bytes, so that a directory is short enough.
const NAME_LEN_MAX: usize = 32;

/// How often, and how far apart, the lock on a directory is tried for.
const LOCK_TRIES: u32 = 100;
const LOCK_INTERVAL: Duration = Duration::from_millis(10);

/// What the names of directories of sockets begin with.
const DIR_PREFIX: &str = "mesh-";

/// The file in a directory of sockets that its owner holds a lock on for as long as it lives. The kernel releases it,
/// whatever the owner dies of, and in whatever namespace it has run.
pub const LOCK_FILE: &str = "lock";

/// How many entries of a directory are looked at for what killed processes have left.
const SWEEP_MAX: usize = 4096;

/// A private directory for sockets, removed with all that is in it when dropped.
#[derive(Debug)]
pub struct SocketDir {
    path: PathBuf,
    /// Holds the lock that says that the directory is in use; released when it is gone.
    lock: Option<File>,
}

impl SocketDir {
    /// Makes one, of mode 0700, under `runtime_dir` (the value of `XDG_RUNTIME_DIR`), or under the directory for
    /// temporary files if there is none, it does not work, or it would make paths too long.
    ///
    /// # Errors
    /// What the system says about the last one tried.
    pub fn new(runtime_dir: Option<&Path>) -> io::Result<SocketDir> {
        let name = format!("{DIR_PREFIX}{:012x}", getrandom::u64().map_err(io::Error::other)? >> 16);
        let fits = |base: &&Path| {
            base.is_absolute() && base.as_os_str().len() + name.len() + NAME_LEN_MAX + 2 <= PATH_LEN_MAX
        };
        if let Some(dir) = runtime_dir.filter(fits).and_then(|base| SocketDir::make(base, &name).ok()) {
            return Ok(dir);
        }
        SocketDir::make(&std::env::temp_dir(), &name)
    }

    fn make(base: &Path, name: &str) -> io::Result<SocketDir> {
        sweep(base);
        let path = base.join(name);
        // Fails if it exists: a directory that someone else has prepared is never used.
        DirBuilder::new().mode(0o700).create(&path)?;
        // From here on it is removed if this fails.
        let mut dir = SocketDir { path, lock: None };
        // It has its name only when it is locked: no one ever finds it unlocked while its owner lives.
        let unnamed = dir.path.join("lock.new");
        let lock = File::create_new(&unnamed)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        std::fs::rename(unnamed, dir.path.join(LOCK_FILE))?;
        dir.lock = Some(lock);
        Ok(dir)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The address of the socket `name` in it.
    pub fn addr(&self, name: &str) -> ChannelAddr {
        ChannelAddr::Unix(self.path.join(name).to_string_lossy().into())
    }
}

impl Drop for SocketDir {
    fn drop(&mut self) {
        // Nothing can be done about what cannot be removed, and there may be no one to tell.
        let _ = std::fs::remove_dir_all(&self.path);
        self.lock = None;
    }
}

/// Removes the directories of sockets in `base` whose owners were killed: those of this user, with a lock that nobody
/// holds. One whose lock is not made yet is left alone. What cannot be read or removed stays.
fn sweep(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base) else { return };
    for entry in entries.take(SWEEP_MAX).flatten() {
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(DIR_PREFIX));
        if is_named && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether `path` is a private directory of this user, and its owner is dead.
fn is_abandoned(path: &Path) -> bool {
    let is_private = std::fs::symlink_metadata(path)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == own_uid() && meta.mode() & 0o7777 == 0o700);
    is_private
        && File::open(path.join(LOCK_FILE))
            .is_ok_and(|lock| rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// The transport of `unix:` addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnixTransport;

#[async_trait]
impl Transport for UnixTransport {
    /// As [`Transport::listen`]. A directory that does not exist is made, of mode 0700. The socket of a process that has
    /// died is replaced.
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        let path = path_of(addr)?;
        let io = |source| TransportError::Io { addr: addr.clone(), source };
        let parent = path.parent().unwrap_or(Path::new("/"));
        if !parent.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(io)?;
        }
        // One at a time looks whether what is there is dead, and replaces it: `TRANSPORT-3`.
        let lock = lock_dir(parent).await.map_err(io)?;
        let listener = match bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_dead_socket(path) => {
                std::fs::remove_file(path).and_then(|()| bind(path))
            }
            bound => bound,
        }
        .map_err(|error| TransportError::of_bind(addr, error))?;
        let file = identity(path).map_err(io)?;
        drop(lock);
        Ok(Box::new(UnixAccept { listener, addr: addr.clone(), path: path.to_owned(), file }))
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        let path = path_of(addr)?;
        let stream = match tokio::time::timeout(DIAL_TIMEOUT, UnixStream::connect(path)).await {
            Err(_) => return Err(TransportError::Timeout { addr: addr.clone(), after: DIAL_TIMEOUT }),
            Ok(stream) => stream.map_err(|error| TransportError::of_dial(addr, error))?,
        };
        let uid = uid_of(&stream).map_err(|source| TransportError::Io { addr: addr.clone(), source })?;
        let own_uid = own_uid();
        if uid != own_uid {
            return Err(TransportError::OtherUser { addr: addr.clone(), uid, own_uid });
        }
        connection(stream, addr.to_string())
            .map_err(|source| TransportError::Io { addr: addr.clone(), source })
    }
}

/// The path of an address, if it is not too long.
fn path_of(addr: &ChannelAddr) -> Result<&Path, TransportError> {
    let ChannelAddr::Unix(path) = addr else {
        return Err(TransportError::WrongKind { addr: addr.clone() });
    };
    if path.len() > PATH_LEN_MAX {
        return Err(TransportError::PathTooLong { addr: addr.clone(), len: path.len(), max: PATH_LEN_MAX });
    }
    Ok(Path::new(&**path))
}

/// Takes the lock on a directory; it is released when the file is dropped.
async fn lock_dir(path: &Path) -> io::Result<File> {
    let dir = File::open(path)?;
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => tokio::time::sleep(LOCK_INTERVAL).await,
            done => return done.map(|()| dir).map_err(io::Error::from),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the lock on {} is held by another process", path.display()),
    ))
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    // On Linux the file that bind makes takes its mode from the socket, so that it is never open to others. Where that
    // is not so, the private directory is the guard until the mode is set below.
    let _ = rustix::fs::fchmod(socket.as_fd(), Mode::RUSR | Mode::WUSR);
    socket.bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    socket.listen(ACCEPT_QUEUE)
}

/// Whether there is a socket at `path` at which nothing listens.
fn is_dead_socket(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path)
        .is_ok_and(|meta| std::os::unix::fs::FileTypeExt::is_socket(&meta.file_type()));
    is_socket
        && StdUnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The file at `path`, by device and number.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let meta = std::fs::symlink_metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

fn uid_of(stream: &UnixStream) -> io::Result<u32> {
    Ok(stream.peer_cred()?.uid())
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

struct UnixAccept {
    listener: UnixListener,
    addr: ChannelAddr,
    path: PathBuf,
    file: (u64, u64),
}

#[async_trait]
impl Listener for UnixAccept {
    fn local_addr(&self) -> ChannelAddr {
        self.addr.clone()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => match uid_of(&stream) {
                    Ok(uid) if uid == own_uid() => {
                        return connection(stream, self.addr.to_string())
                            .map_err(|source| TransportError::Io { addr: self.addr.clone(), source });
                    }
                    Ok(uid) => tracing::warn!(addr = %self.addr, uid, "refused a connection of another user"),
                    // It has gone already.
                    Err(_) => {}
                },
                Err(error) if super::concerns_one_connection(&error) => {}
                Err(source) => return Err(TransportError::Io { addr: self.addr.clone(), source }),
            }
        }
    }
}

impl Drop for UnixAccept {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // If it cannot be removed, the next listener finds that it is dead.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn connection(stream: UnixStream, peer: String) -> io::Result<Connection> {
    #[cfg(target_os = "linux")]
    let (reader, writer) = halves::split(stream)?;
    #[cfg(not(target_os = "linux"))]
    let (reader, writer) = stream.into_split();
    Ok(Connection::new(Box::new(reader), Box::new(writer), peer, Trust::Machine))
}
