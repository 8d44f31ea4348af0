//! Where the items of a port come in, and who may still post: a port whose far ends are gone ends (`CALL-1`).
//!
//! ```text
//! opened here ─┬─ references in this process: counted by themselves
//!              ├─ lent, with a message, a reply or an item: until who got it says that it has let go, or it is known that
//!              │  it cannot
//!              ├─ lent on, by one of those: the same, from when it says so; it does before it lets go itself
//!              └─ anywhere else: not known; the port then ends only by what is known to fail
//! ```
//!
//! Each loan has a number (`lending`) of the table that the port is in. This is reference listing (Birrell et al., Distributed
//! Garbage Collection for Network Objects, 1993), with holders as the roots.
//!
//! Not known is who has a reference that is an item of a port whose items are merged on their way, all but the last sixteen of
//! one message, those beyond [`LOANS_MAX`] loans, and one that the program encodes by itself, beside any message.
//!
//! An end that fails is told as an item, with its name; so the failure of one rank of many is heard while the others go on.
//! When nobody is left the port is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::sync::mpsc;

use super::lending::{Holder, Lends, Naming, encoded};
use super::receive::PortClosed;
use super::table::{Next, PortItem, PortSink, PortTable};
use crate::addr::PortAddr;
use crate::call::{CallErrorKind, Callee};
use crate::ident::Uid;

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
    fn take_in(&self, item: PortItem) -> Took;
}

/// The most loans of one port that are kept apart.
const LOANS_MAX: usize = 1 << 16;

/// Those that one message has lent the port to.
struct Loan {
    naming: Naming,
    /// Who has let go of it, by slot; `None` where there is one holder.
    gone: Option<Vec<bool>>,
    left: usize,
}

impl Loan {
    fn to(holders: usize, naming: Naming) -> Loan {
        Loan { naming, gone: (holders != 1).then(|| vec![false; holders]), left: holders }
    }

    /// One lets go; false if it has already.
    fn let_go(&mut self, slot: u32) -> bool {
        let gone = match &mut self.gone {
            None => self.left == 0,
            Some(gone) => gone.get_mut(slot as usize).is_none_or(|gone| std::mem::replace(gone, true)),
        };
        self.left -= usize::from(!gone);
        !gone
    }
}

/// Who may post.
#[derive(Default)]
struct Far {
    /// Whether there is a reference in this process that was never sent.
    here: bool,
    /// How many actors have it that have not let go of it.
    away: usize,
    /// How often it went elsewhere.
    unknown: usize,
    /// By number.
    loans: BTreeMap<u64, Loan>,
}

impl Far {
    fn is_over(&self) -> bool {
        !self.here && self.away == 0 && self.unknown == 0
    }
}

/// Where the items of a port come in.
pub(crate) struct Inlet {
    /// Who waits.
    owner: Uid,
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
    place: OnceLock<(PortAddr, Weak<PortTable>)>,
}

impl Inlet {
    fn open(
        owner: Uid,
        capacity: usize,
        once: bool,
        total: Option<Box<dyn Total>>,
    ) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        // Bounded by `capacity`, beside which every far end is told of once.
        let (sender, receiver) = mpsc::unbounded_channel();
        let inlet = Inlet {
            owner,
            sender: Mutex::new(Some(sender)),
            queued: AtomicUsize::new(0),
            capacity,
            once,
            total,
            far: Mutex::new(Far { here: true, ..Far::default() }),
            over: OnceLock::new(),
            place: OnceLock::new(),
        };
        (Arc::new(inlet), receiver)
    }

    /// For so many items at a time.
    pub(super) fn of_many(owner: Uid, capacity: usize) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(owner, capacity, false, None)
    }

    /// For one item.
    pub(super) fn of_one(owner: Uid) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(owner, 1, true, None)
    }

    /// For items that are merged.
    pub(super) fn of_total(owner: Uid, total: Box<dyn Total>) -> (Arc<Inlet>, mpsc::UnboundedReceiver<Came>) {
        Inlet::open(owner, usize::MAX, false, Some(total))
    }

    fn far(&self) -> MutexGuard<'_, Far> {
        self.far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sender(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<Came>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is open, there.
    pub(super) fn entered(&self, addr: PortAddr, table: &Arc<PortTable>) {
        let _ = self.place.set((addr, Arc::downgrade(table)));
    }

    /// An item was taken out.
    pub(super) fn taken(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
    }

    /// Why nothing more comes.
    pub(super) fn over(&self) -> PortClosed {
        self.over.get().cloned().unwrap_or_else(PortClosed::let_go)
    }

    fn enter_loan(&self, number: u64, holders: usize, naming: Naming) {
        let mut far = self.far();
        if far.loans.len() >= LOANS_MAX {
            far.unknown += 1;
            return;
        }
        far.away += holders;
        far.loans.insert(number, Loan::to(holders, naming));
    }

    /// Tells that one who held it has failed, and ends when nobody is left.
    fn gone(&self, callee: Option<Callee>, kind: CallErrorKind, is_over: bool) {
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

    /// Someone who could post is not to be counted any more; ends when nobody is left.
    fn uncount(&self, change: impl FnOnce(&mut Far)) {
        let is_over = {
            let mut far = self.far();
            change(&mut far);
            far.is_over()
        };
        if is_over {
            self.end(PortClosed::let_go());
        }
    }

    fn end(&self, why: PortClosed) {
        let _ = self.over.set(why);
        // What is left in it is dropped without the lock: it may hold references to ports.
        let sender = self.sender().take();
        drop(sender);
    }
}

impl PortSink for Inlet {
    fn put(&self, _slot: u32, item: PortItem) -> Result<Next, CallErrorKind> {
        if let PortItem::Failed(kind) = item {
            self.gone(None, kind, false);
            return Ok(Next::Keep);
        }
        let closed = || CallErrorKind::Undeliverable { reason: "the port is closed".into() };
        if let Some(total) = &self.total {
            if self.sender().is_none() {
                return Err(closed());
            }
            // A user's code, so without the lock.
            let said = match total.take_in(item) {
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

    fn owner(&self) -> Option<Uid> {
        Some(self.owner)
    }

    fn lent_on(&self, number: u64, holders: Vec<Holder>) {
        let many = holders.len();
        // A loan to nobody is not entered: it would have no name.
        if let Some(last) = many.checked_sub(1) {
            let naming = move |slot: u32| holders[last.min(slot as usize)].clone();
            self.enter_loan(number, many, Box::new(naming));
        }
    }

    fn let_go(&self, number: u64, slot: u32, kind: CallErrorKind) -> Option<u64> {
        let (callee, is_done, is_over) = {
            let mut far = self.far();
            let loan = far.loans.get_mut(&number)?;
            if !loan.let_go(slot) {
                return None;
            }
            let (callee, is_done) = ((loan.naming)(slot).callee, loan.left == 0);
            if is_done {
                far.loans.remove(&number);
            }
            far.away -= 1;
            (callee, is_done, far.is_over())
        };
        self.gone(Some(callee), kind, is_over);
        is_done.then_some(number)
    }

    fn numbers(&self) -> Vec<u64> {
        self.far().loans.keys().copied().collect()
    }
}

impl Lends for Inlet {
    fn port(&self) -> Option<PortAddr> {
        self.place.get().map(|(addr, _)| addr.clone())
    }

    fn encoded(&self) {
        self.far().unknown += 1;
    }

    fn claimed(&self) {
        self.uncount(|far| far.unknown = far.unknown.saturating_sub(1));
    }

    fn lend(&self, holders: usize, naming: Naming) -> Option<u64> {
        let (addr, table) = self.place.get()?;
        let table = table.upgrade()?;
        let number = table.next_loan(addr.port);
        self.enter_loan(number, holders, naming);
        table.lent(number, addr.port);
        Some(number)
    }

    fn take_back(&self, number: u64, slot: u32, why: CallErrorKind) {
        if let Some((_, table)) = self.place.get()
            && let Some(table) = table.upgrade()
        {
            table.let_go(number, slot, why);
        }
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

    /// A reference is encoded.
    pub(crate) fn encoded(&self) {
        let inlet: Weak<Inlet> = Arc::downgrade(&self.0);
        encoded(inlet);
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.uncount(|far| far.here = false);
    }
}
