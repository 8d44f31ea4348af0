//! The table of a proc's open ports.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::lending::{Holder, LentOn};
use crate::call::CallErrorKind;
use crate::ident::{ActorId, Uid};
use crate::wire::cast::Said;
use crate::wire::codec::Payload;
use crate::wire::envelope::Lent;

/// What arrives at a port.
#[derive(Debug)]
pub enum PortItem {
    /// A value: a reply, or a streamed item.
    Value(Payload),
    /// A value with references to ports.
    Lent(Box<LentItem>),
    /// The reply will not come, and why.
    Failed(CallErrorKind),
}

/// A value with references to ports; dropped, it lets go of them.
#[derive(Debug)]
pub struct LentItem {
    /// The value.
    pub payload: Payload,
    /// What the references are held by.
    pub holds: Box<dyn Holds>,
}

/// What holds the references to ports in a value.
pub trait Holds: Send + Sync + fmt::Debug {
    /// Decodes the value: the references in it are held.
    fn decoding(&self, decode: &mut dyn FnMut());
}

impl PortItem {
    /// Decodes the value.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn open<R>(self, decode: impl FnOnce(&Payload) -> R) -> Result<R, CallErrorKind> {
        match self {
            PortItem::Value(payload) => Ok(decode(&payload)),
            PortItem::Lent(item) => {
                let (mut decode, mut decoded) = (Some(decode), None);
                let mut once = || decoded = decode.take().map(|decode| decode(&item.payload));
                item.holds.decoding(&mut once);
                Ok(decoded.expect("whoever holds the references decodes"))
            }
            PortItem::Failed(kind) => Err(kind),
        }
    }
}

/// What becomes of the port after an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It takes more.
    Keep,
    /// It is done.
    Close,
}

/// Takes what arrives at one port. Called by whoever delivers, so it must not block.
pub trait PortSink: Send + Sync {
    /// Takes an item for `slot`.
    ///
    /// # Errors
    /// Why the item is refused; it is returned to its sender.
    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind>;

    /// Takes a value without parts, from where it lies.
    ///
    /// # Errors
    /// As [`PortSink::put`].
    fn put_bytes(&self, slot: u32, body: &[u8]) -> Result<Next, CallErrorKind> {
        let payload = Payload { body: Bytes::copy_from_slice(body), parts: Vec::new() };
        self.put(slot, PortItem::Value(payload))
    }

    /// Takes what the replies of `len` ranks from `slot` on were merged into. Only a port whose call asked for that gets
    /// it.
    ///
    /// # Errors
    /// As [`PortSink::put`].
    fn put_merged(&self, slot: u32, len: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        let _ = (slot, len, item);
        Err(CallErrorKind::Undeliverable { reason: "merged replies were not asked for".to_owned() })
    }

    /// The calls whose replies it waits for: who waits, and for what.
    fn calls(&self) -> Vec<CallWait> {
        Vec::new()
    }

    /// The actor, or client, that waits for what arrives; `None` where it is not known.
    fn owner(&self) -> Option<Uid> {
        None
    }

    /// One that it was lent to has lent it on, to these.
    fn lent_on(&self, number: u64, holders: Vec<Holder>) {
        let _ = (number, holders);
    }

    /// One of those that it was lent to lets go of it; gives the number back when it was the last.
    fn let_go(&self, number: u64, slot: u32, kind: CallErrorKind) -> Option<u64> {
        let _ = (slot, kind);
        Some(number)
    }

    /// The numbers under which it is lent.
    fn numbers(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// A call whose reply comes to a port.
#[derive(Clone, Debug)]
pub struct CallWait {
    /// Who waits.
    pub caller: Uid,
    /// For whom.
    pub callee: ActorId,
    /// The name of the handler.
    pub handler: &'static str,
    /// Since when.
    pub since: Instant,
}

impl From<Result<Payload, CallErrorKind>> for PortItem {
    fn from(reply: Result<Payload, CallErrorKind>) -> PortItem {
        reply.map_or_else(PortItem::Failed, PortItem::Value)
    }
}

/// Too many ports are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{max} ports are open already (MESH_PORTS_MAX)")]
pub struct PortsExhausted {
    /// The bound.
    pub max: usize,
}

/// How many are remembered that have let go before it was heard that they had anything.
const EARLY_MAX: usize = 1024;

/// Which ports are lent under which numbers.
#[derive(Default)]
struct Loans {
    of: FxHashMap<u64, u64>,
    /// Those of which it was heard first that they are no more: number, slot, why.
    early: VecDeque<(u64, u32, CallErrorKind)>,
}

/// A proc's open ports.
pub struct PortTable {
    ports: Mutex<FxHashMap<u64, Arc<dyn PortSink>>>,
    next: AtomicU64,
    max: usize,
    loans: Mutex<Loans>,
    next_loan: AtomicU64,
}

impl PortTable {
    /// An empty table for at most `max` ports.
    pub fn new(max: usize) -> PortTable {
        PortTable {
            ports: Mutex::default(),
            next: AtomicU64::new(1),
            max,
            loans: Mutex::default(),
            next_loan: AtomicU64::new(0),
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut FxHashMap<u64, Arc<dyn PortSink>>) -> R) -> R {
        f(&mut self.ports.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins the numbers of another life of the proc: an answer to a port of an earlier one finds nothing.
    pub fn begin_life(&self, life: u32) {
        self.next.store((u64::from(life) << 40) + 1, Ordering::Relaxed);
    }

    /// Opens a port (`PORT-1`).
    ///
    /// # Errors
    /// [`PortsExhausted`] (`PORT-2`).
    pub fn open(&self, sink: Arc<dyn PortSink>) -> Result<u64, PortsExhausted> {
        let port = self.next.fetch_add(1, Ordering::Relaxed);
        self.with(|ports| {
            if ports.len() >= self.max {
                return Err(PortsExhausted { max: self.max });
            }
            ports.insert(port, sink);
            Ok(port)
        })
    }

    /// Closes a port; nothing happens if it is closed already.
    pub fn close(&self, port: u64) {
        let Some(sink) = self.with(|ports| ports.remove(&port)) else { return };
        let numbers = sink.numbers();
        if !numbers.is_empty() {
            let mut loans = self.loans();
            for number in numbers {
                loans.of.remove(&number);
            }
        }
    }

    fn loans(&self) -> MutexGuard<'_, Loans> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self, port: u64) -> Option<Arc<dyn PortSink>> {
        self.with(|ports| ports.get(&port).cloned())
    }

    /// A number for a loan of one of these ports.
    pub(super) fn next_loan(&self, port: u64) -> u64 {
        Lent::number(port, self.next_loan.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a number was given here; else it is a random one, of who has lent a port on.
    fn is_own(&self, number: u64) -> bool {
        Lent::nth(number).is_some_and(|nth| nth < self.next_loan.load(Ordering::Relaxed))
    }

    /// A port is lent under this number.
    pub(super) fn lent(&self, number: u64, port: u64) {
        self.loans().of.insert(number, port);
    }

    /// One that was lent a port under this number lets go of it.
    pub(super) fn let_go(&self, number: u64, slot: u32, kind: CallErrorKind) {
        let port = {
            let mut loans = self.loans();
            let Some(port) = loans.of.get(&number).copied() else {
                // Of our own numbers all is known; others are told of by who has lent the port on.
                if !self.is_own(number) {
                    if loans.early.len() == EARLY_MAX {
                        loans.early.pop_front();
                    }
                    loans.early.push_back((number, slot, kind));
                }
                return;
            };
            port
        };
        let done = match self.sink(port) {
            Some(sink) => sink.let_go(number, slot, kind),
            None => Some(number),
        };
        if let Some(number) = done {
            self.loans().of.remove(&number);
        }
    }

    /// One that was lent a port has lent it on. Gives whether anybody has it still.
    ///
    /// # Errors
    /// Why that cannot be.
    pub(crate) fn lent_on(
        &self,
        number: u64,
        LentOn { port, holders }: LentOn,
    ) -> Result<bool, CallErrorKind> {
        let Some(sink) = self.sink(port) else { return Ok(false) };
        let early: VecDeque<_> = {
            let mut loans = self.loans();
            if self.is_own(number) || loans.of.contains_key(&number) {
                let reason = "the port is lent to others by that number".to_owned();
                return Err(CallErrorKind::Undeliverable { reason });
            }
            sink.lent_on(number, holders);
            loans.of.insert(number, port);
            let (early, others) =
                std::mem::take(&mut loans.early).into_iter().partition(|(early, ..)| *early == number);
            loans.early = others;
            early
        };
        early.into_iter().for_each(|(number, slot, kind)| self.let_go(number, slot, kind));
        Ok(self.loans().of.contains_key(&number))
    }

    /// The calls whose replies come to these ports.
    pub fn calls(&self) -> Vec<CallWait> {
        // The sinks run outside the table's lock.
        let sinks: Vec<_> = self.with(|ports| ports.values().cloned().collect());
        sinks.iter().flat_map(|sink| sink.calls()).collect()
    }

    /// The actor, or client, that waits at a port, where that is known.
    pub(crate) fn owner(&self, port: u64) -> Option<Uid> {
        self.sink(port)?.owner()
    }

    /// Whether a port is open.
    pub(crate) fn is_open(&self, port: u64) -> bool {
        self.with(|ports| ports.contains_key(&port))
    }

    /// How many ports are open.
    pub fn len(&self) -> usize {
        self.with(|ports| ports.len())
    }

    /// Under how many numbers ports are lent.
    pub fn loans_len(&self) -> usize {
        self.loans().of.len()
    }

    /// Whether no port is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands an item to its port. The sink runs outside the table's lock.
    ///
    /// # Errors
    /// Why it was not taken: the port is closed, or it is full.
    pub fn deliver(&self, port: u64, slot: u32, item: PortItem) -> Result<(), CallErrorKind> {
        if let (Some(_), PortItem::Failed(kind)) = (Lent::nth(port), &item) {
            self.let_go(port, slot, kind.clone());
            return Ok(());
        }
        self.deliver_by(port, |sink| sink.put(slot, item))
    }

    /// As [`deliver`](Self::deliver), of a value without parts, from where it lies.
    ///
    /// # Errors
    /// As with [`deliver`](Self::deliver).
    pub fn deliver_bytes(&self, port: u64, slot: u32, body: &[u8]) -> Result<(), CallErrorKind> {
        self.deliver_by(port, |sink| sink.put_bytes(slot, body))
    }

    fn deliver_by(
        &self,
        port: u64,
        put: impl FnOnce(&dyn PortSink) -> Result<Next, CallErrorKind>,
    ) -> Result<(), CallErrorKind> {
        let Some(sink) = self.sink(port) else {
            return Err(CallErrorKind::Undeliverable { reason: "the port is closed".into() });
        };
        if put(&*sink)? == Next::Close {
            self.close(port);
        }
        Ok(())
    }

    /// Hands the replies of many ranks to their port, one at a time.
    ///
    /// # Errors
    /// Why the last that was not taken was not; the others were.
    pub fn deliver_all(&self, port: u64, said: Vec<Said>) -> Result<(), CallErrorKind> {
        if Lent::nth(port).is_some() {
            // Those who have let go of a port that was lent to many.
            for Said { rank, len, reply, .. } in said {
                for slot in rank..rank.saturating_add(len) {
                    self.deliver(port, slot, reply.clone().into())?;
                }
            }
            return Ok(());
        }
        let Some(sink) = self.sink(port) else {
            return Err(CallErrorKind::Undeliverable { reason: "the port is closed".into() });
        };
        let mut outcome = Ok(());
        for Said { rank, len, merged, reply } in said {
            if merged {
                match sink.put_merged(rank, len, reply.into()) {
                    Ok(Next::Close) => self.close(port),
                    Ok(Next::Keep) => {}
                    Err(kind) => outcome = Err(kind),
                }
                continue;
            }
            // Cheap: the bytes are shared.
            for slot in rank..rank.saturating_add(len) {
                match sink.put(slot, reply.clone().into()) {
                    Ok(Next::Close) => self.close(port),
                    Ok(Next::Keep) => {}
                    Err(kind) => outcome = Err(kind),
                }
            }
        }
        outcome
    }
}
