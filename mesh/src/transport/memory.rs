//! Connections within a process, by name: for tests, for simulation, and for procs of one process.
//!
//! A [`MemoryNetwork`] is a value: names in two networks have nothing to do with each other. Bytes pass through a buffer
//! of a bounded size, in order; a [`cut`](MemoryNetwork::cut) loses what is in it, as a reset connection does. With
//! [`Faults`] a network cuts and delays by itself, as a seed wants it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{ACCEPT_QUEUE, Connection, Listener, Shortcut, Transport, TransportError, Trust};
use crate::addr::ChannelAddr;

/// How many bytes a connection holds in each direction.
const BUFFER_LEN: usize = 16 << 10;

/// How many bytes are read at a time from a connection that is soon to be cut.
const LAST_READ_LEN: usize = 4 << 10;

/// The connections of a name are looked through for those that have ended when there are this many, and twice as many
/// as were left.
const SWEEP_AT_MIN: usize = 64;

/// Names, and what listens there. Clones are the same network.
#[derive(Clone, Default)]
pub struct MemoryNetwork {
    net: Arc<Mutex<Net>>,
    /// Makes what takes the place of bytes, if something does.
    shortcut: Option<fn(&str) -> [Shortcut; 2]>,
}

/// What goes wrong in a network by itself. Equal seeds, and equal dials and writes, give equal faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What every fault follows from.
    pub seed: u64,
    /// A connection is cut when a random number of bytes of this mean has been read from it, in both directions
    /// together; what is on its way then is lost. 0 for never.
    pub cut_after_bytes: u64,
    /// What is read comes up to this much later.
    pub delay_max: Duration,
    /// How many of 256 dials fail.
    pub failing_dials: u8,
}

#[derive(Default)]
struct Net {
    names: BTreeMap<Arc<str>, Name>,
    faults: Faults,
}

/// What is known of one name.
#[derive(Default)]
struct Name {
    listener: Option<mpsc::Sender<Connection>>,
    /// How many connections it has had: the number that the next one is shown with.
    count: u64,
    connections: Vec<Weak<Cut>>,
    sweep_at: usize,
    is_partitioned: bool,
}

impl Net {
    /// The connections of a listener.
    fn live(&self, name: &str) -> Vec<Arc<Cut>> {
        let connections = self.names.get(name).map(|name| &name.connections);
        connections.into_iter().flatten().filter_map(Weak::upgrade).collect()
    }
}

impl fmt::Debug for MemoryNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.lock().names.iter().filter(|(_, name)| name.listener.is_some()).map(|(key, _)| key))
            .finish()
    }
}

impl MemoryNetwork {
    /// A network in which nothing listens.
    pub fn new() -> MemoryNetwork {
        MemoryNetwork::default()
    }

    /// A network whose ends have something else to use in place of bytes, once they have said hello: for one that nobody
    /// will cut, delay or part. `shortcut` makes both, for a peer of this name.
    pub(crate) fn with_shortcut(shortcut: fn(&str) -> [Shortcut; 2]) -> MemoryNetwork {
        MemoryNetwork { shortcut: Some(shortcut), ..MemoryNetwork::default() }
    }

    /// Breaks all connections of the listener `name`, accepted or not: both sides get errors, and what was on its way
    /// is lost. Gives how many there were. The listener goes on.
    pub fn cut(&self, name: &str) -> usize {
        let connections = self
            .lock()
            .names
            .get_mut(name)
            .map(|name| std::mem::take(&mut name.connections))
            .unwrap_or_default();
        connections.iter().filter_map(Weak::upgrade).filter(|cut| cut.make()).count()
    }

    /// How many connections the listener `name` has had, those among them that failed.
    pub fn connections(&self, name: &str) -> u64 {
        self.lock().names.get(name).map_or(0, |name| name.count)
    }

    /// Sets what goes wrong by itself with the connections that are dialled from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Breaks all connections of the listener `name`, as [`cut`](MemoryNetwork::cut) does, and lets no dial to it
    /// succeed until it is [healed](MemoryNetwork::heal).
    pub fn partition(&self, name: &str) -> usize {
        self.lock().names.entry(name.into()).or_default().is_partitioned = true;
        self.cut(name)
    }

    /// Stops all connections of the listener `name` where they are, until it is [healed](MemoryNetwork::heal): they stay,
    /// and nothing comes any more, as from a machine that hangs. Gives how many there were.
    pub fn stall(&self, name: &str) -> usize {
        let connections = self.lock().live(name);
        connections.iter().for_each(|cut| cut.stall([true; 2]));
        connections.len()
    }

    /// As [`stall`](MemoryNetwork::stall), of what comes from the listener alone.
    pub fn stall_from(&self, name: &str) -> usize {
        let connections = self.lock().live(name);
        connections.iter().for_each(|cut| cut.stall([true, false]));
        connections.len()
    }

    /// Ends a [partition](MemoryNetwork::partition) and a [stall](MemoryNetwork::stall).
    pub fn heal(&self, name: &str) {
        let connections = {
            let mut net = self.lock();
            if let Some(name) = net.names.get_mut(name) {
                name.is_partitioned = false;
            }
            net.live(name)
        };
        connections.iter().for_each(|cut| cut.stall([false; 2]));
    }

    fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both ends of a new connection to `name`, and where to hand in the far one.
    fn connect(
        &self,
        name: &str,
    ) -> Result<(Connection, Connection, mpsc::Sender<Connection>), io::ErrorKind> {
        let mut net = self.lock();
        let faults = net.faults;
        let entry = net.names.get_mut(name).ok_or(io::ErrorKind::ConnectionRefused)?;
        let listener = entry.listener.clone().ok_or(io::ErrorKind::ConnectionRefused)?;
        entry.count += 1;
        let mut rng = fastrand::Rng::with_seed(faults.seed ^ entry.count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if entry.is_partitioned || rng.u8(..) < faults.failing_dials {
            return Err(io::ErrorKind::HostUnreachable);
        }
        let bytes_left = match faults.cut_after_bytes {
            0 => u64::MAX,
            mean => rng.u64(1..=mean.saturating_mul(2)),
        };
        let cut = Arc::new(Cut { state: Mutex::new(CutState { bytes_left, ..CutState::default() }) });
        if entry.connections.len() >= entry.sweep_at.max(SWEEP_AT_MIN) {
            entry.connections.retain(|cut| cut.strong_count() > 0);
            entry.sweep_at = 2 * entry.connections.len();
        }
        entry.connections.push(Arc::downgrade(&cut));
        let peer = format!("memory:{name}#{}", entry.count);
        let (near, far) = tokio::io::duplex(BUFFER_LEN);
        let mut end = |stream, end, shortcut| {
            let delay = (!faults.delay_max.is_zero()).then(|| Delay::new(faults.delay_max, rng.fork()));
            Connection { shortcut, ..connection(Cuttable { stream, cut: cut.clone(), end, delay }, &peer) }
        };
        let shortcut = self.shortcut.map(|make| make(&peer)).map(|[near, far]| (near, far)).unzip();
        Ok((end(near, 0, shortcut.0), end(far, 1, shortcut.1), listener))
    }
}

fn connection(stream: Cuttable, peer: &str) -> Connection {
    let (reader, writer) = tokio::io::split(stream);
    Connection::new(Box::new(reader), Box::new(writer), peer.to_owned(), Trust::Machine)
}

#[async_trait]
impl Transport for MemoryNetwork {
    async fn listen(&self, addr: &ChannelAddr) -> Result<Box<dyn Listener>, TransportError> {
        let ChannelAddr::Memory(name) = addr else {
            return Err(TransportError::WrongKind { addr: addr.clone() });
        };
        let mut net = self.lock();
        let entry = net.names.entry(name.clone()).or_default();
        if entry.listener.is_some() {
            return Err(TransportError::AddrInUse { addr: addr.clone() });
        }
        let (sender, accepted) = mpsc::channel(ACCEPT_QUEUE as usize);
        entry.listener = Some(sender);
        Ok(Box::new(MemoryListener { network: self.clone(), name: name.clone(), accepted }))
    }

    async fn dial(&self, addr: &ChannelAddr) -> Result<Connection, TransportError> {
        let ChannelAddr::Memory(name) = addr else {
            return Err(TransportError::WrongKind { addr: addr.clone() });
        };
        let refused = |kind: io::ErrorKind| TransportError::of_dial(addr, kind.into());
        let (near, far, listener) = self.connect(name).map_err(refused)?;
        listener.send(far).await.map_err(|_| refused(io::ErrorKind::ConnectionRefused))?;
        Ok(near)
    }
}

struct MemoryListener {
    network: MemoryNetwork,
    name: Arc<str>,
    accepted: mpsc::Receiver<Connection>,
}

#[async_trait]
impl Listener for MemoryListener {
    fn local_addr(&self) -> ChannelAddr {
        ChannelAddr::Memory(self.name.clone())
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        let connection = self.accepted.recv().await;
        connection.ok_or_else(|| TransportError::Closed { addr: self.local_addr() })
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        if let Some(entry) = self.network.lock().names.get_mut(&self.name) {
            entry.listener = None;
        }
    }
}

/// The switch that breaks one connection. Four tasks may wait on it: a reader and a writer at each end.
struct Cut {
    state: Mutex<CutState>,
}

#[derive(Default)]
struct CutState {
    is_cut: bool,
    /// Whether nothing is to be read at either end.
    is_stalled: [bool; 2],
    /// How much may still be read before it is cut by itself.
    bytes_left: u64,
    wakers: [Option<Waker>; 4],
}

impl CutState {
    fn check(&mut self, slot: usize, cx: &Context<'_>) -> io::Result<()> {
        if self.is_cut {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        match &mut self.wakers[slot] {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Ok(())
    }
}

impl Cut {
    /// Breaks the connection; gives whether it was whole.
    fn make(&self) -> bool {
        self.switch(|state| !std::mem::replace(&mut state.is_cut, true))
    }

    /// Stops what is to be read, or lets it go on.
    fn stall(&self, is_stalled: [bool; 2]) {
        self.switch(|state| state.is_stalled = is_stalled);
    }

    /// Changes it, and wakes all who wait on it.
    fn switch<T>(&self, change: impl FnOnce(&mut CutState) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().flatten().for_each(Waker::wake);
        changed
    }

    /// Whether there may be something to read at an end; as [`check`](Cut::check) otherwise.
    fn check_read(&self, end: usize, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        state.check(2 * end, cx)?;
        if state.is_stalled[end] { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// An error if the connection is broken; else `cx` is woken when it breaks.
    fn check(&self, slot: usize, cx: &Context<'_>) -> io::Result<()> {
        self.lock().check(slot, cx)
    }

    /// How much may be read before it is cut by itself.
    fn bytes_left(&self) -> usize {
        usize::try_from(self.lock().bytes_left).unwrap_or(usize::MAX)
    }

    /// Counts what was read, and breaks the connection if it is enough.
    fn count_read(&self, len: usize) {
        let is_enough = {
            let mut state = self.lock();
            if state.bytes_left == u64::MAX {
                return;
            }
            state.bytes_left = state.bytes_left.saturating_sub(len as u64);
            state.bytes_left == 0
        };
        if is_enough {
            self.make();
        }
    }

    fn lock(&self) -> MutexGuard<'_, CutState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random wait before each read.
struct Delay {
    max: Duration,
    rng: fastrand::Rng,
    until: Pin<Box<Sleep>>,
}

impl Delay {
    fn new(max: Duration, rng: fastrand::Rng) -> Delay {
        let mut delay = Delay { max, rng, until: Box::pin(sleep_until(Instant::now())) };
        delay.set();
        delay
    }

    fn set(&mut self) {
        let wait = self.max.mul_f64(self.rng.f64());
        self.until.as_mut().reset(Instant::now() + wait);
    }
}

/// One end of a connection that can be cut.
struct Cuttable {
    stream: DuplexStream,
    cut: Arc<Cut>,
    end: usize,
    delay: Option<Delay>,
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.cut.check_read(self.end, cx))?;
        if let Some(delay) = &mut self.delay {
            ready!(delay.until.as_mut().poll(cx));
        }
        let most = self.cut.bytes_left();
        let len = if most >= buf.remaining() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            buf.filled().len() - before
        } else {
            // Only what is left to it. What is read into is zeroed first, at each poll: not the whole of the buffer.
            let most = most.min(LAST_READ_LEN);
            let mut within = ReadBuf::new(buf.initialize_unfilled_to(most));
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut within))?;
            let len = within.filled().len();
            buf.advance(len);
            len
        };
        self.cut.count_read(len);
        if let Some(delay) = &mut self.delay {
            delay.set();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check(2 * self.end + 1, cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check(2 * self.end + 1, cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
