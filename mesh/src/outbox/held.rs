//! A port that an actor was lent: who has opened it hears when the actor lets go of it, and why, and whom it has lent it
//! on to.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::Outbox;
use crate::addr::{PortAddr, ProcAddr};
use crate::call::CallErrorKind;
use crate::ident::ActorId;
use crate::port::{Holder, Holds, Inlet, Lends, LentOn, Naming, encoded};
use crate::supervision::Cause;
use crate::wire::codec::Payload;
use crate::wire::envelope::{Body, Destination, Envelope, Headers, Lane, Lent};

/// Whom to tell.
enum Opener {
    Here(Arc<Inlet>, u64),
    /// The number, the slot, and who has lent it on.
    Away(Lent, u32, Option<Box<ProcAddr>>),
}

/// The references to a port that came to an actor in one message. Dropped with the last of them, it says so.
pub struct Held {
    outbox: Arc<Outbox>,
    actor: ActorId,
    opener: Opener,
    /// How often it went on to others who are not known; then the drop says nothing.
    elsewhere: AtomicUsize,
    /// Its opener was told.
    told: AtomicBool,
}

/// The ports that came in one message.
pub type Helds = Arc<[Arc<Held>]>;

thread_local! {
    /// Those of the message that is decoded on this thread.
    static DECODED: RefCell<Option<Helds>> = const { RefCell::new(None) };
    /// Why what is dropped on this thread is.
    static FAILING: RefCell<Option<CallErrorKind>> = const { RefCell::new(None) };
}

/// Drops what an actor leaves that has ended for this reason.
pub(crate) fn failing(kind: &CallErrorKind, drops: impl FnOnce()) {
    let before = FAILING.replace(Some(kind.clone()));
    drops();
    FAILING.set(before);
}

impl Held {
    /// Of a port of this process, lent to an actor of it.
    pub(crate) fn here(outbox: Arc<Outbox>, actor: ActorId, inlet: Arc<Inlet>, number: u64) -> Arc<Held> {
        Held::of(outbox, actor, Opener::Here(inlet, number))
    }

    fn of(outbox: Arc<Outbox>, actor: ActorId, opener: Opener) -> Arc<Held> {
        let (elsewhere, told) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Held { outbox, actor, opener, elsewhere, told })
    }

    /// Decodes a message: the references in it are held by these.
    pub(crate) fn decoding<R>(helds: Option<&Helds>, decode: impl FnOnce() -> R) -> R {
        /// Puts back what was there before, also when it panics.
        struct Before(Option<Helds>);

        impl Drop for Before {
            fn drop(&mut self) {
                DECODED.set(self.0.take());
            }
        }

        let Some(helds) = helds else { return decode() };
        let _before = Before(DECODED.replace(Some(helds.clone())));
        decode()
    }

    /// What holds the references in a message to `actor`: it says nothing as long as the message has not arrived.
    pub(crate) fn arriving(outbox: &Arc<Outbox>, actor: &ActorId, headers: &Headers) -> Helds {
        let (lent, slot) = headers.lent();
        let held = |lent: &Lent| {
            let opener = Opener::Away(lent.clone(), slot, headers.lender(lent).map(Box::new));
            let held = Held::of(outbox.clone(), actor.clone(), opener);
            held.elsewhere.fetch_add(1, Ordering::Relaxed);
            held
        };
        lent.iter().map(held).collect()
    }

    /// What holds a reference to `port` that is decoded on this thread.
    pub(crate) fn decoded(port: &PortAddr) -> Option<Arc<Held>> {
        let is_it = |held: &&Arc<Held>| match &held.opener {
            Opener::Here(..) => false,
            Opener::Away(lent, ..) => lent.port == *port,
        };
        DECODED.with_borrow(|helds| helds.iter().flat_map(|helds| helds.iter()).find(is_it).cloned())
    }

    /// A reference is encoded.
    pub(crate) fn passed_on(self: &Arc<Held>) {
        let held: Weak<Held> = Arc::downgrade(self);
        encoded(held);
    }

    /// The actor has the message that these came in.
    pub(crate) fn arrived(helds: &Helds) {
        for held in helds.iter() {
            held.elsewhere.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The actor has it no more, whatever references are left.
    pub(crate) fn let_go(&self, kind: CallErrorKind) {
        if self.elsewhere.load(Ordering::Relaxed) == 0 && !self.told.swap(true, Ordering::Relaxed) {
            self.tell(kind);
        }
    }

    fn tell(&self, kind: CallErrorKind) {
        match &self.opener {
            Opener::Here(inlet, number) => inlet.take_back(*number, 0, kind),
            Opener::Away(lent, slot, lender) => {
                self.say(&lent.release(), *slot, Body::Failed(kind));
                if let Some(lender) = lender {
                    let headers = self.outbox.headers(&self.actor, Lane::Control);
                    let forgotten = lent.clone().forgotten((**lender).clone(), *slot, headers);
                    self.outbox.gateway().post_or_bounce(forgotten);
                }
            }
        }
    }

    fn say(&self, to: &PortAddr, slot: u32, body: Body) {
        let headers = self.outbox.headers(&self.actor, Lane::Control);
        let to = Destination::port(to, slot);
        self.outbox.gateway().post_or_bounce(Envelope { to, headers, body });
    }

    /// Why it is let go of.
    fn why(&self) -> CallErrorKind {
        if let Some(kind) = FAILING.with_borrow(Option::clone) {
            return kind;
        }
        if std::thread::panicking() {
            let message = "a handler that held the port panicked".to_owned();
            return CallErrorKind::ActorFailed { cause: Box::new(Cause::Other { message }) };
        }
        let gone = self.outbox.residents().and_then(|residents| residents.why_gone(self.actor.uid));
        gone.unwrap_or(CallErrorKind::ActorStopped)
    }
}

impl Holds for Helds {
    fn decoding(&self, decode: &mut dyn FnMut()) {
        Held::decoding(Some(self), decode);
    }
}

impl Lends for Held {
    fn port(&self) -> Option<PortAddr> {
        match &self.opener {
            Opener::Here(inlet, _) => inlet.port(),
            Opener::Away(lent, ..) => Some(lent.port.clone()),
        }
    }

    fn encoded(&self) {
        self.elsewhere.fetch_add(1, Ordering::Relaxed);
    }

    fn claimed(&self) {
        self.elsewhere.fetch_sub(1, Ordering::Relaxed);
    }

    /// The opener hears of it before it can hear that this holder lets go: both go the same way.
    fn lend(&self, holders: usize, naming: Naming) -> Option<u64> {
        let lent = match &self.opener {
            Opener::Here(inlet, _) => return inlet.lend(holders, naming),
            Opener::Away(lent, ..) => lent,
        };
        let holders: Vec<Holder> = (0..u32::try_from(holders).ok()?).map(naming).collect();
        let payload = Payload::of(&LentOn { port: lent.port.port, holders }).ok()?;
        let number = Lent::number(lent.port.port, self.outbox.entropy().next_u64());
        let to = PortAddr { proc: lent.port.proc.clone(), port: number };
        self.say(&to, 0, Body::Message(payload));
        Some(number)
    }

    fn take_back(&self, number: u64, slot: u32, why: CallErrorKind) {
        match &self.opener {
            Opener::Here(inlet, _) => inlet.take_back(number, slot, why),
            Opener::Away(lent, ..) => {
                let to = PortAddr { proc: lent.port.proc.clone(), port: number };
                self.say(&to, slot, Body::Failed(why));
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if *self.elsewhere.get_mut() == 0 && !*self.told.get_mut() {
            self.tell(self.why());
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({})", self.actor)
    }
}
