//! The table of a proc's open ports.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use crate::call::CallErrorKind;
use crate::ident::{ActorId, Uid};
use crate::wire::cast::Said;
use crate::wire::codec::Payload;

/// What arrives at a port.
#[derive(Debug)]
pub enum PortItem {
    /// A value: a reply, or a streamed item.
    Value(Payload),
    /// The reply will not come, and why.
    Failed(CallErrorKind),
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

/// A proc's open ports.
pub struct PortTable {
    ports: Mutex<FxHashMap<u64, Arc<dyn PortSink>>>,
    next: AtomicU64,
    max: usize,
}

impl PortTable {
    /// An empty table for at most `max` ports.
    pub fn new(max: usize) -> PortTable {
        PortTable { ports: Mutex::default(), next: AtomicU64::new(1), max }
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
        drop(self.with(|ports| ports.remove(&port)));
    }

    /// The calls whose replies come to these ports.
    pub fn calls(&self) -> Vec<CallWait> {
        // The sinks run outside the table's lock.
        let sinks: Vec<_> = self.with(|ports| ports.values().cloned().collect());
        sinks.iter().flat_map(|sink| sink.calls()).collect()
    }

    /// How many ports are open.
    pub fn len(&self) -> usize {
        self.with(|ports| ports.len())
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
        let sink = self.with(|ports| ports.get(&port).cloned());
        let Some(sink) = sink else {
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
        let sink = self.with(|ports| ports.get(&port).cloned());
        let Some(sink) = sink else {
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
