//! What has arrived and says little: where it lies, and kept for later.

use bytes::Bytes;

use super::{Ask, Said, Who, WhoRef};
use crate::addr::{PortAddr, ProcAddr};
use crate::ident::{ActorId, ProcId};
use crate::wire::codec::Payload;
use crate::wire::envelope::{Envelope, Target};

/// A message or a reply that has arrived and says little, where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    who: Whose<'a>,
    said: Said,
    body: &'a [u8],
}

/// As [`Told`], of itself.
#[derive(Debug)]
pub(crate) struct Kept {
    who: Who,
    said: Said,
    body: Bytes,
}

impl Kept {
    pub(crate) fn of(told: &Told<'_>) -> Kept {
        Kept { who: told.who.get().to_owned(), said: told.said, body: Bytes::copy_from_slice(told.body) }
    }

    pub(crate) fn told(&self) -> Told<'_> {
        Told { who: Whose::Known(&self.who), said: self.said, body: &self.body }
    }

    /// The envelope that it is.
    pub(crate) fn into_envelope(self) -> Envelope {
        let payload = Payload { body: self.body, parts: Vec::new() };
        self.who.envelope(self.said, payload).expect("a message has a handler")
    }
}

/// Where it goes and from whom, as it is known of the link, or as it lies with its sender.
#[derive(Clone, Copy, Debug)]
enum Whose<'a> {
    Known(&'a Who),
    Lent(&'a WhoRef<'a>),
}

impl<'a> Whose<'a> {
    fn get(self) -> WhoRef<'a> {
        match self {
            Whose::Known(Who { proc, at, sender, sender_at, target }) => {
                WhoRef { proc, at, sender, sender_at, target: *target }
            }
            Whose::Lent(who) => *who,
        }
    }
}

impl<'a> Told<'a> {
    /// What has come over a link, which knows already where it goes and from whom.
    pub(super) fn known(who: &'a Who, said: Said, body: &'a [u8]) -> Told<'a> {
        Told { who: Whose::Known(who), said, body }
    }

    /// What lies with its sender.
    pub(super) fn lent(who: &'a WhoRef<'a>, said: Said, body: &'a [u8]) -> Told<'a> {
        Told { who: Whose::Lent(who), said, body }
    }

    /// Whether it goes where `other` goes.
    pub fn goes_with(&self, other: &Told<'_>) -> bool {
        match (self.who, other.who) {
            (Whose::Known(one), Whose::Known(other)) if std::ptr::eq(one, other) => true,
            (one, other) => one.get().goes_with(&other.get()),
        }
    }

    /// The proc.
    pub fn proc(&self) -> &'a ProcId {
        self.who.get().proc
    }

    /// The handler that a message is for; `None` of a reply.
    pub fn handler(&self) -> Option<Target> {
        match self.said {
            Said::Tell | Said::Ask(_) => self.who.get().target,
            Said::Answer { .. } => None,
        }
    }

    /// Of a call: what it says, and where the reply goes.
    pub fn ask(&self) -> Option<(Ask, PortAddr)> {
        let Said::Ask(ask) = self.said else { return None };
        let WhoRef { sender, sender_at, .. } = self.who.get();
        let proc = ProcAddr { id: sender.proc.clone(), at: sender_at.clone() };
        Some((ask, PortAddr { proc, port: ask.port }))
    }

    /// Whether it is a call.
    pub fn is_ask(&self) -> bool {
        matches!(self.said, Said::Ask(_))
    }

    /// Who has sent it.
    pub fn sender(&self) -> &'a ActorId {
        self.who.get().sender
    }

    /// Of a reply: its port and slot.
    pub fn answer(&self) -> Option<(u64, u32)> {
        match self.said {
            Said::Answer { port, slot } => Some((port, slot)),
            Said::Tell | Said::Ask(_) => None,
        }
    }

    /// The arguments, or the value.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The envelope that it is.
    pub fn to_envelope(&self) -> Envelope {
        let payload = Payload { body: Bytes::copy_from_slice(self.body), parts: Vec::new() };
        self.who.get().to_owned().envelope(self.said, payload).expect("a message has a handler")
    }
}
