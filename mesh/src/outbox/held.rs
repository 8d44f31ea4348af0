//! A port that an actor was sent: who has opened it hears when the actor lets go of it, and why.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Outbox;
use crate::addr::PortAddr;
use crate::call::CallErrorKind;
use crate::ident::ActorId;
use crate::port::Inlet;
use crate::supervision::Cause;
use crate::wire::envelope::{Body, Destination, Envelope, Lane};

/// Whom to tell.
enum Opener {
    Here(Arc<Inlet>, u32),
    Away(PortAddr, u32),
}

/// The references to a port that came to an actor in one message. Dropped with the last of them, it says so.
pub struct Held {
    outbox: Arc<Outbox>,
    actor: ActorId,
    opener: Opener,
    /// Others have it too, or it was told: the drop says nothing.
    silent: AtomicBool,
}

thread_local! {
    /// The message that is decoded on this thread.
    static DECODED: RefCell<Option<Arc<Held>>> = const { RefCell::new(None) };
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
    /// Of a port of this process, sent to an actor of it.
    pub(crate) fn here(outbox: Arc<Outbox>, actor: ActorId, inlet: Arc<Inlet>, slot: u32) -> Arc<Held> {
        Held::of(outbox, actor, Opener::Here(inlet, slot))
    }

    /// Of a port that was sent from anywhere.
    pub(crate) fn away(outbox: Arc<Outbox>, actor: ActorId, (port, slot): (PortAddr, u32)) -> Arc<Held> {
        Held::of(outbox, actor, Opener::Away(port, slot))
    }

    fn of(outbox: Arc<Outbox>, actor: ActorId, opener: Opener) -> Arc<Held> {
        Arc::new(Held { outbox, actor, opener, silent: AtomicBool::new(false) })
    }

    /// Decodes a message: the references in it are held by this.
    pub(crate) fn decoding<R>(held: Option<&Arc<Held>>, decode: impl FnOnce() -> R) -> R {
        let Some(held) = held else { return decode() };
        let before = DECODED.replace(Some(held.clone()));
        let decoded = decode();
        DECODED.set(before);
        decoded
    }

    /// What holds a reference that is decoded on this thread.
    pub(crate) fn decoded() -> Option<Arc<Held>> {
        DECODED.with_borrow(Option::clone)
    }

    /// The reference goes on to others, who are not counted.
    pub(crate) fn passed_on(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// The actor has not got it.
    pub(crate) fn refused(&self, kind: CallErrorKind) {
        if !self.silent.swap(true, Ordering::Relaxed) {
            self.tell(kind);
        }
    }

    fn tell(&self, kind: CallErrorKind) {
        match &self.opener {
            Opener::Here(inlet, slot) => inlet.let_go(*slot, kind),
            Opener::Away(port, slot) => {
                let headers = self.outbox.headers(&self.actor, Lane::Control);
                let (to, body) = (Destination::port(port, *slot), Body::Failed(kind));
                self.outbox.gateway().post_or_bounce(Envelope { to, headers, body });
            }
        }
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

impl Drop for Held {
    fn drop(&mut self) {
        if !*self.silent.get_mut() {
            self.tell(self.why());
        }
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({})", self.actor)
    }
}
