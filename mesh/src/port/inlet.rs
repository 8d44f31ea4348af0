//! Where the items of a port come in, and who may still post: a port whose far ends are gone ends (`CALL-1`).
//!
//! ```text
//! opened here ─┬─ references in this process: counted by themselves
//!              ├─ sent to an actor in a message: until it says that it has let go, or it is known that it cannot
//!              └─ anywhere else, in a reply, say: not known; the port then ends only by what is known to fail
//! ```
//!
//! An end that fails is told as an item, with its name; so the failure of one rank of many is heard while the others go on.
//! When nobody is left the port is over.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::mpsc;

use super::receive::PortClosed;
use super::table::{Next, PortItem, PortSink};
use crate::addr::PortAddr;
use crate::call::{CallErrorKind, Callee};
use crate::wire::codec::Payload;

/// What the receiving end of a port is given.
#[derive(Debug)]
pub(super) enum Came {
    Item(PortItem),
    /// What the items amount to is another than when it was last asked for.
    News,
    /// Someone who held the port has failed.
    Lost(PortClosed),
}

/// What became of an item that was to be merged.
pub(super) enum Took {
    /// Nobody had been told of another since the result was asked for.
    News,
    Known,
    /// It is no such item.
    Bad(CallErrorKind),
    /// The reducer panicked, and with it went what there was.
    Broken(CallErrorKind),
}

/// Where the items of a port are merged.
pub(super) trait Total: Send + Sync {
    fn take_in(&self, item: &Payload) -> Took;
}

/// Says who an actor is that the port was cast to, by its rank.
pub(crate) type Naming = Box<dyn Fn(u32) -> Callee + Send>;

/// Who may post.
#[derive(Default)]
struct Far {
    /// Whether there is a reference in this process that was never sent.
    here: bool,
    /// How many actors it was sent to that have not let go of it.
    away: usize,
    /// How often it went elsewhere.
    unknown: usize,
    singles: BTreeMap<u32, Callee>,
    cast: Option<Naming>,
}

impl Far {
    fn is_over(&self) -> bool {
        !self.here && self.away == 0 && self.unknown == 0
    }
}

/// Where the items of a port come in.
pub(crate) struct Inlet {
    /// `None` when nothing more can come.
    sender: Mutex<Option<mpsc::UnboundedSender<Came>>>,
    queued: AtomicUsize,
    capacity: usize,
    /// Whether it takes one item.
    once: bool,
    /// Where its items are merged, if they are.
    total: Option<Box<dyn Total>>,
    far: Mutex<Far>,
    over: OnceLock<PortClosed>,
    /// Where it is, once it is open.
    addr: OnceLock<PortAddr>,
}

/// The slots of ranks are counted from below, those of single actors from above.
const SINGLES_BELOW: u32 = u32::MAX;

impl Inlet {
    fn open(
        capacity: usize,
        once: bool,
        total: Option<Box<dyn Total>>,
    ) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        // Bounded by `capacity`, beside which every far end is told of once.
        let (sender, receiver) = mpsc::unbounded_channel();
        let inlet = Inlet {
            sender: Mutex::new(Some(sender)),
            queued: AtomicUsize::new(0),
            capacity,
            once,
            total,
            far: Mutex::new(Far { here: true, ..Far::default() }),
            over: OnceLock::new(),
            addr: OnceLock::new(),
        };
        (Arc::new(inlet), receiver)
    }

    /// For so many items at a time.
    pub(super) fn of_many(capacity: usize) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(capacity, false, None)
    }

    /// For one item.
    pub(super) fn of_one() -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(1, true, None)
    }

    /// For items that are merged.
    pub(super) fn of_total(total: Box<dyn Total>) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(usize::MAX, false, Some(total))
    }

    fn far(&self) -> MutexGuard<'_, Far> {
        self.far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<Came>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is open, there.
    pub(super) fn entered(&self, addr: PortAddr) {
        let _ = self.addr.set(addr);
    }

    /// Where it is; `None` before it is open.
    pub(crate) fn addr(&self) -> Option<&PortAddr> {
        self.addr.get()
    }

    /// An item was taken out.
    pub(super) fn taken(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Why nothing more comes.
    pub(super) fn over(&self) -> PortClosed {
        self.over.get().cloned().unwrap_or_else(PortClosed::let_go)
    }

    /// It was sent to one actor: the slot by which that lets go.
    pub(crate) fn sent(&self, callee: Callee) -> u32 {
        let mut far = self.far();
        far.away += 1;
        let slot = far.singles.first_key_value().map_or(SINGLES_BELOW, |(lowest, _)| *lowest) - 1;
        far.singles.insert(slot, callee);
        slot
    }

    /// It was sent to many actors, whose slots are their ranks.
    pub(crate) fn cast(&self, ranks: usize, naming: Naming) {
        let mut far = self.far();
        far.away += ranks;
        far.cast = Some(naming);
    }

    /// One that it was sent to has not got it, which its sender knows.
    pub(crate) fn unsent(&self, slot: u32) {
        let mut far = self.far();
        far.singles.remove(&slot);
        far.away = far.away.saturating_sub(1);
    }

    /// One that it was sent to has let go of it, or has failed.
    pub(crate) fn let_go(&self, slot: u32, kind: CallErrorKind) {
        let (callee, is_over) = {
            let mut far = self.far();
            if far.away == 0 {
                return;
            }
            far.away -= 1;
            let callee = far.singles.remove(&slot).or_else(|| far.cast.as_ref().map(|name| name(slot)));
            (callee, far.is_over())
        };
        let in_order = kind == CallErrorKind::ActorStopped;
        let closed = PortClosed { callee: callee.map(Box::new), kind };
        if !in_order && let Some(sender) = &*self.sender() {
            // Nobody may be there to hear it any more.
            let _ = sender.send(Came::Lost(closed.clone()));
        }
        if is_over || (self.once && !in_order) {
            self.end(closed);
        }
    }

    fn here_gone(&self) {
        let is_over = {
            let mut far = self.far();
            far.here = false;
            far.is_over()
        };
        if is_over {
            self.end(PortClosed::let_go());
        }
    }

    fn end(&self, why: PortClosed) {
        let _ = self.over.set(why);
        drop(self.sender().take());
    }
}

impl PortSink for Inlet {
    fn put(&self, slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        if let PortItem::Failed(kind) = item {
            self.let_go(slot, kind);
            return Ok(Next::Keep);
        }
        let closed = || CallErrorKind::Undeliverable { reason: "the port is closed".into() };
        if let (Some(total), PortItem::Value(payload)) = (&self.total, &item) {
            if self.sender().is_none() {
                return Err(closed());
            }
            // A user's code, so without the lock.
            let said = match total.take_in(payload) {
                Took::News => Came::News,
                Took::Known => return Ok(Next::Keep),
                Took::Bad(kind) => Came::Lost(PortClosed { callee: None, kind }),
                Took::Broken(kind) => {
                    self.end(PortClosed { callee: None, kind });
                    return Ok(Next::Close);
                }
            };
            let sender = self.sender();
            return sender
                .as_ref()
                .map_or(Err(closed()), |open| open.send(said).map_err(|_| closed()))
                .map(|()| Next::Keep);
        }
        let mut sender = self.sender();
        let Some(open) = &*sender else { return Err(closed()) };
        // Changed up by those who hold the lock only.
        if self.queued.load(Ordering::Relaxed) >= self.capacity {
            return Err(CallErrorKind::MailboxFull { capacity: self.capacity as u64 });
        }
        self.queued.fetch_add(1, Ordering::Relaxed);
        open.send(Came::Item(item)).map_err(|_| closed())?;
        if !self.once {
            return Ok(Next::Keep);
        }
        // PORT-3
        *sender = None;
        Ok(Next::Close)
    }
}

/// The references to a port in the process that has opened it. Dropped when the last of them is.
pub struct Here(Arc<Inlet>);

impl Here {
    pub(super) fn of(inlet: &Arc<Inlet>) -> Arc<Here> {
        Arc::new(Here(inlet.clone()))
    }

    pub(crate) fn inlet(&self) -> &Arc<Inlet> {
        &self.0
    }

    /// A reference is encoded: it leaves, and whereto is known to those who ask for what was [`encoded_since`].
    pub(crate) fn encoded(&self) {
        self.0.far().unknown += 1;
        ENCODED.with_borrow_mut(|encoded| {
            if encoded.len() == ENCODED_MAX {
                encoded.remove(0);
            }
            encoded.push(self.0.clone());
        });
        COUNT.set(COUNT.get() + 1);
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.here_gone();
    }
}

/// How many encoded references a thread remembers; only the last message's are asked for.
const ENCODED_MAX: usize = 16;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static ENCODED: RefCell<Vec<Arc<Inlet>>> = const { RefCell::new(Vec::new()) };
}

/// How many references to ports of this process this thread has encoded.
pub(crate) fn encoded_count() -> u64 {
    COUNT.get()
}

/// The port whose reference was encoded since, for one who knows where it goes and says so. With more than one, the first.
pub(crate) fn encoded_since(count: u64) -> Option<Arc<Inlet>> {
    let many = usize::try_from(COUNT.get() - count).unwrap_or(usize::MAX);
    if many == 0 {
        return None;
    }
    let encoded = ENCODED.take();
    let of_message = &encoded[encoded.len().saturating_sub(many)..];
    let inlet = of_message.first()?;
    // More of the same port are held together by whoever gets the message.
    inlet.far().unknown -= of_message.iter().filter(|other| Arc::ptr_eq(other, inlet)).count();
    Some(inlet.clone())
}
