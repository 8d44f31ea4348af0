//! References to ports on their way: which were encoded into a message, for whoever knows where that goes.
//!
//! ```text
//! encoded ──┬─ the road is known ──► lent: each holder says when it lets go, or others say that it cannot
//!           └─ it is not ──────────► somewhere: what it was encoded from is held for ever
//! ```

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};

use crate::addr::{Location, PortAddr};
use crate::call::{CallErrorKind, Callee};
use crate::ident::{ActorId, Uid};
use crate::wire::envelope::LENT_MAX;

/// An actor that is lent a port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// Who.
    pub callee: Callee,
    /// Where it is, if not here.
    pub at: Option<Arc<Location>>,
}

impl Holder {
    /// Of a port whose owner is not known: the items that come to it may bring others.
    pub(crate) fn of_port(port: &PortAddr) -> Holder {
        let actor = ActorId::new(port.proc.id.clone(), Uid(port.port), "port".into());
        Holder { callee: Callee { actor, handler: None, rank: None }, at: Some(port.proc.at.clone()) }
    }
}

/// What who lends on a port of another process says of it there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LentOn {
    /// The port.
    pub(crate) port: u64,
    /// To whom, by slot.
    pub(crate) holders: Vec<Holder>,
}

/// Says who holds a port, by slot: the rank in a cast, 0 where there is one.
pub(crate) type Naming = Box<dyn Fn(u32) -> Holder + Send>;

/// What a reference is encoded from: the port itself, or what holds a reference that came from elsewhere.
pub(crate) trait Lends: Send + Sync {
    /// The port; `None` before it is open.
    fn port(&self) -> Option<PortAddr>;

    /// A reference is encoded: it goes somewhere, unless that is taken back.
    fn encoded(&self);

    /// It is known after all where one that was encoded goes.
    fn claimed(&self);

    /// Lends it to so many holders; gives the number by which they let go of it.
    fn lend(&self, holders: usize, naming: Naming) -> Option<u64>;

    /// A holder has not got it.
    fn take_back(&self, number: u64, slot: u32, why: CallErrorKind);
}

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static ENCODED: RefCell<Vec<Weak<dyn Lends>>> = const { RefCell::new(Vec::new()) };
}

/// A reference is encoded on this thread.
pub(crate) fn encoded(from: Weak<dyn Lends>) {
    if let Some(from) = from.upgrade() {
        from.encoded();
    }
    ENCODED.with_borrow_mut(|encoded| {
        if encoded.len() == LENT_MAX {
            encoded.remove(0);
        }
        encoded.push(from);
    });
    COUNT.set(COUNT.get() + 1);
}

/// How many references to ports this thread has encoded.
pub(crate) fn encoded_count() -> u64 {
    COUNT.get()
}

/// What was encoded since, for one who knows where it goes and says so. Of very many, the last.
pub(crate) fn encoded_since(count: u64) -> Vec<Arc<dyn Lends>> {
    let many = usize::try_from(COUNT.get() - count).unwrap_or(usize::MAX);
    if many == 0 {
        return Vec::new();
    }
    let encoded = ENCODED.take();
    let since = &encoded[encoded.len().saturating_sub(many)..];
    since.iter().filter_map(Weak::upgrade).collect()
}
